import { COLLECTING_STEP } from '../../model/collector-columns';
import { type Loss, type Refused, refuse } from './step-result';
import { isObject, unreadLosses, withoutNulls } from './values';

/** The step beside the one that configures the log agent: it only installs it. */
const INSTALL_PREFIX = 'main:';

/** The target makes a data id of its own. */
const CONTEXT_READ = ['local', 'dataid'];

export interface LocalConfig {
  readonly local: Readonly<Record<string, unknown>>;
  /** The field it stands in. */
  readonly at: string;
  readonly losses: readonly Loss[];
}

/**
 * What the log agent was told: `params.context.local[0]` of the step of that id, else of the first one, as every
 * `parse_steps` under `apps/log_databus/handlers/collector_scenario` has it. Older records hold `local` as an object.
 */
export function readLocal(steps: unknown): LocalConfig | Refused {
  if (steps === undefined || steps === null) return refuse('no_source_definition', 'steps', 'is missing');
  if (!Array.isArray(steps)) return refuse('malformed_definition', 'steps', 'is not a list');
  if (steps.length === 0) return refuse('no_source_definition', 'steps', 'is empty: the collector has no subscription');
  const own = steps.findIndex((step) => isObject(step) && step.id === COLLECTING_STEP);
  const index =
    own === -1
      ? Math.max(
          0,
          steps.findIndex((step) => !isInstall(step)),
        )
      : own;
  const at = `steps[${index}]`;
  const step: unknown = steps[index];
  if (!isObject(step)) return refuse('malformed_definition', at, 'is not an object');
  if (Object.keys(step).length === 0) {
    return refuse('no_source_definition', at, 'is empty: the collector has no subscription, or one that is not known');
  }
  const losses: Loss[] = steps.flatMap((other, i) =>
    i === index || isInstall(other) ? [] : [{ field: `steps[${i}]`, reason: 'a collector has one step' }],
  );
  if ((step.params ?? null) === null) {
    return Object.hasOwn(step, 'error')
      ? refuse('malformed_definition', `${at}.params`, 'could not be read when the collectors were exported')
      : refuse('no_source_definition', `${at}.params`, 'is missing');
  }
  return localOf(step.params, `${at}.params`, losses);
}

const isInstall = (step: unknown) =>
  isObject(step) && typeof step.id === 'string' && step.id.startsWith(INSTALL_PREFIX);

function localOf(params: unknown, at: string, losses: readonly Loss[]): LocalConfig | Refused {
  if (!isObject(params)) return refuse('malformed_definition', at, 'is not an object');
  const context = params.context ?? {};
  if (!isObject(context)) return refuse('malformed_definition', `${at}.context`, 'is not an object');
  const field = `${at}.context.local`;
  const isList = Array.isArray(context.local);
  const [local, ...others]: unknown[] = Array.isArray(context.local) ? context.local : [context.local];
  if ((local ?? null) === null) return refuse('no_source_definition', field, 'is missing');
  const place = isList ? `${field}[0]` : field;
  if (!isObject(local)) return refuse('malformed_definition', place, 'is not an object');
  if (Object.keys(local).length === 0) return refuse('no_source_definition', place, 'is empty');
  // BK-LOG writes one; of several it reads the first, and the hosts obey all of them.
  if (others.length > 0) return refuse('value_unsupported', `${field}[1]`, 'a collector of the target has one');
  const beside = [...unreadLosses(params, ['context'], at), ...unreadLosses(context, CONTEXT_READ, `${at}.context`)];
  return { local: withoutNulls(local), at: place, losses: [...losses, ...beside] };
}
