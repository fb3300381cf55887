import { z } from 'zod';
import { choice, flag, integer, invalid, list, text, validated } from './serializer-fields';

/** 4.3. */
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
const MATCH_OPS = ['include', 'exclude', 'eq', 'neq', 'regex', 'nregex'] as const;
const ENCODINGS =
  'UTF-8 GBK GB18030 HZ-GB-2312 BIG5 EUC-KR EUC-JP ISO-2022-JP SHIFT-JIS ISO8859-1 ISO8859-15 KOI8R UTF-16LE-BOM WINDOWS1252'.split(
    ' ',
  );
export const englishName = () => text({ min: 5, max: 50, pattern: /^[A-Za-z0-9_]+$/ });

const textList = () => list(text({ max: 255, blank: true }));

const targetNode = z.object({
  id: integer().optional(),
  bk_inst_id: z.unknown().optional(),
  bk_obj_id: text({ max: 64 }).optional(),
  bk_host_id: integer().optional(),
  ip: text({ max: 15 }).optional(),
  bk_cloud_id: integer().optional(),
  bk_supplier_id: text().optional(),
  bk_biz_id: integer().optional(),
});

const conditions = z.object({
  type: choice(['match', 'separator', 'none']),
  match_type: choice(MATCH_OPS).optional(),
  match_content: text({ max: 255, blank: true }).nullable().optional(),
  separator: text({ blank: true, keepBlanks: true }).nullable().optional(),
  separator_filters: list(z.object({ fieldindex: text(), word: text(), op: text(), logic_op: text() })).optional(),
});

/** 3.7, 4.3: unknown keys are dropped, `encoding` among them. */
const params = z.object({
  paths: textList().optional(),
  exclude_files: textList().default([]),
  conditions: conditions.optional(),
  multiline_pattern: text({ blank: true }).optional(),
  multiline_max_lines: integer({ max: 5000 }).optional(),
  multiline_timeout: integer({ max: 10 }).optional(),
  tail_files: flag().default(true),
  ignore_older: integer().default(86_400),
  max_bytes: integer().default(204_800),
  scan_frequency: integer({ min: 1 }).optional(),
  close_inactive: integer({ min: 1 }).optional(),
  harvester_limit: integer({ min: 1 }).optional(),
  clean_inactive: integer({ min: 1 }).optional(),
  winlog_name: textList().optional(),
  winlog_level: textList().optional(),
  winlog_event_id: textList().optional(),
  winlog_source: textList().optional(),
  winlog_content: textList().optional(),
  winlog_match_op: choice([...MATCH_OPS, '']).optional(),
  redis_hosts: textList().default([]),
  redis_password: text({ blank: true }).default(''),
  redis_password_file: text({ blank: true }).default(''),
  extra_labels: list(z.record(z.string(), z.unknown())).optional(),
  extra_template_labels: list(z.record(z.string(), z.unknown())).optional(),
  syslog_protocol: choice(['tcp', 'udp', '']).default(''),
  syslog_port: integer().nullable().default(null),
  syslog_monitor_host: text({ blank: true }).default(''),
  syslog_conditions: list(
    z.object({
      syslog_field: text({ blank: true }).nullable().optional(),
      syslog_content: text({ blank: true }).nullable().optional(),
      syslog_op: text({ blank: true }).nullable().optional(),
      syslog_logic_op: text({ blank: true }).nullable().optional(),
    }),
  ).default([]),
  kafka_hosts: textList().default([]),
  kafka_topics: textList().default([]),
  kafka_username: text({ blank: true }).default(''),
  kafka_password: text({ blank: true }).default(''),
  kafka_group_id: text({ blank: true }).default(''),
  kafka_initial_offset: choice(['oldest', 'newest', '']).default(''),
  kafka_ssl_params: z.record(z.string(), z.unknown()).default({}),
});

const etlField = z.looseObject({
  field_name: text().optional(),
  field_index: integer().nullable().optional(),
  is_time: flag().default(false),
  is_delete: flag().default(false),
  is_built_in: flag().default(false),
});

const bodySchema = z.object({
  bk_biz_id: integer(),
  collector_config_name: text({ max: 50 }),
  collector_config_name_en: englishName(),
  collector_scenario_id: choice(SCENARIOS),
  category_id: text().default('application_check'),
  target_object_type: choice(['HOST', 'SERVICE']),
  target_node_type: choice(['TOPO', 'INSTANCE', 'SERVICE_TEMPLATE', 'SET_TEMPLATE', 'DYNAMIC_GROUP']),
  target_nodes: list(targetNode),
  data_encoding: choice(ENCODINGS).default('UTF-8'),
  description: text({ max: 64, blank: true }).nullable().optional(),
  // "container" selects another body, which is not modelled here.
  environment: choice(['linux', 'windows']).default('linux'),
  data_link_id: text({ blank: true }).nullable().optional(),
  params,
  etl_config: choice(['bk_log_text', 'bk_log_json', 'bk_log_delimiter', 'bk_log_regexp', 'custom']).default(
    'bk_log_text',
  ),
  etl_params: z.record(z.string(), z.unknown()).default({}),
  fields: list(etlField).default([]),
  storage_cluster_id: integer().optional(),
  retention: integer().default(7),
  allocation_min_days: integer().default(0),
  storage_replies: integer({ min: 0 }).default(1),
  es_shards: integer({ min: 1 }).default(3),
  parent_index_set_ids: list(integer()).optional(),
  parent_index_set_names: list(text()).optional(),
  is_platform_index: flag().optional(),
  platform_index_visibility: z.unknown().optional(),
  platform_index_filter: z.unknown().optional(),
});
export type CollectorBody = z.output<typeof bodySchema>;

const REQUIRED_PARAMS: Partial<Record<CollectorBody['collector_scenario_id'], readonly (keyof typeof params.shape)[]>> =
  {
    section: ['multiline_pattern', 'multiline_max_lines', 'multiline_timeout'],
    wineventlog: ['winlog_name'],
  };

/** 4.3, FastCollectorCreateSerializer. A field that is wrong alone is 3600400, one that is wrong beside another 3600001. */
export function readCollectorBody(input: unknown): CollectorBody {
  const body = validated(bodySchema, input);
  for (const name of REQUIRED_PARAMS[body.collector_scenario_id] ?? []) {
    if (body.params[name] === undefined) invalid(`${name} is required`);
  }
  if (body.params.exclude_files.length > 0 && !body.params.paths?.length) invalid('exclude_files needs paths');
  const { conditions: filter } = body.params;
  if (filter?.type === 'separator' && filter.separator_filters?.length && !filter.separator) {
    invalid('the separator must not be empty');
  }
  if (['bk_log_json', 'bk_log_delimiter', 'bk_log_regexp'].includes(body.etl_config)) assertFields(body);
  assertPlacement(body);
  return { ...body, fields: body.fields.filter(({ is_built_in }) => !is_built_in) };
}

function assertFields({ etl_config, fields }: CollectorBody): void {
  const own = fields.filter(({ is_built_in }) => !is_built_in);
  if (etl_config === 'bk_log_delimiter' && own.some(({ field_index }) => field_index === undefined)) {
    invalid('the delimiter needs a field_index for every field');
  }
  if (own.filter(({ is_time }) => is_time).length > 1) invalid('only one time field is possible');
  if (own.every(({ is_delete }) => is_delete)) invalid('cleaning needs at least one valid field');
}

function assertPlacement(body: CollectorBody): void {
  if (body.parent_index_set_ids && body.parent_index_set_names) {
    invalid('parent_index_set_ids and parent_index_set_names exclude each other');
  }
  const platform = [body.is_platform_index, body.platform_index_visibility, body.platform_index_filter];
  const given = platform.filter((value) => value !== undefined).length;
  if (given !== 0 && given !== platform.length) invalid('the three platform index fields go together');
}
