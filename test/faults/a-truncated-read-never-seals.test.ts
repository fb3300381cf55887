import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { isOperationError } from '../../src/errors/operation-error';
import { openConnection, type SourceConnection } from '../../src/mysql/connection';
import { readRowPackets } from '../../src/mysql/row-packets';
import { carryOut } from '../../src/operations/carry-out';
import { backUp } from '../support/backup';
import { connect, settingsFor, sourceOf, withDatabase, withWorkplace } from '../support/database';

const never = new AbortController().signal;
const SETTLES_WITHIN_MS = 10_000;

/** Rows wide enough that the result cannot hide in a socket buffer. */
async function createRows(admin: Connection, rows: number): Promise<void> {
  await admin.query(
    `CREATE TABLE t (id INT NOT NULL PRIMARY KEY, filler VARCHAR(1000) NOT NULL);
     INSERT INTO t SELECT seq, REPEAT(MD5(seq), 25) FROM seq_1_to_${rows}`,
  );
}

type Fault = (reader: SourceConnection, admin: Connection) => Promise<unknown>;
const idOf = async (reader: SourceConnection) => (reader.driver as unknown as { threadId: number }).threadId;
const FAULTS: Readonly<Record<string, { readonly act: Fault; readonly code: string }>> = {
  'the server kills the connection': {
    act: async (reader, admin) => admin.query(`KILL ${await idOf(reader)}`),
    code: 'OP_SOURCE_LOST',
  },
  'the server kills the query': {
    act: async (reader, admin) => admin.query(`KILL QUERY ${await idOf(reader)}`),
    code: 'OP_SOURCE_LOST',
  },
  'the socket is destroyed': {
    act: async (reader) => (reader.driver as unknown as { stream: { destroy(): void } }).stream.destroy(),
    code: 'OP_SOURCE_LOST',
  },
};

function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  return Promise.race([
    promise,
    new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`still pending after ${ms} ms`)), ms).unref();
    }),
  ]);
}

/** Reads table `t`; at row `at` the reader pauses, the fault strikes, the reader goes on. Gives what came of it. */
async function readUnderFault(reader: SourceConnection, at: number, strike: () => Promise<unknown>): Promise<number> {
  let rows = 0;
  let flow: { pause(): void; resume(): void } | undefined;
  const onFlow = (given: typeof flow) => {
    flow = given;
  };
  const reading = readRowPackets(reader, 'SELECT * FROM t ORDER BY id', { object: 't', signal: never, onFlow }, () => {
    rows += 1;
    if (rows !== at) return;
    // Paused, so that the fault meets a result that is under way; then resumed, to meet what is buffered.
    flow?.pause();
    void strike().finally(() => setTimeout(() => flow?.resume(), 50));
  });
  assert.equal(await within(reading, SETTLES_WITHIN_MS), rows);
  return rows;
}

for (const [name, { act, code }] of Object.entries(FAULTS)) {
  for (const at of [1, 40_000]) {
    test(`reading fails with ${code} when ${name} at row ${at} of 80000`, async () => {
      await withDatabase(async (database, admin) => {
        await createRows(admin, 80_000);
        const reader = await openConnection(settingsFor(database));
        await assert.rejects(
          readUnderFault(reader, at, () => act(reader, admin)),
          (error) => isOperationError(error, code as 'OP_BUG') && Number(error.details.rowsRead) < 80_000,
        );
        await reader.close();
      });
    });
  }
}

test('a fault at the last row, or in a result of ten rows, gives every row or an error', async () => {
  await withDatabase(async (database, admin) => {
    for (const total of [10, 20_000]) {
      await admin.query('DROP TABLE IF EXISTS t');
      await createRows(admin, total);
      for (const { act } of Object.values(FAULTS)) {
        for (const at of [1, total / 2, total - 1, total]) {
          const reader = await openConnection(settingsFor(database));
          const outcome = await readUnderFault(reader, at, () => act(reader, admin)).catch((error: unknown) => {
            assert.ok(isOperationError(error, 'OP_SOURCE_LOST'), String(error));
            return total;
          });
          assert.equal(outcome, total);
          await reader.close();
        }
      }
    }
  });
});

test('a consumer that stalls longer than the server waits ends in OP_SOURCE_LOST, not in a shorter table', async () => {
  await withDatabase(async (database, admin) => {
    await createRows(admin, 80_000);
    const reader = await openConnection(settingsFor(database));
    await reader.query('SET SESSION net_write_timeout = 1');
    let flow: { pause(): void; resume(): void } | undefined;
    let rows = 0;
    const reading = readRowPackets(
      reader,
      'SELECT * FROM t',
      {
        object: 't',
        signal: never,
        onFlow: (given) => {
          flow = given;
        },
      },
      () => {
        rows += 1;
        if (rows !== 10) return;
        flow?.pause();
        setTimeout(() => flow?.resume(), 4_000);
      },
    );
    await assert.rejects(within(reading, 15_000), (error) => isOperationError(error, 'OP_SOURCE_LOST'));
    await reader.close();
  });
});

test('a reading session waits a day for a slow store', async () => {
  await withDatabase(async (database) => {
    const reader = await openConnection(settingsFor(database));
    const [row] = await reader.query('SELECT @@net_write_timeout AS seconds, @@time_zone AS zone');
    assert.deepEqual({ ...row }, { seconds: '86400', zone: '+00:00' });
    await reader.close();
  });
});

test('a result without fault has every row, an empty one none', async () => {
  await withDatabase(async (database, admin) => {
    await createRows(admin, 5_000);
    const reader = await openConnection(settingsFor(database));
    let rows = 0;
    const count = await readRowPackets(reader, 'SELECT * FROM t', { object: 't', signal: never }, () => {
      rows += 1;
    });
    assert.deepEqual([count, rows], [5_000, 5_000]);
    const none = await readRowPackets(reader, 'SELECT * FROM t WHERE id < 0', { object: 't', signal: never }, () => {
      rows += 1;
    });
    assert.deepEqual([none, rows], [0, 5_000]);
    await reader.close();
  });
});

test('a backup whose readers are killed while it runs is not sealed and leaves nothing behind', async () => {
  await withDatabase(async (database, admin) => {
    await createRows(admin, 60_000);
    await withWorkplace(async (workplace) => {
      const killer = await connect();
      const outcomes: string[] = [];
      for (const delayMs of [30, 80, 150, 250]) {
        const running = backUp(workplace, [sourceOf(database, ['t'])]).then(
          ({ sealed }) => `sealed ${sealed.files.find(({ kind }) => kind === 'table')?.rows}`,
          (error: unknown) => (isOperationError(error) ? error.code : String(error)),
        );
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        const [sessions] = await killer.query<RowDataPacket[]>(
          'SELECT ID AS id FROM information_schema.PROCESSLIST WHERE DB = ? AND ID NOT IN (CONNECTION_ID(), ?)',
          [database, admin.threadId],
        );
        for (const { id } of sessions) await killer.query(`KILL ${id}`).catch(() => undefined);
        outcomes.push(await within(running, 20_000));
      }
      await killer.end();
      for (const outcome of outcomes) assert.match(outcome, /^(sealed 60000|OP_SOURCE_LOST|OP_SOURCE_UNREACHABLE)$/);
      assert.ok(
        outcomes.some((outcome) => outcome.startsWith('OP_')),
        `no kill hit a run: ${outcomes}`,
      );
      assert.deepEqual(await readdir(workplace.workRoot).catch(() => []), []);
    });
  });
});

test('an abort in the middle of an export ends it within seconds and leaves no work directory', async () => {
  await withDatabase(async (database, admin) => {
    await createRows(admin, 60_000);
    await withWorkplace(async (workplace) => {
      const stop = new AbortController();
      const running = backUp(workplace, [sourceOf(database, ['t'])], { signal: stop.signal });
      setTimeout(() => stop.abort(), 100);
      await assert.rejects(within(running, 8_000), (error) => isOperationError(error, 'OP_ABORTED'));
      assert.deepEqual(await readdir(workplace.workRoot), []);
    });
  });
});

test('a table truncated or altered after the snapshot fails the export', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query('CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t SELECT seq FROM seq_1_to_10');
    for (const change of ['TRUNCATE TABLE t', 'ALTER TABLE t ADD COLUMN more INT, ALGORITHM=COPY']) {
      const reader = await openConnection(settingsFor(database));
      try {
        await reader.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
        await admin.query(change);
        await assert.rejects(
          readRowPackets(reader, 'SELECT * FROM t', { object: 't', signal: never }, () => {}),
          (error) => isOperationError(error, 'OP_SCHEMA_CHANGED'),
          change,
        );
      } finally {
        await reader.close();
      }
    }
  });
});

test('wrong host, password, database, table, view and engine each have their own code', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(
      'CREATE TABLE t (id INT PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t; CREATE TABLE m (id INT) ENGINE=MyISAM',
    );
    await withWorkplace(async (workplace) => {
      const codeOf = async (tables: readonly string[], settings = settingsFor(database)) =>
        await backUp(workplace, [sourceOf(database, tables, settings)]).then(
          () => 'sealed',
          (error: unknown) => {
            assert.ok(isOperationError(error), String(error));
            assert.ok(!JSON.stringify([error.message, error.details, error.remedy]).includes('canary-pw'));
            return error.code;
          },
        );
      assert.equal(await codeOf(['t'], settingsFor(database, { port: 1 })), 'OP_SOURCE_UNREACHABLE');
      assert.equal(
        await codeOf(['t'], settingsFor(database, { host: 'no-such-host.invalid' })),
        'OP_SOURCE_UNREACHABLE',
      );
      assert.equal(await codeOf(['t'], settingsFor(database, { password: 'canary-pw' })), 'OP_SOURCE_DENIED');
      assert.equal(await codeOf(['t'], settingsFor('no_such_database')), 'OP_SOURCE_MISSING');
      assert.equal(await codeOf(['nope']), 'OP_SOURCE_MISSING');
      assert.equal(await codeOf(['v']), 'OP_CONFIG_INVALID');
      assert.equal(await codeOf(['m']), 'OP_SNAPSHOT_REFUSED');
      assert.equal(await codeOf(['t']), 'sealed');
      const described = await carryOut('listSets', { location: workplace.location }, never, () => {});
      assert.equal(described.sets.length, 1);
    });
  });
});

test('an account that may not read a table is told the GRANT; one with SELECT alone can back up', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(
      'CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT PRIMARY KEY); INSERT INTO a VALUES (1)',
    );
    const user = database;
    await admin.query(`CREATE USER ${user}@'%' IDENTIFIED BY 'pw'; GRANT SELECT ON ${database}.a TO ${user}@'%'`);
    try {
      const settings = settingsFor(database, { user, password: 'pw' });
      await withWorkplace(async (workplace) => {
        await assert.rejects(backUp(workplace, [sourceOf(database, ['a', 'b'], settings)]), (error) => {
          assert.ok(isOperationError(error, 'OP_SOURCE_DENIED'), String(error));
          assert.match(error.remedy, new RegExp(`GRANT SELECT ON \`${database}\`.\`b\` TO '${user}'@'%'`));
          return true;
        });
        const { sealed } = await backUp(workplace, [sourceOf(database, ['a'], settings)]);
        assert.equal(sealed.snapshots[0]?.method, 'single-connection');
      });
    } finally {
      await admin.query(`DROP USER ${user}@'%'`);
    }
  });
});
