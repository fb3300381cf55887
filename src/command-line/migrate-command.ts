import { resolve } from 'node:path';
import { OperationError } from '../errors/operation-error';
import { type ApiSettings, apiSettingsSchema } from '../model/api-settings';
import { connectionSettingsSchema } from '../model/connection-settings';
import { parseOrRefuse } from '../model/parse';
import { carryOut } from '../operations/carry-out';
import type { MappingTable, MigrateResult } from '../operations/contract';
import type { IdMapSource } from '../operations/id-map-source';
import { type CommandOf, type CommandResult, type CommandRun, surroundings } from './command-run';

/** Secrets come from the environment: what stands on a command line everybody on the machine can read. */
const SECRETS = {
  appCode: 'BKLOG_APP_CODE',
  appSecret: 'BKLOG_APP_SECRET',
  accessToken: 'BKLOG_ACCESS_TOKEN',
  user: 'BKLOG_USER',
  tenant: 'BKLOG_TENANT',
} as const;

export async function migrateDocuments(command: CommandOf<'migrate'>, run: CommandRun): Promise<CommandResult> {
  const around = surroundings(command);
  if (command.undo !== undefined) return await undoRun(command, command.undo, run);
  const { collector_config_data: collectors, index_set_data: indexSets } = command;
  const result = await carryOut(
    'migrate',
    {
      ...around,
      documents: {
        ...(collectors === undefined ? {} : { collectors: resolve(collectors) }),
        ...(indexSets === undefined ? {} : { indexSets: resolve(indexSets) }),
        idMap: idMapOf(command),
      },
      filter: {
        ...(command.bk_biz_id === 0 ? {} : { business: command.bk_biz_id }),
        ...(command.collector_config_id_list ? { collectorIds: command.collector_config_id_list } : {}),
        ...(command.index_set_id_list ? { indexSetIds: command.index_set_id_list } : {}),
      },
      clusterMap: command.clusters,
      ...(command.storage_cluster_id === 0 ? {} : { storageCluster: command.storage_cluster_id }),
      api: apiSettings(command),
      mapping: mappingTable(command),
      retryFailed: command.retryFailed,
      dryRun: command.dryRun,
      ...(command.confirm === undefined ? {} : { confirm: command.confirm }),
    },
    run.signal,
    run.onProgress,
  );
  const { plan, dryRun, created, findings } = result;
  const { failed, conflict, unmapped, refused } = plan.counts;
  const hasFindings = findings.length > 0 || (dryRun && failed + conflict + unmapped + refused > 0);
  const outcome = hasFindings ? 'completed-with-findings' : 'completed';
  return {
    hasFindings,
    report: { runId: around.runId, operation: 'migrate', outcome, dryRun, created, plan, findings },
    text: toText(result, around.runId).join('\n'),
  };
}

async function undoRun(command: CommandOf<'migrate'>, undo: string, run: CommandRun): Promise<CommandResult> {
  const around = surroundings(command);
  const { env: environment, dryRun, confirm } = command;
  const request = {
    ...around,
    environment,
    run: undo,
    api: apiSettings(command),
    mapping: mappingTable(command),
    dryRun,
  };
  const result = await carryOut(
    'undoMigration',
    confirm === undefined ? request : { ...request, confirm },
    run.signal,
    run.onProgress,
  );
  const { plan, removed, findings } = result;
  const kept = plan.items.filter(({ action }) => action === 'kept').length;
  const hasFindings = findings.length > 0 || kept > 0;
  const lines = plan.items.map(({ action, kind, originId, name, targetId, reason }) => {
    return `  ${action.padEnd(6)} ${kind} ${originId} ${name}${targetId ? ` (${targetId} in the target)` : ''}: ${reason}`;
  });
  const sum = dryRun
    ? `${plan.items.length - kept} to remove or forget of run ${plan.runId}; nothing was removed (plan ${plan.hash})`
    : `removed ${removed} of run ${plan.runId} from ${environment}`;
  return {
    hasFindings,
    report: {
      ...{ runId: around.runId, operation: 'undo', dryRun, removed, plan, findings },
      outcome: hasFindings ? 'completed-with-findings' : 'completed',
    },
    text: [...(dryRun ? lines : findings.map(({ code, message }) => `  ${code}: ${message}`)), sum].join('\n'),
  };
}

function mappingTable(command: CommandOf<'migrate'>): MappingTable {
  const { mysql_host: host, mysql_port: port, mysql_user: user, mysql_db: database } = command;
  const connection = { name: database, host, port, user, database, password: process.env.MYSQL_PWD ?? '' };
  const settings = parseOrRefuse(connectionSettingsSchema, connection, 'the migration database');
  return { settings, table: command.bk_log_search_resource_mapping_table };
}

function apiSettings({ api, concurrency, rate: callsPerSecond }: CommandOf<'migrate'>): ApiSettings {
  const given = Object.entries(SECRETS).flatMap(([field, name]) => {
    const value = process.env[name];
    return value ? [[field, value]] : [];
  });
  const parsed = apiSettingsSchema.safeParse({ url: api, concurrency, callsPerSecond, ...Object.fromEntries(given) });
  if (parsed.success) return parsed.data;
  const { path = [], message = '' } = parsed.error.issues[0] ?? {};
  throw new OperationError('OP_CONFIG_INVALID', `--api: ${path.join('.')}: ${message}`, {
    details: { field: path.join('.') },
    remedy: `Name the gateway with its stage, and set ${SECRETS.appCode} and ${SECRETS.appSecret}, or ${SECRETS.accessToken}.`,
  });
}

/** From `--map FILE`, else from the environment tables of the migration database. */
function idMapOf(command: CommandOf<'migrate'>): IdMapSource {
  const { map, env: environment, env_offset_table: offsets, env_biz_map_table: businesses } = command;
  if (map !== undefined) return { environment, path: resolve(map) };
  return { environment, settings: mappingTable(command).settings, tables: { offsets, businesses } };
}

function toText({ plan, dryRun, created, findings }: MigrateResult, runId: string): string[] {
  const counts = Object.entries(plan.counts).filter(([, count]) => count > 0);
  const lines = plan.items.map(({ kind, originId, action, targetEnglishName, targetName, reason, losses, name }) => {
    const target = targetEnglishName ?? targetName;
    const lost = losses.length > 0 ? ` [lost: ${losses.join('; ')}]` : '';
    return `  ${action.padEnd(8)} ${kind} ${originId} ${name}${target ? ` as ${target}` : ''}: ${reason}${lost}`;
  });
  const sum = counts.map(([action, count]) => `${count} ${action}`).join(', ') || 'nothing to do';
  if (dryRun) return [...lines, `${sum}; nothing was created (plan ${plan.hash})`];
  return [
    ...findings.map(({ code, message }) => `  ${code}: ${message}`),
    `${sum}; created ${created} in ${plan.environment} (run ${runId})`,
  ];
}
