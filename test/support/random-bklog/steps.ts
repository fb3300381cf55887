import type { Chance } from '../chance';
import { type Json, NOT_JSON, ODD_NUMBERS, randomStyle, toJsonText } from './json-text';
import type { Oddity } from './oddity';
import { type Row, TEXTS } from './words';

export const SCENARIOS = [
  'row',
  'section',
  'wineventlog',
  'custom',
  'redis_slowlog',
  'syslog',
  'kafka',
  'client',
] as const;
export type Scenario = (typeof SCENARIOS)[number];

const TEMPLATES: Partial<Record<Scenario, string>> = {
  wineventlog: 'bkunifylogbeat_winlog.conf',
  redis_slowlog: 'bkunifylogbeat_redis_slowlog.conf',
  kafka: 'bkunifylogbeat_kafka.conf',
  syslog: 'bkunifylogbeat_syslog.conf',
};
const OPERATORS = ['=', 'eq', 'neq', 'include', 'exclude', 'regex', 'nregex'] as const;
const MAIN_PARAMS = '{"context": {}}';

type Fields = Record<string, Json>;
/** What a shape tells of itself while it is made. */
type Note = (oddity: Oddity) => void;

/** 2.3: an OR-list of AND-lists; "-1" is the whole line. */
function filters(chance: Chance, note: Note): Json {
  const isWholeLine = chance.is(0.4);
  const hasIntegers = chance.is(0.1);
  return Array.from({ length: chance.pick([0, 1, 1, 2, 3]) }, (_, group) => ({
    conditions: Array.from({ length: chance.pick([0, 1, 1, 2]) }, (_, place) => {
      const position = isWholeLine && group === 0 && place === 0 ? -1 : chance.int(1, 12);
      if (hasIntegers && position === -1) note('step-line-index-integer');
      const isUnequal = chance.is(0.05);
      if (isUnequal) note('step-operator-not-equal');
      return {
        index: hasIntegers ? position : String(position),
        key: chance.pick([...TEXTS, 'ERROR', '']),
        op: isUnequal ? '!=' : chance.pick(OPERATORS),
      };
    }),
  }));
}

function fileFields(chance: Chance, note: Note): Fields {
  const limits: Fields = {
    encoding: chance.pick(['UTF-8', 'GBK', 'utf-8', 'GB18030']),
    tail_files: chance.is(0.8),
    ignore_older: chance.pick<Json>([2_678_400, 86_400, ...ODD_NUMBERS]),
    max_bytes: chance.pick<Json>([204_800, ...ODD_NUMBERS]),
    package_count: 100,
    delimiter: chance.pick(['|', '', '\t', ',', '||', ' ', '中']),
    clean_inactive: 2_678_401,
    harvester_limit: chance.pick<Json>([1000, null]),
    scan_frequency: 10,
    close_inactive: 300,
    labels: chance.pick<Json>([[], [{ 标签: TEXTS[3] }], { ['__proto__']: 1, constructor: '' }]),
    ext_meta: chance.pick<Json>([null, {}, { 'a.b': [[], {}, [null]], '': ODD_NUMBERS[0]! }]),
    output: { type: 'kafka', weight: chance.pick(ODD_NUMBERS) },
  };
  const optional = Object.keys(limits);
  const kept = new Set(chance.some(optional, chance.int(4, optional.length)));
  return {
    ...(chance.is(0.9) ? { filters: filters(chance, note) } : {}),
    paths: chance.some(
      ['/data/logs/access.log', '/data/日志/*.log', 'C:\\logs\\app.log', '', '/a b/[x].log'],
      chance.int(0, 3),
    ),
    ...(chance.is(0.8) ? { exclude_files: chance.some(['/data/logs/old.log', '.*\\.gz$'], chance.int(0, 2)) } : {}),
    ...Object.fromEntries(Object.entries(limits).filter(([name]) => kept.has(name))),
  };
}

/** 2.3, 3.6: what `local[0]` holds. */
function localFields(chance: Chance, scenario: Scenario, note: Note): Fields {
  switch (scenario) {
    case 'section': {
      const lines: Fields = { multiline_pattern: '^\\[\\d{4}', multiline_max_lines: 50, multiline_timeout: 2 };
      const isWhole = chance.is(0.9);
      if (!isWhole) {
        note('step-lines-missing');
        delete lines[chance.pick(Object.keys(lines))];
      }
      return { ...lines, ...fileFields(chance, note) };
    }
    case 'wineventlog': {
      const level = chance.pick(['error,warning', '', 'information']);
      const events = chance.some(['Application', 'Security', 'System', '自定义'], chance.int(0, 3));
      return {
        event_logs: events.map((name) => ({ name, level, event_id: chance.pick(['1000,-1026', '', '7']) })),
        ...(chance.is(0.8) ? { provider_name: chance.some(['Microsoft-Windows-Security-Auditing', 'x'], 1) } : {}),
        filters: filters(chance, note),
        delimiter: '|',
      };
    }
    case 'redis_slowlog':
      return { hosts: chance.some(['10.0.0.1:6379', 'redis:6379'], 2), password: "p'w", password_file: '' };
    case 'syslog':
      return {
        protocol: chance.pick(['udp', 'tcp']),
        host: chance.pick(['0.0.0.0:514', '{{ cmdb_instance.host.bk_host_innerip }}:1514']),
        syslog_filters: Array.from({ length: chance.int(0, 2) }, () => ({
          conditions: Array.from({ length: chance.int(1, 2) }, () => ({
            key: chance.pick(['address', 'facility', '']),
            op: chance.pick(OPERATORS),
            value: chance.pick(TEXTS),
          })),
        })),
      };
    case 'kafka': {
      const lists: Fields = {
        hosts: chance.some(['127.0.0.1:9092', 'kafka:9092'], 2),
        topics: ['日志', 'app'],
        ssl: chance.pick<Json>([{}, { enabled: true, verification_mode: 'none' }]),
      };
      const areTexts = chance.is(0.8);
      if (!areTexts) note('step-kafka-lists');
      return {
        ...(areTexts
          ? Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, toJsonText(list)]))
          : lists),
        username: chance.pick(['', 'user']),
        password: '',
        group_id: chance.pick(['', 'g']),
        initial_offset: chance.pick(['oldest', 'newest']),
        filters: filters(chance, note),
        delimiter: '|',
      };
    }
    default:
      return fileFields(chance, note);
  }
}

/** Every place where 3.6 falls back. */
function contextOf(chance: Chance, scenario: Scenario, dataId: number, note: Note): Json {
  const fields = localFields(chance, scenario, note);
  const dataid = chance.is(0.9) ? dataId : chance.pick(ODD_NUMBERS);
  if (chance.is(0.8)) return { dataid, local: [fields] };
  const odd = chance.pick([
    'step-local-missing',
    'step-local-empty',
    'step-local-object',
    'step-several-locals',
  ] as const);
  note(odd);
  if (odd === 'step-local-missing') return { dataid };
  if (odd === 'step-local-empty') return { dataid, local: [] };
  if (odd === 'step-local-object') return { dataid, local: fields };
  return { dataid, local: [fields, { paths: ['/second'] }] };
}

function paramsText(chance: Chance, scenario: Scenario, dataId: number, isText: boolean, note: Note): string | null {
  if (isText && chance.is(0.08)) {
    const isNull = chance.is(0.3);
    note(isNull ? 'step-params-null' : 'step-params-not-json');
    return isNull ? null : chance.pick(NOT_JSON);
  }
  if (chance.is(0.04)) {
    note('step-params-not-object');
    return chance.pick(['null', '[]', '"text"', '1.0', 'true', ' {}', '{"context": null}', '{"context": []}']);
  }
  if (chance.is(0.04)) {
    note('step-context-missing');
    return toJsonText({ other: chance.pick(ODD_NUMBERS), 上下文: [] }, randomStyle(chance));
  }
  const context = contextOf(chance, scenario, dataId, note);
  const extra: Fields = chance.is(0.2) ? { odd: [...ODD_NUMBERS], 'key "x"': chance.pick(TEXTS) } : {};
  return toJsonText({ ...extra, context }, randomStyle(chance));
}

export interface SubscriptionOptions {
  readonly subscriptionId: number;
  readonly scenario: Scenario;
  readonly dataId: number;
  /** The column is LONGTEXT and may be anything: as node manager made it in the past. */
  readonly isTextColumn: boolean;
  /** No step of the collector's own: only the one that installs the plugin. */
  readonly isMainOnly: boolean;
  readonly newId: () => number;
  readonly note: (stepId: number, oddity: Oddity) => void;
}

/** 2.3: the plugin's step and the collector's; syslog has only its own. */
export function subscriptionSteps(chance: Chance, options: SubscriptionOptions): Row[] {
  const { subscriptionId, scenario, dataId, isTextColumn, isMainOnly, newId, note } = options;
  const step = (index: number, stepId: string, template: string, params: (id: number) => string | null): Row => {
    const id = newId();
    return {
      id,
      subscription_id: subscriptionId,
      index,
      step_id: stepId,
      type: 'PLUGIN',
      config: toJsonText({
        plugin_name: 'bkunifylogbeat',
        plugin_version: 'latest',
        config_templates: [{ name: template, version: 'latest' }],
      }),
      params: params(id),
    };
  };
  const main = step(0, 'main:bkunifylogbeat', 'bkunifylogbeat.conf', () => MAIN_PARAMS);
  if (isMainOnly) return [main];
  const own = step(1, 'bkunifylogbeat', TEMPLATES[scenario] ?? 'bkunifylogbeat.conf', (id) =>
    paramsText(chance, scenario, dataId, isTextColumn, (oddity) => note(id, oddity)),
  );
  if (scenario === 'syslog') return [own];
  return chance.is(0.9) ? [main, own] : [own, main];
}
