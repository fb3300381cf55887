import { join } from 'node:path';
import { MemberFileWriter } from '../archive/gzip-members';
import { TableFileWriter } from '../archive/table-file';
import { cleanUpAfter } from '../errors/operation-error';
import { type ColumnPlan, keepBytes, lossyCondition, planColumn, toManifestColumn } from '../mysql/column-codec';
import type { SourceConnection } from '../mysql/connection';
import type { MemberSnapshot } from '../mysql/consistent-snapshot';
import { planKeyRanges } from '../mysql/key-ranges';
import { BLOCK_BYTES, createRowEncoder } from '../mysql/row-encoder';
import { qualifiedName, readRowPackets } from '../mysql/row-packets';
import { selectStatement } from '../mysql/select-rows';
import type { TableSchema } from '../mysql/table-schema';
import { durableStep } from '../support/durable-step';
import { type ExportRun, fileName, folderName, type WrittenFile } from './export-run';

export interface TableToExport {
  readonly database: string;
  readonly table: string;
  readonly bytesEstimate: number;
  readonly source: string;
  readonly schema: TableSchema;
  readonly snapshot: MemberSnapshot;
  readonly where?: string;
}

/** A table being written: its file, its columns, and the key ranges that are still to be read. */
interface OpenTable {
  readonly table: TableToExport;
  readonly name: string;
  readonly plans: readonly ColumnPlan[];
  readonly writer: TableFileWriter;
  readonly ranges: readonly (string | undefined)[];
  rangesDone: number;
  rows: number;
}

interface Slice {
  readonly open: OpenTable;
  readonly range: number;
}

/** Full-size blocks are used again: a steady run allocates nothing. */
class BlockPool {
  readonly #free: Buffer[] = [];

  readonly take = (size: number): Buffer =>
    size === BLOCK_BYTES ? (this.#free.pop() ?? Buffer.allocUnsafeSlow(size)) : Buffer.allocUnsafeSlow(size);

  readonly giveBack = (block: Buffer): void => {
    if (block.buffer.byteLength === BLOCK_BYTES && this.#free.length < 16) {
      this.#free.push(Buffer.from(block.buffer as ArrayBuffer));
    }
  };
}

/** Writes all tables in the given order. Every reading connection takes the next slice of its own server. */
export async function exportTableRows(run: ExportRun, tables: readonly TableToExport[]): Promise<WrittenFile[]> {
  const pool = new BlockPool();
  const written = new Map<TableToExport, WrittenFile>();
  const opened = new Set<OpenTable>();
  const state = { rows: 0, bytes: 0, done: 0 };
  const bytesExpected = tables.reduce((sum, { bytesEstimate }) => sum + bytesEstimate, 0);
  // The first failure stops the other connections; theirs are consequences and are not reported.
  const failed = new AbortController();
  const signal = AbortSignal.any([run.signal, failed.signal]);
  const report = (table: string) =>
    run.onProgress({
      phase: 'export',
      table,
      tables: tables.length,
      tablesDone: state.done,
      rows: state.rows,
      bytes: state.bytes,
      bytesExpected,
    });

  async function readSlice(reader: SourceConnection, { open, range }: Slice): Promise<void> {
    const { table, plans, writer } = open;
    const condition = [open.ranges[range], table.where].filter(Boolean).map((part) => `(${part})`);
    const flow = { isReading: true, isPaused: false, pause: () => {}, resume: () => {} };
    const breathe = () => {
      // The last block comes after the result's end: pausing then would hold back the answers to the next statements.
      const waitFor = flow.isReading ? writer.pauseUntil(range) : undefined;
      if (waitFor) {
        if (!flow.isPaused) flow.pause();
        flow.isPaused = true;
        waitFor(() => {
          if (!signal.aborted) breathe();
        });
      } else if (flow.isPaused) {
        // Resuming hands over what was held back, which may pause again at once.
        flow.isPaused = false;
        flow.resume();
      }
    };
    const encoder = createRowEncoder(
      plans.map(({ column, encoding }) => ({ name: column.name, encoding })),
      `${table.database}.${table.table}`,
      (block) => {
        state.bytes += block.length;
        writer.write(range, block);
        if (!flow.isPaused) breathe();
        report(table.table);
      },
      pool.take,
    );
    const rows = await readRowPackets(
      reader,
      selectStatement(table.schema, plans, condition),
      {
        object: `${table.database}.${table.table}`,
        signal,
        onFlow: ({ pause, resume }) => Object.assign(flow, { pause, resume }),
      },
      encoder.encode,
    );
    flow.isReading = false;
    encoder.flush();
    open.rows += rows;
    state.rows += rows;
    open.rangesDone += 1;
    writer.finishRange(range);
    if (open.rangesDone === open.ranges.length) {
      opened.delete(open);
      written.set(table, await closeTable(open));
      state.done += 1;
      report(table.table);
    }
  }

  async function readServer(snapshot: MemberSnapshot): Promise<void> {
    const queue = sliceQueue(
      run,
      tables.filter((table) => table.snapshot === snapshot),
      pool,
      opened,
    );
    await Promise.all(
      snapshot.readers.map(async (reader) => {
        try {
          for (let slice = await queue(reader); slice; slice = await queue(reader)) {
            await releasingLocks(reader, () => readSlice(reader, slice!));
          }
        } catch (error) {
          if (!failed.signal.aborted) failed.abort(error);
        }
      }),
    );
  }

  await Promise.all([...new Set(tables.map(({ snapshot }) => snapshot))].map(readServer));
  if (failed.signal.aborted) {
    const reason: unknown = run.signal.aborted ? run.signal.reason : failed.signal.reason;
    for (const open of opened) await cleanUpAfter(reason, () => open.writer.abandon());
    throw reason;
  }
  return tables.map((table) => written.get(table)!);
}

/**
 * A read keeps its table from being altered until the transaction ends, and a waiting ALTER blocks every later query
 * of the application. Rolling back to a savepoint lets go of the table and keeps the read view.
 */
async function releasingLocks(reader: SourceConnection, read: () => Promise<void>): Promise<void> {
  await reader.query('SAVEPOINT slice');
  await read();
  await reader.query('ROLLBACK TO SAVEPOINT slice');
}

/** Hands out the slices of the tables in order; opening a table happens once, whoever comes first. */
function sliceQueue(
  run: ExportRun,
  tables: readonly TableToExport[],
  pool: BlockPool,
  opened: Set<OpenTable>,
): (reader: SourceConnection) => Promise<Slice | undefined> {
  const waiting = [...tables];
  let current: { open: OpenTable; next: number } | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const take = async (reader: SourceConnection): Promise<Slice | undefined> => {
    if (!current || current.next === current.open.ranges.length) {
      const table = waiting.shift();
      if (!table) return undefined;
      current = { open: await openTable(run, table, reader, pool), next: 0 };
      opened.add(current.open);
    }
    const range = current.next;
    current.next += 1;
    return { open: current.open, range };
  };
  return (reader) => {
    const mine = turn.then(() => take(reader));
    turn = mine.catch(() => undefined); // whoever called gets the failure; the next caller only waits for the turn
    return mine;
  };
}

let spoolNumber = 0;

async function openTable(
  run: ExportRun,
  table: TableToExport,
  reader: SourceConnection,
  pool: BlockPool,
): Promise<OpenTable> {
  const plans = await chooseExactColumns(reader, table);
  const ranges = await planKeyRanges(reader, table.schema, table.where);
  spoolNumber += 1;
  const name = `spool/table-${spoolNumber}.gz`;
  const file = await durableStep('work-directory.write-spool', () =>
    MemberFileWriter.open(join(run.directory, name), { level: run.level, gate: run.gate, recycle: pool.giveBack }),
  );
  return {
    table,
    name,
    plans,
    ranges,
    writer: new TableFileWriter(file, run.budget, run.gate),
    rangesDone: 0,
    rows: 0,
  };
}

/** Asks the server, inside the snapshot, whether text of other character sets survives UTF-8; if not, keeps its bytes. */
async function chooseExactColumns(reader: SourceConnection, table: TableToExport): Promise<ColumnPlan[]> {
  const { schema } = table;
  const plans = schema.columns.map((column) => planColumn(column, `${schema.database}.${schema.table}`));
  const converted = plans.filter((plan) => plan.converted);
  if (converted.length === 0) return plans;
  const tests = converted.map(({ column }, index) => `MAX(${lossyCondition(column)}) AS c${index}`);
  const [lossy] = await reader.query(`SELECT ${tests.join(', ')} FROM ${qualifiedName(schema.database, schema.table)}`);
  return plans.map((plan) => (lossy?.[`c${converted.indexOf(plan)}`] === '1' ? keepBytes(plan) : plan));
}

async function closeTable(open: OpenTable): Promise<WrittenFile> {
  const { table, plans } = open;
  const spooled = await open.writer.close();
  return {
    name: open.name,
    spooled,
    file: {
      path: `${folderName(table.database)}/${fileName(table.table)}.json`,
      kind: 'table',
      source: table.source,
      database: table.database,
      table: table.table,
      rows: open.rows,
      bytes: spooled.bytes,
      sha256: spooled.sha256,
      columns: plans.map(toManifestColumn),
      orderedBy: [...table.schema.key],
      definitionSha256: table.schema.definitionSha256,
      ...(table.where ? { where: table.where } : {}),
    },
  };
}
