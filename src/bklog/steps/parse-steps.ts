import { parseKafka } from './kafka';
import { parseRedisSlowlog } from './redis-slowlog';
import { parseRow, parseSection } from './row-section';
import { isRefused, type Loss, type Refused, refuse, type ScenarioParams } from './step-result';
import { readLocal } from './subscription-step';
import { parseSyslog } from './syslog';
import { parseWineventlog } from './wineventlog';

type ParseLocal = (local: Readonly<Record<string, unknown>>, at: string) => ScenarioParams | Refused;

const SCENARIOS: Readonly<Record<string, ParseLocal>> = {
  row: parseRow,
  section: parseSection,
  wineventlog: parseWineventlog,
  redis_slowlog: parseRedisSlowlog,
  syslog: parseSyslog,
  kafka: parseKafka,
};
/** Of these the log agent reads files, so their encoding matters. */
const READS_FILES = ['row', 'section'];

/** What is known of a collector. Nothing of it is trusted. */
export interface SourceCollector {
  readonly scenario: unknown;
  readonly steps: unknown;
  /** Columns of `log_databus_collectorconfig`, where the export has them. */
  readonly definition?: Readonly<Record<string, unknown>>;
}

/** Parameters for a new collector of the target, and all that it will not have of the source. */
export interface ParsedSteps {
  readonly params: Readonly<Record<string, unknown>>;
  /** Goes beside the parameters: the target replaces `params.encoding` by its `data_encoding`. Absent: not known. */
  readonly dataEncoding?: string;
  readonly losses: readonly Loss[];
}

/**
 * Collector parameters out of the subscription step of a source collector, as `parse_steps` of BK-LOG makes them for each
 * scenario (`apps/log_databus/handlers/collector_scenario`). Other than there, a collector whose step is missing is
 * refused instead of created without paths.
 */
export function parseSteps({ scenario, steps, definition = {} }: SourceCollector): ParsedSteps | Refused {
  if (typeof scenario !== 'string' || scenario === '') {
    return refuse('malformed_definition', 'collector_scenario_id', 'is not text');
  }
  if (definition.environment === 'container') {
    return refuse('scenario_unsupported', 'environment', 'collectors of containers are created by another call');
  }
  // Reported by its own program: nothing on a host is told what to read.
  if (scenario === 'custom') return { params: {}, losses: [] };
  if (scenario === 'client') {
    return refuse(
      'scenario_unsupported',
      'collector_scenario_id',
      'the call that creates collectors knows no logs of clients',
    );
  }
  const parse = Object.hasOwn(SCENARIOS, scenario) ? SCENARIOS[scenario] : undefined;
  if (!parse) return refuse('scenario_unsupported', 'collector_scenario_id', `no such scenario is known: ${scenario}`);
  const source = readLocal(steps);
  if (isRefused(source)) return source;
  const parsed = parse(source.local, source.at);
  if (isRefused(parsed)) return parsed;
  const encoding = encodingOf(parsed.params, definition, `${source.at}.encoding`, READS_FILES.includes(scenario));
  return {
    params: parsed.params,
    ...encoding.known,
    losses: [...source.losses, ...parsed.losses, ...encoding.losses],
  };
}

/** What the hosts were told goes before what the definition says. The target's list of encodings is in capitals. */
function encodingOf(
  params: Readonly<Record<string, unknown>>,
  definition: Readonly<Record<string, unknown>>,
  at: string,
  isNeeded: boolean,
) {
  const known = [params.encoding, definition.data_encoding].find((value) => typeof value === 'string' && value !== '');
  if (typeof known === 'string') return { known: { dataEncoding: known.toUpperCase() }, losses: [] };
  const losses: Loss[] = isNeeded ? [{ field: at, reason: 'is not known; the target takes UTF-8' }] : [];
  return { known: {}, losses };
}
