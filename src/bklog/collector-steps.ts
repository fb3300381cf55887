import { rowParams, sectionParams } from './steps/log-file';
import { kafkaParams, redisParams, syslogParams } from './steps/servers';
import { type CollectorParams, localOf, StepRefusal } from './steps/step-local';
import { wineventlogParams } from './steps/wineventlog';

export type { CollectorParams } from './steps/step-local';

/** What becomes of a collector's steps: parameters for the target, or why there are none. */
export type StepVerdict = CollectorParams | { readonly refusal: string };

const PARSERS: Readonly<Record<string, (local: Record<string, unknown>) => CollectorParams>> = {
  row: rowParams,
  section: sectionParams,
  wineventlog: wineventlogParams,
  redis_slowlog: redisParams,
  syslog: syslogParams,
  kafka: kafkaParams,
};

/**
 * Turns the subscription steps of an exported collector into the `params` of `fast_create`, by its scenario (bklog
 * `collector_scenario/*.py`, `parse_steps`). What the target cannot say is a loss; where it would collect something else
 * than the source, the collector is refused. Never throws.
 */
export function collectorParams(scenario: string, steps: unknown): StepVerdict {
  // Reported by its own program: there is nothing on a host to configure.
  if (scenario === 'custom') return { params: {}, losses: [] };
  const parse = Object.hasOwn(PARSERS, scenario) ? PARSERS[scenario] : undefined;
  if (!parse)
    return { refusal: `collectors of scenario ${JSON.stringify(scenario)} cannot be created through the API` };
  try {
    return parse(localOf(steps));
  } catch (error) {
    if (error instanceof StepRefusal) return { refusal: error.message };
    throw error;
  }
}
