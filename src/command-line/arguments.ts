import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { parseRowFilter, RESTORE_POLICIES } from '../model/restore-options';
import { retentionPolicySchema } from '../model/retention-policy';
import { VERIFY_LEVELS } from '../model/verification';
import { toLocation } from './location-url';

/** A command line that cannot be understood: exit status 64. */
export class UsageError extends Error {}

const OPTIONS = {
  config: { type: 'string' },
  section: { type: 'string', multiple: true },
  tables: { type: 'string' },
  'all-tables': { type: 'boolean' },
  location: { type: 'string' },
  name: { type: 'string' },
  app: { type: 'string' },
  parallel: { type: 'string' },
  level: { type: 'string' },
  'keep-days': { type: 'string' },
  'failed-days': { type: 'string' },
  'keep-last': { type: 'string' },
  'keep-daily': { type: 'string' },
  'keep-weekly': { type: 'string' },
  'keep-monthly': { type: 'string' },
  'dry-run': { type: 'boolean' },
  apply: { type: 'boolean' },
  folder: { type: 'string' },
  'require-mount': { type: 'boolean' },
  'accept-missing': { type: 'boolean' },
  rules: { type: 'string' },
  accept: { type: 'boolean' },
  diff: { type: 'boolean' },
  plan: { type: 'string' },
  policy: { type: 'string' },
  databases: { type: 'string' },
  where: { type: 'string' },
  undo: { type: 'string' },
  discard: { type: 'string' },
  database: { type: 'string' },
  'drop-definers': { type: 'boolean' },
  patience: { type: 'string' },
  out: { type: 'string' },
  contents: { type: 'string' },
  env: { type: 'string', short: 'e' },
  bk_biz_id: { type: 'string', short: 'b' },
  collector_config_data: { type: 'string', short: 'c' },
  collector_config_id_list: { type: 'string' },
  index_set_data: { type: 'string', short: 'i' },
  index_set_id_list: { type: 'string' },
  mysql_host: { type: 'string' },
  mysql_port: { type: 'string' },
  mysql_user: { type: 'string' },
  mysql_db: { type: 'string' },
  env_offset_table: { type: 'string' },
  env_biz_map_table: { type: 'string' },
  bk_log_search_resource_mapping_table: { type: 'string' },
  storage_cluster_id: { type: 'string', short: 's' },
  api: { type: 'string' },
  map: { type: 'string' },
  clusters: { type: 'string' },
  rate: { type: 'string' },
  concurrency: { type: 'string' },
  confirm: { type: 'string' },
  'retry-failed': { type: 'boolean' },
  'time-zone': { type: 'string' },
  work: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;
type OptionName = keyof typeof OPTIONS;

const COMMON: readonly OptionName[] = ['json', 'work', 'time-zone'];
const ACCEPTED: Readonly<Record<string, readonly OptionName[]>> = {
  backup: [
    'config',
    'section',
    'tables',
    'all-tables',
    'location',
    'name',
    'app',
    'parallel',
    'level',
    'contents',
    ...COMMON,
  ],
  export: ['config', 'out', ...COMMON],
  migrate: [
    ...(['env', 'bk_biz_id', 'collector_config_data', 'collector_config_id_list', 'index_set_data'] as const),
    ...(['index_set_id_list', 'mysql_host', 'mysql_port', 'mysql_user', 'mysql_db', 'env_offset_table'] as const),
    ...(['env_biz_map_table', 'bk_log_search_resource_mapping_table', 'storage_cluster_id', 'api', 'map'] as const),
    ...(['clusters', 'concurrency', 'confirm', 'retry-failed', 'dry-run', 'undo', 'rate'] as const),
    ...COMMON,
  ],
  list: ['location', ...COMMON],
  verify: ['location', 'level', 'config', 'section', 'rules', 'accept', ...COMMON],
  restore: [
    ...(['location', 'config', 'section', 'database', 'databases', 'tables', 'where', 'policy', 'map'] as const),
    ...(['drop-definers', 'dry-run', 'diff', 'plan', 'undo', 'discard', 'patience'] as const),
    ...COMMON,
  ],
  prune: [
    ...(['location', 'dry-run', 'keep-days', 'failed-days', 'keep-last'] as const),
    ...(['keep-daily', 'keep-weekly', 'keep-monthly'] as const),
    ...COMMON,
  ],
  'clean-exports': [
    ...(['config', 'section', 'folder', 'keep-days', 'require-mount', 'accept-missing', 'apply'] as const),
    ...COMMON,
  ],
};

const wholeNumber = (low: number, high: number) =>
  z
    .string()
    .regex(/^\d+$/, 'is not a whole number')
    .transform(Number)
    .pipe(z.number().min(low, `is below ${low}`).max(high, `is above ${high}`));

const timeZone = z.string().refine(isTimeZone, 'is not a time zone such as Asia/Shanghai');
const common = {
  json: z.boolean().default(false),
  timeZone: timeZone.default(() => Intl.DateTimeFormat().resolvedOptions().timeZone),
  work: z
    .string()
    .default(() => join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'bklog-backup')),
};
const CONTENTS = ['tables', 'collectors'];
const commaList = z.string().transform((list) => list.split(',').filter(Boolean));
const location = z.string({ error: 'is missing' }).transform((url, context) => toLocation(url, context));

const idList = z
  .string()
  .regex(/^\d+(,\d+)*,?$/, 'is a list of ids such as 1,2')
  .transform((list) => list.split(',').filter(Boolean).map(Number));

/** The parameters of migrate_tool, by their names, and what it did not have. */
const migrateSchema = z
  .object({
    command: z.literal('migrate'),
    ...common,
    env: z.string({ error: 'is missing' }).min(1, 'is empty'),
    bk_biz_id: z
      .string()
      .regex(/^-?\d+$/, 'is not a whole number')
      .transform(Number)
      .default(0),
    collector_config_data: z.string().optional(),
    collector_config_id_list: idList.optional(),
    index_set_data: z.string().optional(),
    index_set_id_list: idList.optional(),
    mysql_host: z.string().default('127.0.0.1'),
    mysql_port: wholeNumber(1, 65_535).default(3306),
    mysql_user: z.string().default('root'),
    mysql_db: z.string().default('sg_migration'),
    env_offset_table: z.string().default('cc_EnvIDOffset'),
    env_biz_map_table: z.string().default('cc_EnvBizMap'),
    bk_log_search_resource_mapping_table: z.string().default('bk_log_search_resource_mapping'),
    storage_cluster_id: wholeNumber(0, 2_147_483_647).default(0),
    api: z.string({ error: 'is missing' }),
    map: z.string().optional(),
    clusters: z
      .string()
      .regex(/^(\d+|\*)=\d+(,(\d+|\*)=\d+)*$/, 'is a list such as 15=4,*=6')
      .transform((list) => Object.fromEntries(list.split(',').map((pair) => pair.split('='))))
      .pipe(z.record(z.string(), z.coerce.number().int().positive()))
      .default({}),
    concurrency: wholeNumber(1, 64).default(4),
    rate: wholeNumber(1, 1000).optional(),
    confirm: z.string().optional(),
    undo: z.string().min(1, 'names no run').optional(),
    retryFailed: z.boolean().default(false),
    dryRun: z.boolean().default(false),
  })
  .refine(({ undo, collector_config_data, index_set_data }) => undo ?? collector_config_data ?? index_set_data, {
    path: ['collector_config_data'],
    message: 'or --index_set_data is needed',
  });

const commandSchema = z.discriminatedUnion('command', [
  z
    .object({
      command: z.literal('backup'),
      ...common,
      config: z.string({ error: 'is missing' }),
      section: z.array(z.string()).optional(),
      tables: commaList.optional(),
      allTables: z.boolean().default(false),
      contents: commaList
        .refine(
          (list) => list.length > 0 && list.every((item) => CONTENTS.includes(item)),
          `is a list of ${CONTENTS.join(', ')}`,
        )
        .default(['tables']),
      location,
      name: z.string().default('core'),
      app: z.string().default('bk_log_search'),
      parallel: wholeNumber(1, 32).optional(),
      level: wholeNumber(1, 9).optional(),
    })
    .refine(({ tables, allTables }) => !(tables && allTables), {
      path: ['tables'],
      message: 'and --all-tables exclude each other',
    })
    .refine(
      ({ tables, allTables, section, contents }) => contents.includes('tables') || !(tables || allTables || section),
      {
        path: ['contents'],
        message: 'has no tables: leave --section, --tables and --all-tables out',
      },
    ),
  z.object({
    command: z.literal('export'),
    ...common,
    config: z.string({ error: 'is missing' }),
    out: z.string().min(1, 'is empty').default('.'),
  }),
  migrateSchema,
  z.object({ command: z.literal('list'), ...common, location }),
  z
    .object({
      command: z.literal('verify'),
      ...common,
      subject: z.string({ error: 'needs one SET or FILE' }),
      location: location.optional(),
      config: z.string().optional(),
      section: z.array(z.string()).length(1, 'names one section').optional(),
      level: z.enum(VERIFY_LEVELS, { error: `is one of ${VERIFY_LEVELS.join(', ')}` }).default('intact'),
      rules: z
        .string()
        .min(1, 'is empty')
        .transform((path) => resolve(path))
        .optional(),
      accept: z.boolean().default(false),
    })
    .refine(({ rules, location }) => !rules || location, { path: ['rules'], message: 'needs a SET and its --location' })
    .refine(({ accept, location }) => !accept || location, {
      path: ['accept'],
      message: 'needs a SET and its --location',
    }),
  z
    .object({
      command: z.literal('restore'),
      ...common,
      subject: z.string().optional(),
      location: location.optional(),
      config: z.string({ error: 'is missing' }),
      section: z.array(z.string()).length(1, 'names one section').optional(),
      policy: z.enum(RESTORE_POLICIES, { error: `is one of ${RESTORE_POLICIES.join(', ')}` }).optional(),
      database: z.string().min(1, 'is empty').optional(),
      databases: commaList.optional(),
      tables: commaList.optional(),
      where: z.string().transform(toRowFilter).optional(),
      map: z.string().min(1, 'is empty').optional(),
      dropDefiners: z.boolean().default(false),
      patience: wholeNumber(1, 86_400).default(60),
      dryRun: z.boolean().default(false),
      diff: z.boolean().default(false),
      plan: z.string().optional(),
      undo: z.string().optional(),
      discard: z.string().optional(),
    })
    .superRefine((command, context) => {
      const ways = [command.subject, command.plan, command.undo, command.discard].filter((way) => way !== undefined);
      if (ways.length !== 1) context.addIssue('needs one of SET, --plan FILE, --undo SET and --discard SET');
      const needsLocation = command.subject !== undefined || command.plan !== undefined;
      if (needsLocation && !command.location)
        context.addIssue({ code: 'custom', path: ['location'], message: 'is missing' });
      if (command.diff && !command.dryRun)
        context.addIssue({ code: 'custom', path: ['diff'], message: 'needs --dry-run' });
      const chosen = (['policy', 'database', 'databases', 'tables', 'where', 'map'] as const).find(
        (name) => command[name],
      );
      if (chosen && command.subject === undefined) {
        context.addIssue({ code: 'custom', path: [chosen], message: 'goes with SET; a plan has its own' });
      }
      if (command.map !== undefined && command.policy !== 'skip' && command.policy !== 'fail') {
        context.addIssue({ code: 'custom', path: ['map'], message: 'needs --policy skip or --policy fail' });
      }
    }),
  z.object({
    command: z.literal('prune'),
    ...common,
    location,
    dryRun: z.boolean().default(false),
    retention: z
      .object({
        keepDays: wholeNumber(0, 100_000).optional(),
        failedDays: wholeNumber(0, 100_000).optional(),
        keepLast: wholeNumber(0, 100_000).optional(),
        keepDaily: wholeNumber(0, 100_000).optional(),
        keepWeekly: wholeNumber(0, 100_000).optional(),
        keepMonthly: wholeNumber(0, 100_000).optional(),
        timeZone: timeZone.optional(),
      })
      .transform((policy) => retentionPolicySchema.parse(policy)),
  }),
  z.object({
    command: z.literal('clean-exports'),
    ...common,
    config: z.string({ error: 'is missing' }),
    section: z.array(z.string()).length(1, 'names one section').default(['bk_log_search']),
    folder: z
      .string({ error: 'is missing' })
      .min(1, 'is empty')
      .transform((path) => resolve(path)),
    keepDays: wholeNumber(1, 100_000).default(2),
    requireMount: z.boolean().default(false),
    acceptMissing: z.boolean().default(false),
    apply: z.boolean().default(false),
  }),
]);
export type Command = z.infer<typeof commandSchema>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function toRowFilter(text: string, context: z.RefinementCtx): { column: string; value: string } {
  const filter = parseRowFilter(text);
  if (filter) return filter;
  context.addIssue('is not of the form "column = value"');
  return z.NEVER;
}

const camel = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Reads a command line, or throws a UsageError that names the option. */
export function parseCommandLine(argv: readonly string[]): Command | 'help' | 'version' {
  let parsed: ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help) return 'help';
  if (values.version) return 'version';
  const [command, subject, ...rest] = positionals;
  if (!command) throw new UsageError(`no command: ${Object.keys(ACCEPTED).join(', ')}`);
  const accepted = ACCEPTED[command];
  if (!accepted) throw new UsageError(`no command "${command}": ${Object.keys(ACCEPTED).join(', ')}`);
  const foreign = Object.keys(values).find((name) => !accepted.includes(name as OptionName));
  if (foreign) throw new UsageError(`${command} does not take --${foreign}`);
  const extra = command === 'verify' || command === 'restore' ? rest[0] : subject;
  if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many`);
  const fields = Object.fromEntries(Object.entries(values).map(([name, value]) => [camel(name), value]));
  const result = commandSchema.safeParse({ command, subject, ...fields, retention: fields });
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = String(issue.path.at(-1) ?? '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(`${command}: ${field === 'subject' ? '' : `--${field} `}${issue.message}`);
}
