import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { collectorRecord, type ExportedRecord, indexSetRecord, orphanFinding } from '../bklog/collector-export';
import { formatPython } from '../bklog/python-json';
import { toOperationError } from '../errors/to-operation-error';
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
import { type SnapshotMember, withConsistentSnapshot } from '../mysql/consistent-snapshot';
import type { ProgressListener } from '../support/progress';
import type { ExportCollectorsRequest, ExportCollectorsResult, WrittenDocument } from './contract';

/** Most findings that are kept; the rest is counted. */
const MOST_FINDINGS = 1000;

/**
 * Writes the two documents of export.py, byte for byte what it would have written, from one snapshot over both databases.
 * Records it would have crashed on are findings; they and all others are there. Both documents appear when both are
 * whole: a failure leaves what was there before. Errors: OP_SOURCE_*, OP_SNAPSHOT_REFUSED, OP_STORE_*, OP_ABORTED.
 */
export async function exportCollectors(
  { nodeman, log, directory }: ExportCollectorsRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<ExportCollectorsResult> {
  const findings: Finding[] = [];
  let findingCount = 0;
  const onFindings = (found: readonly Finding[]) => {
    findingCount += found.length;
    findings.push(...found.slice(0, Math.max(0, MOST_FINDINGS - findings.length)));
  };
  onProgress({ phase: 'snapshot' });
  const members = toMembers(nodeman, log);
  return await withConsistentSnapshot(members, { parallel: 1, signal }, async (snapshots) => {
    const place = async (settings: ConnectionSettings): Promise<Place> => {
      const snapshot = snapshots.find(({ member }) => member.settings === settings) ?? snapshots[0]!;
      const connection = snapshot.readers[0]!;
      await connection.query('SET SESSION character_set_results = utf8mb4');
      return { connection, database: settings.database };
    };
    const [nodes, logs] = [await place(nodeman), await place(log)];
    const drafts: Draft[] = [];
    try {
      for (const [table, records] of [
        [COLLECTOR_TABLE, collectorRecords(logs, nodes)],
        [INDEX_SET_TABLE, indexSetRecords(logs)],
      ] as const) {
        const draft = await Draft.begin(directory, `${table}.json`);
        drafts.push(draft);
        for await (const { record, findings: found } of records) {
          signal.throwIfAborted();
          onFindings(found);
          await draft.add(formatPython(record, '    '));
          onProgress({ phase: 'export', table, rows: draft.records });
        }
        await draft.end();
      }
      onFindings((await orphanedIndexRows(logs)).map(orphanFinding));
      const documents = [];
      for (const draft of drafts) documents.push(await draft.publish());
      return { documents, findings, findingCount, snapshots: snapshots.map(({ coordinates }) => coordinates) };
    } catch (error) {
      await Promise.all(drafts.map((draft) => draft.drop()));
      throw toOperationError(error, `writing into ${directory}`);
    }
  });
}

/** One account on one server reads both databases in one transaction. */
function toMembers(nodeman: ConnectionSettings, log: ConnectionSettings): SnapshotMember[] {
  const isOne = nodeman.host === log.host && nodeman.port === log.port && nodeman.user === log.user;
  const member = (settings: ConnectionSettings) => ({
    names: [settings.name],
    settings,
    tables: tablesOfDocuments(settings === nodeman, settings.database),
  });
  if (!isOne) return [member(log), member(nodeman)];
  return [
    {
      names: [log.name, nodeman.name],
      settings: log,
      tables: [...tablesOfDocuments(false, log.database), ...tablesOfDocuments(true, nodeman.database)],
    },
  ];
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

/** A document that is written beside its place and moved there when it is whole: a JSON array, without a last line feed. */
class Draft {
  records = 0;
  #bytes = 0;
  readonly #hash = createHash('sha256');

  private constructor(
    private readonly path: string,
    private readonly temporary: string,
    private readonly file: Awaited<ReturnType<typeof open>>,
  ) {}

  static async begin(directory: string, name: string): Promise<Draft> {
    await mkdir(directory, { recursive: true });
    const path = join(directory, name);
    const temporary = `${path}.${randomBytes(6).toString('hex')}.part`;
    return new Draft(path, temporary, await open(temporary, 'wx', 0o600));
  }

  async add(record: string): Promise<void> {
    await this.#write(`${this.records === 0 ? '[' : ','}\n    ${record}`);
    this.records += 1;
  }

  async end(): Promise<void> {
    await this.#write(this.records === 0 ? '[]' : '\n]');
    await this.file.sync();
    await this.file.close();
  }

  async #write(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    await this.file.appendFile(bytes);
  }

  async publish(): Promise<WrittenDocument> {
    await rename(this.temporary, this.path);
    return { path: this.path, records: this.records, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async drop(): Promise<void> {
    await this.file.close().catch(() => undefined);
    await rm(this.temporary, { force: true });
  }
}
