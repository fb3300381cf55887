import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { newRunId } from '../../src/model/ids';
import { retentionPolicySchema } from '../../src/model/retention-policy';
import type { VerifyLevel } from '../../src/model/verification';
import { carryOut } from '../../src/operations/carry-out';
import type { VerifyResult } from '../../src/operations/contract';
import { backUp } from '../support/backup';
import { sourceOf, type Workplace, withDatabase, withWorkplace } from '../support/database';

const never = new AbortController().signal;

interface Scene {
  readonly admin: Connection;
  readonly workplace: Workplace;
  /** Takes a set of the tables, verifies it and gives its id. */
  take(...tables: string[]): Promise<string>;
  verify(set: string, level?: VerifyLevel, more?: object): Promise<VerifyResult>;
  /** Removes all that may go, and gives the verdicts by set. */
  prune(): Promise<{ removed: string[]; reasons: Map<string, string> }>;
}

async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withDatabase(async (database, admin) => {
    await withWorkplace(async (workplace) => {
      const verify: Scene['verify'] = async (set, level = 'intact', more = {}) => {
        const request = { ...workplace, runId: newRunId(), set, level, ...more };
        return await carryOut('verifySet', request, never, () => {});
      };
      await use({
        admin,
        workplace,
        verify,
        async take(...tables) {
          const { sealed } = await backUp(workplace, [sourceOf(database, tables)]);
          await verify(sealed.setId);
          return sealed.setId;
        },
        async prune() {
          const policy = retentionPolicySchema.parse({ keepDays: 0, failedDays: 0 });
          const request = { ...workplace, runId: newRunId(), policy, dryRun: false };
          const { plan, removed } = await carryOut('prune', request, never, () => {});
          const reasons = new Map(plan.sets.map((set) => [set.setId, set.reasons.join('; ')]));
          return { removed: removed.map((key) => /_(\d{14}_\w{10})\./.exec(key)?.[1] ?? key), reasons };
        },
      });
    });
  });
}

const messages = ({ openSuspicions }: VerifyResult) => openSuspicions.map(({ message }) => message);

test('a table that lost 31 % of its rows makes the set suspicious: nothing is pruned until somebody accepts it', async () => {
  await withScene(async ({ admin, workplace, take, verify, prune }) => {
    await admin.query('CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t SELECT seq FROM seq_1_to_100');
    const whole = await take('t');
    await admin.query('DELETE FROM t WHERE id > 69');
    const lost = await take('t');
    const next = await take('t'); // lacks the same rows: no measure is a set that lost some

    const again = await verify(lost, 'present');
    const message = `table t lost 31 % of its rows: 100 rows in set ${whole}, 69 in this one; the rule allows 30 %`;
    assert.deepEqual([again.verification.outcome, messages(again)], ['passed', [message]]);
    assert.deepEqual(messages(await verify(next)), [message]);

    const paused = await prune();
    assert.deepEqual(paused.removed, []);
    const reason = `pruning is paused: set ${lost} is suspicious (${message}); accept it with verify ${lost} --accept`;
    assert.deepEqual([paused.reasons.get(whole), paused.reasons.get(lost)], [reason, reason]);
    const list = async () => (await carryOut('listSets', { location: workplace.location }, never, () => {})).sets;
    assert.deepEqual(
      (await list()).map(({ suspicious }) => suspicious),
      ['open', 'open', undefined],
    );

    const accepted = await verify(lost, 'intact', { accept: true });
    assert.deepEqual([accepted.openSuspicions, accepted.verification.suspicions?.length], [[], 1]);
    assert.deepEqual((await verify(lost)).openSuspicions, [], 'accepted once is accepted');
    assert.deepEqual((await verify(next)).openSuspicions, [], 'has what the accepted set has');
    assert.equal((await list())[1]?.suspicious, 'accepted');
    assert.deepEqual((await prune()).removed, [lost, whole]);
    const left = readdirSync(workplace.location.path).filter((name) => !name.includes(next));
    assert.deepEqual(left, [], 'the acceptance goes with its set');
  });
});

test('a table that lost 30 % is as usual, one that is empty or gone is not', async () => {
  await withScene(async ({ admin, take, verify }) => {
    await admin.query(`CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t SELECT seq FROM seq_1_to_10;
      CREATE TABLE u (id INT PRIMARY KEY); INSERT INTO u VALUES (1)`);
    const first = await take('t', 'u');
    assert.deepEqual((await verify(first)).openSuspicions, [], 'there is no set before it');
    await admin.query('DELETE FROM t WHERE id > 7');
    assert.deepEqual((await verify(await take('t', 'u'))).openSuspicions, []);
    await admin.query('DELETE FROM u');
    const empty = await take('t', 'u');
    assert.match(messages(await verify(empty))[0] ?? '', /^table u became empty/);
    await verify(empty, 'intact', { accept: true });
    assert.deepEqual((await verify(await take('t', 'u'))).openSuspicions, []);
    assert.match(messages(await verify(await take('u')))[0] ?? '', /^table t is not in the set: 7 rows/);
  });
});

test('rows are compared with the nearest older set that was verified good, not with one that nobody looked at', async () => {
  await withScene(async ({ admin, workplace, take, verify }) => {
    await admin.query('CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t SELECT seq FROM seq_1_to_10');
    const [[row]] = await admin.query<RowDataPacket[]>('SELECT DATABASE() AS name');
    const unverified = async () => (await backUp(workplace, [sourceOf(row?.name, ['t'])])).sealed.setId;
    const first = await unverified();
    await admin.query('DELETE FROM t WHERE id > 3');
    const second = await unverified();
    const third = await unverified();
    assert.deepEqual((await verify(third, 'present')).openSuspicions, [], 'none was verified: the nearest counts');
    await verify(first);
    const message = (than: string) =>
      `table t lost 70 % of its rows: 10 rows in set ${than}, 3 in this one; the rule allows 30 %`;
    assert.deepEqual(messages(await verify(third)), [message(first)]);
    assert.deepEqual(messages(await verify(second)), [message(first)]);
    const fourth = await take('t');
    assert.deepEqual(messages(await verify(fourth)), [message(first)], 'two that lost the same prove nothing');
    await verify(third, 'intact', { accept: true });
    assert.deepEqual((await verify(fourth)).openSuspicions, []);
    const { path } = workplace.location;
    writeFileSync(join(path, readdirSync(path).find((name) => name.endsWith(`${third}.tar.gz`))!), 'not an archive');
    await verify(third);
    assert.deepEqual(messages(await verify(fourth)), [message(first)], 'a damaged set is no measure');
  });
});

test('an acceptance counts for the bytes and the table it was made for, and not for damage', async () => {
  await withScene(async ({ admin, workplace, take, verify, prune }) => {
    await admin.query('CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t SELECT seq FROM seq_1_to_10');
    const first = await take('t');
    await admin.query('DELETE FROM t');
    const second = await take('t');
    await verify(second, 'intact', { accept: true });
    const { path } = workplace.location;
    const isAcceptance = (name: string) => name.includes('.accepted-');
    const [note = ''] = readdirSync(path).filter(isAcceptance);
    assert.ok(note.includes(second));
    const again = await verify(second, 'intact', { accept: true });
    assert.deepEqual([again.openSuspicions, readdirSync(path).filter(isAcceptance).length], [[], 1], 'once is enough');

    await admin.query('INSERT INTO t SELECT seq FROM seq_1_to_10');
    await take('t');
    await admin.query('DELETE FROM t');
    const later = await take('t');
    const laterArchive = readdirSync(path).find((name) => name.endsWith(`${later}.tar.gz`))!;
    const stem = note.slice(0, note.indexOf('.accepted-'));
    writeFileSync(join(path, note.replace(stem, laterArchive)), JSON.stringify({ kind: 'acceptance' }));
    assert.equal((await verify(later)).openSuspicions.length, 1, 'a note that cannot be read accepts nothing');
    assert.deepEqual((await prune()).removed, []);

    writeFileSync(join(path, laterArchive), 'not an archive');
    const damaged = await verify(later, 'intact', { accept: true });
    assert.deepEqual([damaged.verification.outcome, damaged.openSuspicions], ['findings', []]);
    assert.ok((await prune()).removed.includes(first));
  });
});

/** BK-LOG's tables as far as the rules look at them; collectors 1 to 3 refer to index sets 1 to 3. */
const CORE = `
  CREATE TABLE log_databus_collectorconfig (collector_config_id INT PRIMARY KEY, collector_config_name VARCHAR(64) NOT NULL,
    collector_scenario_id VARCHAR(64) NOT NULL, index_set_id INT, subscription_id INT, is_deleted TINYINT(1) NOT NULL, description TEXT);
  CREATE TABLE log_search_logindexset (index_set_id INT PRIMARY KEY, index_set_name VARCHAR(64) NOT NULL, scenario_id VARCHAR(64) NOT NULL,
    project_id INT NOT NULL, is_deleted TINYINT(1) NOT NULL);
  INSERT INTO log_databus_collectorconfig SELECT seq, CONCAT('c', seq), 'row', seq, NULL, 0, 'canary-91ab' FROM seq_1_to_3;
  INSERT INTO log_search_logindexset SELECT seq, CONCAT('i', seq), 'log', 0, 0 FROM seq_1_to_3`;

test('a broken relation of BK-LOG is a suspicion and no damage, names keys only, and does not pause pruning', async () => {
  await withScene(async ({ admin, take, verify, prune }) => {
    await admin.query(CORE);
    const tables = ['log_databus_collectorconfig', 'log_search_logindexset'];
    const good = await take(...tables);
    assert.deepEqual((await verify(good, 'readable')).openSuspicions, []);
    await admin.query(`UPDATE log_databus_collectorconfig SET index_set_id = 77 WHERE collector_config_id = 2;
      UPDATE log_databus_collectorconfig SET index_set_id = 78, is_deleted = 1 WHERE collector_config_id = 3;
      UPDATE log_search_logindexset SET index_set_name = '' WHERE index_set_id = 1`);
    const broken = await take(...tables);
    const found = await verify(broken, 'readable');
    assert.deepEqual([found.verification.outcome, found.verification.findings], ['passed', []]);
    const relation = 'relation log_databus_collectorconfig.index_set_id -> log_search_logindexset.index_set_id';
    assert.deepEqual(messages(found), [
      `table log_databus_collectorconfig: 1 row breaks the rule ${relation}: collector_config_id 2`,
      'table log_search_logindexset: 1 row breaks the rule required log_search_logindexset.index_set_name: index_set_id 1',
    ]);
    assert.ok(!JSON.stringify(found).includes('canary'));
    assert.deepEqual((await verify(broken, 'intact')).openSuspicions, [], 'below readable no cell is read');
    await verify(broken, 'readable');
    assert.deepEqual((await prune()).removed, [good]);
  });
});

test("somebody's own rules are checked beside BK-LOG's, and one that does not fit can be neither missed nor accepted", async () => {
  await withScene(async ({ admin, workplace, take, verify }) => {
    await admin.query(`CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, state ENUM('on','off') NOT NULL, part BIGINT UNSIGNED);
      CREATE TABLE part (id BIGINT UNSIGNED PRIMARY KEY);
      INSERT INTO part VALUES (18446744073709551615); INSERT INTO t VALUES (1, 'on', 18446744073709551615), (2, 'off', 18446744073709551614)`);
    const set = await take('t', 'part');
    const rulesPath = join(workplace.folder, 'rules.json');
    const rules = [
      { kind: 'one-of', table: 't', column: 'state', values: ['on'] },
      { kind: 'range', table: 't', column: 'part', max: '18446744073709551614' },
      { kind: 'relation', from: { table: 't', column: 'part' }, to: { table: 'part', column: 'id' } },
      { kind: 'required', table: 't', column: 'stat' },
    ];
    writeFileSync(rulesPath, JSON.stringify({ rules }));
    const found = await verify(set, 'readable', { rulesPath, accept: true });
    assert.deepEqual(
      found.verification.suspicions?.map(({ code, rule, message }) => [code, rule, /: ([^:]*)$/.exec(message)?.[1]]),
      [
        ['OP_CONFIG_INVALID', 'required', 'table t has no column stat'],
        ['OP_CONTENT_SUSPICIOUS', 'one-of', 'id 2'],
        ['OP_CONTENT_SUSPICIOUS', 'range', 'id 1'],
        ['OP_CONTENT_SUSPICIOUS', 'relation', 'id 2'],
      ],
    );
    assert.deepEqual(
      found.openSuspicions.map(({ code }) => code),
      ['OP_CONFIG_INVALID'],
    );
  });
});
