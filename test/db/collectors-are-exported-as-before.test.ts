import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Connection } from 'mysql2/promise';
import { isOperationError } from '../../src/errors/operation-error';
import { newRunId } from '../../src/model/ids';
import { carryOut } from '../../src/operations/carry-out';
import { Chance } from '../support/chance';
import { connect, settingsFor, type Workplace, withSchema, withWorkplace } from '../support/database';
import { bkLogSchema, type DatabaseNames, type RandomBkLog, randomBkLog } from '../support/random-bklog';

const FILES = ['log_databus_collectorconfig.json', 'log_search_logindexset.json'] as const;
const FIRST_SEED = Number(process.env.BKLOG_SEED ?? 1);
const BKLOGS = 300;

async function withBkLog(use: (names: DatabaseNames, admin: Connection) => Promise<void>): Promise<void> {
  await withSchema(({ database: bk_nodeman }) =>
    withSchema(({ database: bk_log_search }) =>
      withSchema(async ({ database: sg_migration }) => {
        const names = { bk_nodeman, bk_log_search, sg_migration };
        const admin = await connect();
        try {
          for (const statement of bkLogSchema(names)) await admin.query(statement);
          await use(names, admin);
        } finally {
          await admin.end();
        }
      }),
    ),
  );
}

async function exportAll(workplace: Workplace, names: DatabaseNames, signal = new AbortController().signal) {
  const { workRoot, journalPath, location } = workplace;
  const request = {
    ...{ runId: newRunId(), workRoot, journalPath, directory: location.path },
    ...{ nodeman: settingsFor(names.bk_nodeman), log: settingsFor(names.bk_log_search) },
  };
  return await carryOut('exportCollectors', request, signal, () => {});
}

/** The documents as the oracle writes them, for many environments at once. */
function expected(all: readonly RandomBkLog[]): [string, string][] {
  const input = JSON.stringify(all.map(({ databases }) => databases));
  const output = execFileSync('python3', ['test/support/export_oracle.py'], { input, maxBuffer: 2 ** 30 });
  return JSON.parse(output.toString()) as [string, string][];
}

/** The oracle does not know our words for what is wrong with a step. */
const withoutReasons = (text: string) => text.replace(/("params": null,\n +"error": )"[^"]*"/g, '$1"?"');

test(`the documents of ${BKLOGS} random BK-LOGs are those of export.py, and where it crashed there is a finding`, async () => {
  await withBkLog(async (names, admin) => {
    await withWorkplace(async (workplace) => {
      const all: RandomBkLog[] = [];
      const written: [string, string][] = [];
      let crashes = 0;
      for (let seed = FIRST_SEED; seed < FIRST_SEED + BKLOGS; seed += 1) {
        const random = randomBkLog(new Chance(seed), { names });
        for (const statement of random.sql) await admin.query(statement);
        const { documents, findings, findingCount } = await exportAll(workplace, names);
        const texts = FILES.map((file) => readFileSync(join(workplace.location.path, file), 'utf8'));
        assert.deepEqual(
          documents.map(({ bytes, sha256 }) => [bytes, sha256]),
          texts.map((text) => [Buffer.byteLength(text), createHash('sha256').update(text).digest('hex')]),
        );
        const { collectors, indexSets } = random.originalFails;
        const said = findings.map(({ message }) => message).join('\n');
        // A step that no live collector names ended export.py as well; here nothing is lost by it.
        const isMarked = /"params": null,\n +"error": /.test(texts[0]!);
        assert.equal(/params (cannot be read|are NULL)/.test(said), isMarked, `seed ${seed}: ${said}`);
        assert.ok(collectors || !isMarked, `seed ${seed}: marked without need`);
        assert.equal(/names project .*, which is not there/.test(said), indexSets, `seed ${seed}: ${said}`);
        assert.equal(findingCount, findings.length);
        crashes += collectors || indexSets ? 1 : 0;
        all.push(random);
        written.push([withoutReasons(texts[0]!), withoutReasons(texts[1]!)]);
      }
      assert.ok(crashes > BKLOGS / 10, `${crashes} of them would have crashed`);
      for (const [at, documents] of expected(all).entries()) {
        assert.deepEqual(written[at], documents, `seed ${FIRST_SEED + at}`);
      }
    });
  });
});

test('a platform of thousands of records is read in pages, and a run that is stopped leaves the documents of the last one', async () => {
  await withBkLog(async (names, admin) => {
    await withWorkplace(async (workplace) => {
      const random = randomBkLog(new Chance(7), { names, collectors: 1700, indexSets: 600, hasTextParams: false });
      for (const statement of random.sql) await admin.query(statement);
      await exportAll(workplace, names);
      const read = () => FILES.map((file) => readFileSync(join(workplace.location.path, file), 'utf8'));
      const [documents] = expected([random]);
      assert.deepEqual(read(), documents);

      await admin.query(`DELETE FROM \`${names.bk_log_search}\`.log_databus_collectorconfig`);
      await admin.query(`DROP TABLE \`${names.bk_log_search}\`.log_search_projectinfo`);
      await assert.rejects(exportAll(workplace, names), (error) => isOperationError(error, 'OP_SOURCE_MISSING'));
      assert.deepEqual(read(), documents);
      assert.deepEqual(readdirSync(workplace.location.path).sort(), [...FILES].sort());
    });
  });
});

test('the documents of the sample rows are those that export.py itself wrote', async () => {
  const rows = JSON.parse(readFileSync('test/fixtures/bklog-rows.json', 'utf8'));
  await withBkLog(async (names, admin) => {
    for (const database of ['bk_nodeman', 'bk_log_search'] as const) {
      for (const [table, list] of Object.entries(rows[database] as Record<string, Record<string, unknown>[]>)) {
        for (const row of list) {
          const cells = Object.values(row).map((cell) =>
            cell !== null && typeof cell === 'object' ? JSON.stringify(cell) : cell,
          );
          const columns = Object.keys(row).map((name) => `\`${name}\``);
          const place = `\`${names[database]}\`.\`${table}\``;
          await admin.query(`INSERT INTO ${place} (${columns}) VALUES (?)`, [cells]);
        }
      }
    }
    await withWorkplace(async (workplace) => {
      const { documents } = await exportAll(workplace, names);
      // Of the original's run on MariaDB 10.11.
      assert.deepEqual(
        documents.map(({ sha256 }) => sha256),
        [
          '0342db89c285490a477ff361ecc4e7aca2fdaa82ec6ead280007e8beef9d5b1a',
          'ba3c6b182df6042f5acfa2be77212dc8963b2bdc5690d810f80d171bb01e3902',
        ],
      );
    });
  });
});
