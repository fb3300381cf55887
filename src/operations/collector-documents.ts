import { collectorRecord, type ExportedRecord, indexSetRecord, orphanFinding } from '../bklog/collector-export';
import { formatPython } from '../bklog/python-json';
import { OperationError } from '../errors/operation-error';
import { COLLECTOR_TABLE, INDEX_SET_TABLE } from '../model/collector-columns';
import type { ConnectionSettings } from '../model/connection-settings';
import type { Finding } from '../model/verification';
import {
  collectorPages,
  hasColumn,
  indexRows,
  indexSetPages,
  liveIndexSets,
  orphanedIndexRows,
  type Place,
  projectBusinesses,
  spaceIds,
  stepParams,
  tablesOfDocuments,
} from '../mysql/bklog-tables';
import type { MemberSnapshot, SnapshotMember } from '../mysql/consistent-snapshot';

/** Most findings that are kept; the rest is counted. */
const MOST_FINDINGS = 1000;
/** Text is handed over in blocks of about 1 MiB. */
const BLOCK_CHARACTERS = 1024 * 1024;

/** The databases that collectors are described in. */
export interface DocumentSources {
  readonly nodeman: ConnectionSettings;
  readonly log: ConnectionSettings;
}

/** One of the two documents; its blocks can be read once. */
export interface CollectorDocument {
  /** File name without its ending. */
  readonly name: string;
  /** Where its records are from. */
  readonly source: ConnectionSettings;
  blocks(): AsyncGenerator<Buffer>;
  /** Records that were handed over. */
  readonly records: number;
}

/** One account on one server reads both databases in one transaction. */
export function documentMembers({ nodeman, log }: DocumentSources): SnapshotMember[] {
  const isOne = nodeman.host === log.host && nodeman.port === log.port && nodeman.user === log.user;
  const logTables = tablesOfDocuments(false, log.database);
  const nodemanTables = tablesOfDocuments(true, nodeman.database);
  if (isOne) return [{ names: [log.name, nodeman.name], settings: log, tables: [...logTables, ...nodemanTables] }];
  return [
    { names: [log.name], settings: log, tables: logTables },
    { names: [nodeman.name], settings: nodeman, tables: nodemanTables },
  ];
}

/**
 * Lends the two documents of export.py, byte for byte what it would have written, as they are in the snapshot. Records
 * it would have crashed on are findings, complete when both were read to their ends; they and all others are there.
 */
export async function withCollectorDocuments<T>(
  { nodeman, log }: DocumentSources,
  snapshots: readonly MemberSnapshot[],
  use: (documents: readonly CollectorDocument[], findings: Findings) => Promise<T>,
): Promise<T> {
  const [nodes, logs] = [placeOf(nodeman, snapshots), placeOf(log, snapshots)];
  const connections = new Set([nodes.connection, logs.connection]);
  for (const connection of connections) await connection.query('SET SESSION character_set_results = utf8mb4');
  const findings = new Findings();
  const documents = [
    new Document(COLLECTOR_TABLE, log, collectorRecords(logs, nodes), findings),
    new Document(INDEX_SET_TABLE, log, indexSetRecords(logs), findings),
  ];
  const result = await use(documents, findings);
  findings.add((await orphanedIndexRows(logs)).map(orphanFinding));
  // Rows of tables are read as the server keeps them.
  for (const connection of connections) await connection.query('SET SESSION character_set_results = NULL');
  return result;
}

/** The first of them, and how many there are. */
export class Findings {
  readonly list: Finding[] = [];
  count = 0;

  add(found: readonly Finding[]): void {
    this.count += found.length;
    this.list.push(...found.slice(0, Math.max(0, MOST_FINDINGS - this.list.length)));
  }
}

function placeOf(settings: ConnectionSettings, snapshots: readonly MemberSnapshot[]): Place {
  const found = snapshots.find(({ member: { settings: of } }) => {
    return of.host === settings.host && of.port === settings.port && of.user === settings.user;
  });
  if (!found) throw new OperationError('OP_BUG', `no snapshot for ${settings.name}`);
  return { connection: found.readers[0]!, database: settings.database };
}

/** A JSON array of indented records, without a last line feed. */
class Document implements CollectorDocument {
  records = 0;

  constructor(
    readonly name: string,
    readonly source: ConnectionSettings,
    private readonly from: AsyncGenerator<ExportedRecord>,
    private readonly findings: Findings,
  ) {}

  async *blocks(): AsyncGenerator<Buffer> {
    let text = '';
    for await (const { record, findings } of this.from) {
      this.findings.add(findings);
      text += `${this.records === 0 ? '[' : ','}\n    ${formatPython(record, '    ')}`;
      this.records += 1;
      if (text.length < BLOCK_CHARACTERS) continue;
      yield Buffer.from(text);
      text = '';
    }
    yield Buffer.from(`${text}${this.records === 0 ? '[]' : '\n]'}`);
  }
}

const idsIn = (rows: readonly Readonly<Record<string, string | null>>[], column: string): string[] => [
  ...new Set(rows.flatMap((row) => row[column] ?? [])),
];

async function* collectorRecords(log: Place, nodeman: Place): AsyncGenerator<ExportedRecord> {
  for await (const rows of collectorPages(log)) {
    const params = await stepParams(nodeman, idsIn(rows, 'subscription_id'));
    const liveSets = await liveIndexSets(log, idsIn(rows, 'index_set_id'));
    for (const row of rows) yield collectorRecord(row, params, liveSets);
  }
}

async function* indexSetRecords(log: Place): AsyncGenerator<ExportedRecord> {
  const withSpace = await hasColumn(log, INDEX_SET_TABLE, 'space_uid');
  for await (const rows of indexSetPages(log, withSpace)) {
    const context = {
      businesses: await projectBusinesses(log, idsIn(rows, 'project_id')),
      indexes: await indexRows(log, idsIn(rows, 'index_set_id')),
      spaces: await spaceIds(log, idsIn(rows, 'space_uid')),
    };
    for (const row of rows) yield indexSetRecord(row, context);
  }
}
