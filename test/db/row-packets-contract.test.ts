import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { openConnection, type SourceConnection, withConnection } from '../../src/mysql/connection';
import { readRowPackets } from '../../src/mysql/row-packets';
import { settingsFor, withDatabase } from '../support/database';

/**
 * What src/mysql/row-packets.ts uses of the driver's insides, each held here by itself, so that an upgrade of mysql2
 * that changes one of them fails with its name and not with a table that is too short.
 */
const driverVersion = (JSON.parse(readFileSync('node_modules/mysql2/package.json', 'utf8')) as { version: string })
  .version;

function holds(condition: unknown, what: string): asserts condition {
  assert.ok(
    condition,
    `mysql2 ${driverVersion} no longer does this: ${what}. src/mysql/row-packets.ts depends on it; read ` +
      'docs/decisions/0003-row-packets.md before changing either of them',
  );
}

interface Watched {
  /** Copies of the row packets, without their headers. */
  readonly rows: readonly Buffer[];
  /** Lengths of the packets that said the result is complete. */
  readonly ends: readonly number[];
  /** What came last, and what came before the query's own end. */
  readonly order: readonly string[];
}

/** Runs a query with a state of our own in place of `row`, exactly as readRowPackets does, and copies what it is given. */
function watch({ driver }: SourceConnection, sql: string): Promise<Watched> {
  return new Promise((resolve, reject) => {
    const rows: Buffer[] = [];
    const ends: number[] = [];
    const order: string[] = [];
    type State = (this: unknown, packet: Record<string, unknown>, state: unknown) => unknown;
    const query = driver.query({ sql }) as unknown as {
      row: State;
      on(event: string, then: (arg: never) => void): void;
    };
    const original = query.row;
    try {
      holds(typeof original === 'function', 'a query has the state `row` as soon as query() has returned');
    } catch (error) {
      reject(error);
      return;
    }
    query.row = function row(packet, state) {
      try {
        const { buffer, offset, end } = packet as { buffer: Buffer; offset: number; end: number };
        holds(Buffer.isBuffer(buffer), 'a packet has its bytes in `buffer`');
        holds(Number.isInteger(offset) && Number.isInteger(end), 'a packet says where its bytes are: `offset`, `end`');
        holds(offset < end && end <= buffer.length, 'offset and end lie inside the buffer');
        holds(typeof packet.isEOF === 'function', 'a packet has isEOF()');
        if (packet.isEOF()) {
          ends.push(end - offset);
          order.push('end packet');
          return original.call(this, packet, state);
        }
        rows.push(Buffer.from(buffer.subarray(offset, end)));
        order.push('row');
      } catch (error) {
        reject(error);
      }
      return query.row;
    };
    query.on('error', reject);
    query.on('end', () => {
      order.push('end event');
      resolve({ rows, ends, order });
    });
  });
}

/** Cells of a row packet by the protocol: 251 is NULL, 252, 253 and 254 are followed by 2, 3 and 8 bytes of length. */
function cellsOf(row: Buffer): (Buffer | null)[] {
  const cells: (Buffer | null)[] = [];
  let at = 0;
  while (at < row.length) {
    const first = row[at]!;
    at += 1;
    if (first === 251) {
      cells.push(null);
      continue;
    }
    const width = { 252: 2, 253: 3, 254: 8 }[first] ?? 0;
    const length = width === 0 ? first : width === 8 ? Number(row.readBigUInt64LE(at)) : row.readUIntLE(at, width);
    at += width;
    cells.push(row.subarray(at, at + length));
    at += length;
  }
  assert.equal(at, row.length, 'the cells do not fill the row packet');
  return cells;
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const open = async () => await openConnection(settingsFor('information_schema'));

async function withReader<T>(use: (reader: SourceConnection) => Promise<T>): Promise<T> {
  return await withConnection(settingsFor('information_schema'), undefined, use);
}

test('the state `row` of a query is called once for each row and once for the end of the result', async () => {
  await withReader(async (reader) => {
    const { rows, ends, order } = await watch(
      reader,
      'SELECT seq FROM (SELECT 1 AS seq UNION SELECT 2 UNION SELECT 3) t',
    );
    holds(rows.length === 3, `\`row\` gets each row: 3 rows were asked for, ${rows.length} came`);
    holds(ends.length === 1, 'the end of a result is one packet for which isEOF() is true');
    assert.equal(ends[0], 5, 'the server ends a result by another packet than EOF');
    holds(order.slice(-2).join() === 'end packet,end event', "the query's 'end' comes after the end packet");
    const none = await watch(reader, 'SELECT 1 FROM (SELECT 1) t WHERE FALSE');
    holds(none.rows.length === 0 && none.ends.length === 1, 'a result without rows has an end packet too');
  });
});

test('the bytes from offset to end are the cells of the row, with 251 for NULL', async () => {
  await withReader(async (reader) => {
    const { rows } = await watch(reader, "SELECT NULL AS a, '' AS b, 'x' AS c, NULL AS d, REPEAT('y', 300) AS e");
    assert.equal(rows.length, 1);
    holds(
      rows[0]!.subarray(0, 5).toString('hex') === 'fb000178fb',
      'a row packet begins with its first cell, in the text protocol',
    );
    const cells = cellsOf(rows[0]!).map((cell) => (cell === null ? null : cell.toString('latin1')));
    assert.deepEqual(cells, [null, '', 'x', null, 'y'.repeat(300)]);
    const allNull = await watch(reader, 'SELECT NULL AS a, NULL AS b');
    assert.deepEqual(
      allNull.rows.map((row) => row.toString('hex')),
      ['fbfb'],
    );
  });
});

/** A packet of the wire holds at most 2^24 - 1 bytes; a longer row, or one of just that length, takes several. */
const WIRE_PACKET_BYTES = 2 ** 24 - 1;
const LENGTH_BYTES = 4;

for (const [situation, cellBytes] of [
  ['just fits into one packet of the wire', WIRE_PACKET_BYTES - LENGTH_BYTES - 1],
  ['fills one packet of the wire, so that an empty one follows', WIRE_PACKET_BYTES - LENGTH_BYTES],
  ['is one byte longer than a packet of the wire', WIRE_PACKET_BYTES - LENGTH_BYTES + 1],
  ['begins with a cell of 16 MiB and so with 254, as the end packet does', 2 ** 24],
  ['spans three packets of the wire', 2 * WIRE_PACKET_BYTES + 1000],
] as const) {
  test(`a row that ${situation} arrives whole, between two others`, async () => {
    await withReader(async (reader) => {
      const cell = `REPEAT('0123456789abcdef', ${Math.ceil(cellBytes / 16)})`;
      const sql = `SELECT 'before' AS a UNION ALL SELECT LEFT(${cell}, ${cellBytes}) UNION ALL SELECT 'after'`;
      const { rows, ends } = await watch(reader, sql);
      holds(rows.length === 3 && ends.length === 1, `a row of ${cellBytes} bytes is one packet to the state \`row\``);
      assert.deepEqual([cellsOf(rows[0]!)[0]?.toString(), cellsOf(rows[2]!)[0]?.toString()], ['before', 'after']);
      const [long, ...rest] = cellsOf(rows[1]!);
      assert.deepEqual(rest, []);
      const wanted = Buffer.alloc(cellBytes, '0123456789abcdef');
      assert.deepEqual([long?.length, sha256(long!)], [cellBytes, sha256(wanted)]);
    });
  });
}

test('readRowPackets gives the same bytes and the number of rows', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(
      `CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20), b LONGBLOB);
       INSERT INTO t VALUES (1, NULL, NULL), (2, '', ''), (3, 'x', REPEAT(x'00FF', ${2 ** 23 + 1})), (4, 'y', NULL)`,
    );
    await withConnection(settingsFor(database), undefined, async (reader) => {
      const sql = 'SELECT id, a, b FROM t ORDER BY id';
      const seen: string[] = [];
      const signal = new AbortController().signal;
      const count = await readRowPackets(reader, sql, { object: 't', signal }, (packet, start, end) => {
        seen.push(sha256(packet.subarray(start, end)));
      });
      const { rows } = await watch(reader, sql);
      assert.equal(count, 4);
      assert.deepEqual(seen, rows.map(sha256));
      assert.deepEqual(
        rows.map((row) => cellsOf(row).map((cell) => cell?.length ?? null)),
        [
          [1, null, null],
          [1, 0, 0],
          [1, 1, 2 ** 24 + 2],
          [1, 1, null],
        ],
      );
    });
  });
});

test('readRowPackets fails when the driver reports an end that the server has not announced', async () => {
  const reader = await open();
  const signal = new AbortController().signal;
  // A driver that stopped calling the state `row` would look like this: rows pass by, the query ends.
  const { driver } = reader;
  const query = driver.query.bind(driver) as (options: { sql: string }) => object;
  Object.assign(driver, {
    query: (options: { sql: string }) => {
      const made = query(options);
      const state = (made as { row: unknown }).row;
      return new Proxy(made, {
        get: (target, key) => (key === 'row' ? state : Reflect.get(target, key, target)),
        set: (target, key, value) => key === 'row' || Reflect.set(target, key, value, target),
      });
    },
  });
  await assert.rejects(
    readRowPackets(reader, 'SELECT 1 AS a', { object: 't', signal }, () => {}),
    (error: Error) => /without the server announcing its end/.test(error.message),
  );
  await reader.close();
});

test('the connection has its socket as `stream`, by which connection.ts stops a server that goes on sending', async () => {
  const reader = await open();
  const { stream } = reader.driver as unknown as { stream: unknown };
  await reader.close();
  holds(stream instanceof Socket, "a connection's `stream` is its socket");
});
