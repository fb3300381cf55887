import { createHash } from 'node:crypto';
import type { SourceConnection } from './connection';

/** So many backups at once are told from each other; one more is not seen, and its tables are guarded by their own locks. */
const SLOTS = 8;

/** User locks of the server: they end with their session, whatever ends it, and hold nobody up. */
function marksOf(database: string): string[] {
  const digest = createHash('sha256').update(database).digest('hex').slice(0, 32);
  return Array.from({ length: SLOTS }, (_, slot) => `bklog_read_${digest}_${slot}`);
}

/** Says that databases are being read, until the connection closes. */
export async function markReading(connection: SourceConnection, databases: Iterable<string>): Promise<void> {
  for (const database of databases) {
    for (const mark of marksOf(database)) {
      const [row] = await connection.query('SELECT GET_LOCK(?, 0) AS held', [mark]);
      if (row?.held === '1') break;
    }
  }
}

/** The sessions that are reading a database for a backup: their ids on the server. */
export async function findReaders(connection: SourceConnection, database: string): Promise<string[]> {
  const readers: string[] = [];
  for (const mark of marksOf(database)) {
    const [row] = await connection.query('SELECT IS_USED_LOCK(?) AS holder', [mark]);
    if (row?.holder) readers.push(row.holder);
  }
  return readers;
}
