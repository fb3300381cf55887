import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MemberFileWriter, type SpooledFile } from '../archive/gzip-members';
import { cleanUpAfter } from '../errors/operation-error';
import { quoteName } from '../mysql/connection';
import type { MemberSnapshot } from '../mysql/consistent-snapshot';
import { exportSchema } from '../mysql/schema-export';
import type { TableSchema } from '../mysql/table-schema';
import { durableStep } from '../support/durable-step';
import type { ExportSource } from './contract';
import { type ExportRun, fileName, snapshotOf, type WrittenFile } from './export-run';

/** Writes the definitions of each database into one SQL file; the notes say what could not be seen or was not chosen. */
export async function writeSchemas(
  run: ExportRun,
  sources: readonly ExportSource[],
  chosen: readonly { readonly source: ExportSource; readonly schema: TableSchema }[],
  snapshots: readonly MemberSnapshot[],
): Promise<{ files: WrittenFile[]; notes: string[] }> {
  const files: WrittenFile[] = [];
  const notes: string[] = [];
  await durableStep('work-directory.write-spool', () => mkdir(join(run.directory, 'spool'), { mode: 0o700 }));
  for (const source of sources) {
    const connection = snapshotOf(snapshots, source).readers[0]!;
    const tables = chosen.filter((item) => item.source === source).map(({ schema }) => schema);
    const whole = await isWholeDatabase(connection, source.database, tables.length);
    await connection.query(`USE ${quoteName(source.database)}`);
    const { sql, notes: missing } = await exportSchema(connection, source.database, tables, { whole });
    notes.push(...missing);
    if (!whole) notes.push(`${source.database}: ${tables.length} chosen tables; other objects are not in this set`);
    const name = `spool/schema-${files.length}.gz`;
    const writer = await MemberFileWriter.open(join(run.directory, name), run);
    let spooled: SpooledFile;
    try {
      writer.write(Buffer.from(sql));
      spooled = await writer.close();
    } catch (error) {
      await cleanUpAfter(error, () => writer.abandon());
      throw error;
    }
    files.push({
      name,
      spooled,
      file: {
        path: `schema/${fileName(source.database)}.sql`,
        kind: 'schema',
        source: source.name,
        database: source.database,
        bytes: spooled.bytes,
        sha256: spooled.sha256,
      },
    });
  }
  return { files, notes };
}

async function isWholeDatabase(
  connection: MemberSnapshot['readers'][number],
  database: string,
  chosenTables: number,
): Promise<boolean> {
  const [row] = await connection.query(
    "SELECT COUNT(*) AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE'",
    [database],
  );
  return Number(row?.n) === chosenTables;
}
