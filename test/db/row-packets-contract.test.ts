import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openConnection } from '../../src/mysql/connection';
import { readRowPackets } from '../../src/mysql/row-packets';
import { settingsFor, withDatabase } from '../support/database';

const never = new AbortController().signal;
const WHY = 'the driver changed inside: read docs/decisions/0003-row-packets.md before touching anything';

/** The cells of one packet of the text protocol, lengths decoded here by hand. */
function cellsOf(packet: Buffer, start: number, end: number): (string | number | null)[] {
  const cells: (string | number | null)[] = [];
  let at = start;
  while (at < end) {
    let length = packet[at++]!;
    if (length === 251) {
      cells.push(null);
      continue;
    }
    const wide = { 252: 2, 253: 3, 254: 8 }[length];
    if (wide) {
      length = Number(packet.readUIntLE(at, Math.min(wide, 6)));
      at += wide;
    }
    cells.push(length > 1000 ? length : packet.toString('utf8', at, at + length));
    at += length;
  }
  assert.equal(at, end, WHY);
  return cells;
}

test('a row packet holds exactly the cells of its row, small, NULL, empty and larger than one protocol packet', async () => {
  await withDatabase(async (database, admin) => {
    const large = 17 * 1024 * 1024;
    await admin.query(
      `CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(300), body LONGBLOB);
       INSERT INTO t VALUES (1, 'a', NULL), (2, '', ''), (3, NULL, REPEAT('x', 300)), (4, REPEAT('y', 260), REPEAT('z', 70000))`,
    );
    const reader = await openConnection(settingsFor(database));
    try {
      const rows: (string | number | null)[][] = [];
      // Built by the server, so that the client needs no packet of that size itself.
      const big = `SELECT 5, 'big', CONCAT(REPEAT('b', ${large / 2}), REPEAT('b', ${large / 2}))`;
      const sql = `SELECT id, word, body FROM t UNION ALL ${big} ORDER BY 1`;
      const count = await readRowPackets(reader, sql, { object: 't', signal: never }, (packet, start, end) => {
        rows.push(cellsOf(packet, start, end));
      });
      assert.equal(count, 5, WHY);
      assert.deepEqual(
        rows,
        [
          ['1', 'a', null],
          ['2', '', ''],
          ['3', null, 'x'.repeat(300)],
          ['4', 'y'.repeat(260), 70_000],
          ['5', 'big', large],
        ],
        WHY,
      );
    } finally {
      await reader.close();
    }
  });
});

test('the driver still has what row-packets uses', async () => {
  await withDatabase(async (database) => {
    const reader = await openConnection(settingsFor(database));
    try {
      const seen: { eof: boolean; sane: boolean }[] = [];
      await new Promise<void>((resolve, reject) => {
        // biome-ignore lint/suspicious/noExplicitAny: the point is to look at what is not in the types
        const query = reader.driver.query({ sql: 'SELECT 1 AS one UNION ALL SELECT 2' }) as any;
        assert.equal(typeof query.row, 'function', WHY);
        const inner = query.row;
        // biome-ignore lint/suspicious/noExplicitAny: as above
        query.row = function row(packet: any, connection: unknown) {
          const eof = packet.isEOF();
          seen.push({ eof, sane: Buffer.isBuffer(packet.buffer) && packet.offset < packet.end });
          const next = inner.call(this, packet, connection);
          return eof ? next : query.row;
        };
        query.on('end', resolve).on('error', reject);
      });
      const sane = { sane: true };
      assert.deepEqual(
        seen,
        [
          { eof: false, ...sane },
          { eof: false, ...sane },
          { eof: true, ...sane },
        ],
        WHY,
      );
    } finally {
      await reader.close();
    }
  });
});
