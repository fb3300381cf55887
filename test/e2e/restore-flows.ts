import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { execute, type ReadRow, readAll, testServer, withDatabase } from '../support/database';
import {
  badgeOf,
  closeDialog,
  type DebugMessage,
  deploy,
  type Editor,
  importExample,
  nodeOnCanvas,
  openDialog,
} from './editor';
import { fillConnection, fillLocation, idOf, idsOf, type Locale, lookAtNodes, textOfDialog } from './forms';

const WORDS = {
  'en-US': { swap: 'make place and are kept', scratch: 'Restore into' },
  'zh-CN': { swap: '让位', scratch: '恢复到' },
} as const;

const COLLECTORS = 'bk_log_search.log_databus_collectorconfig';
const RUN_PATIENCE_MS = 60_000;

async function collectors(): Promise<ReadRow[]> {
  return await readAll(testServer(), `SELECT * FROM ${COLLECTORS} ORDER BY collector_config_id`);
}

async function schemasLike(pattern: string): Promise<ReadRow[]> {
  return await readAll(testServer(), `SHOW DATABASES LIKE '${pattern}'`);
}

/** Lends the collectors as they are and puts them back afterwards. */
async function withCollectorsPutBack(use: () => Promise<void>): Promise<void> {
  await withDatabase(async (database) => {
    await execute(testServer(), `CREATE TABLE ${database}.kept AS SELECT * FROM ${COLLECTORS}`);
    try {
      await use();
    } finally {
      await execute(
        testServer(),
        `DELETE FROM ${COLLECTORS}; INSERT INTO ${COLLECTORS} SELECT * FROM ${database}.kept`,
      );
    }
  });
}

/** Three collectors vanish, one is renamed, and one comes that no set has. */
async function damageCollectors(): Promise<void> {
  await execute(
    testServer(),
    `DELETE FROM ${COLLECTORS} ORDER BY collector_config_id LIMIT 3;
     UPDATE ${COLLECTORS} SET collector_config_id = 900001 ORDER BY collector_config_id LIMIT 1;
     UPDATE ${COLLECTORS} SET collector_config_name = 'renamed by mistake' ORDER BY collector_config_id LIMIT 1`,
  );
}

/** Presses the button of an inject node and gives what the debug node of this name shows then. */
export async function press({ page, debugged }: Editor, inject: string, debug: string): Promise<DebugMessage['value']> {
  const before = debugged.length;
  const id = await idOf(page, 'inject', inject);
  await nodeOnCanvas(page, id).locator('.red-ui-flow-node-button-button').click({ force: true });
  for (const deadline = Date.now() + RUN_PATIENCE_MS; ; await sleep(50)) {
    const shown = debugged.slice(before);
    const found = shown.find(({ name }) => name === debug);
    if (found) return found.value;
    if (Date.now() > deadline || shown.some(({ name }) => name === 'FAILED'))
      throw new Error(`"${debug}" was not reached: ${JSON.stringify(shown)}`);
  }
}

/** Waits until a node shows this text under it. */
async function untilBadge(page: Page, id: string, text: RegExp): Promise<void> {
  const deadline = Date.now() + 5_000;
  for (let shown = ''; !text.test(shown); shown = (await badgeOf(page, id)).text) {
    assert.ok(Date.now() < deadline, `the badge is "${shown}", not ${text}`);
    await sleep(50);
  }
}

/** Example 02: a human looks at the plan, confirms it, sees the set verified, and undoes the restore. */
export async function restoreAndUndo(
  editor: Editor,
  locale: Locale,
  path: string,
  look: (name: string) => Promise<void>,
): Promise<void> {
  const { page } = editor;
  await importExample(page, '02 - Restore the latest backup');
  const [restore = '', undo = ''] = await idsOf(page, 'table-restore');
  await openDialog(page, restore);
  await fillConnection(page, locale, 'connection');
  await fillLocation(page, locale, path);
  const form = await textOfDialog(page, locale);
  assert.ok(form.includes(WORDS[locale].swap), form);
  await look('table-restore');
  await closeDialog(page);
  await lookAtNodes(page, locale, async () => void (await textOfDialog(page, locale)));
  await deploy(page);

  await withCollectorsPutBack(async () => {
    const backedUp = await collectors();
    await damageCollectors();
    const damaged = await collectors();
    assert.equal(damaged.length, backedUp.length - 3);

    const { sets } = await press(editor, '1 list the sets', 'sets');
    const { plan, differences } = await press(editor, '2 show the plan', 'THE PLAN');
    await untilBadge(page, restore, / · 2 ✓\?$/);
    assert.deepEqual([sets.length, plan.setId, plan.blockers], [1, sets[0].setId, []]);
    assert.deepEqual(
      differences
        .filter(({ inserted, changed, deleted }: Record<string, number>) => inserted || changed || deleted)
        .map((found: Record<string, unknown>) => [found.table, found.inserted, found.changed, found.deleted]),
      [['log_databus_collectorconfig', 4, 1, 1]],
    );
    assert.deepEqual(await collectors(), damaged, 'a plan changes nothing');

    const verification = await press(editor, '3 restore it', 'VERIFIED');
    assert.deepEqual([verification.level, verification.outcome], ['readable', 'passed']);
    assert.deepEqual(await collectors(), backedUp);
    await look('restore-flow');

    const undone = await press(editor, '4 undo it', 'undone');
    assert.equal(undone.setId, plan.setId);
    await untilBadge(page, undo, / · 5$/);
    assert.deepEqual(await collectors(), damaged, 'what the restore replaced is back');
    assert.deepEqual(await schemasLike('\\_before\\_%'), []);
  });
}

/** Example 03: unattended, with a certificate; a damaged archive and a missing set go the other ways. */
export async function proveMonthly(
  editor: Editor,
  locale: Locale,
  path: string,
  look: (name: string) => Promise<void>,
): Promise<void> {
  const { page } = editor;
  await importExample(page, '03 - Monthly restore test');
  await openDialog(page, await idOf(page, 'verify'));
  await fillConnection(page, locale, 'scratch');
  await fillLocation(page, locale, path);
  await closeDialog(page);
  await lookAtNodes(page, locale, async () => {
    const form = await textOfDialog(page, locale);
    assert.ok(form.includes(WORDS[locale].scratch), form);
  });
  await deploy(page);

  const button = 'monthly, day 1 at 05:00';
  const only = (part: string) => {
    const [name = '', ...more] = readdirSync(path).filter((key) => key.includes(part));
    assert.ok(name && more.length === 0, `${more.length + (name ? 1 : 0)} objects ${part}`);
    return join(path, name);
  };
  const proven = await press(editor, button, 'RESTORABLE');
  const seal = JSON.parse(readFileSync(only('.manifest.json'), 'utf8'));
  const certificate = JSON.parse(readFileSync(only('.certificate-'), 'utf8'));
  assert.deepEqual([proven.level, proven.outcome], ['restorable', 'passed']);
  assert.deepEqual([certificate.kind, certificate.archiveSha256], ['recovery-certificate', seal.archive.sha256]);
  assert.deepEqual(
    certificate.tables.map(({ table, rows }: { table: string; rows: number }) => [table, rows]).sort(),
    seal.files
      .filter(({ kind }: { kind: string }) => kind === 'table')
      .map(({ table, rows }: { table: string; rows: number }) => [table, rows])
      .sort(),
  );
  assert.ok(certificate.recoveryMs > 0);
  assert.deepEqual(await schemasLike('bklog\\_scratch\\_%'), []);
  await look('restore-test-flow');

  const archive = join(path, seal.archive.key);
  const bytes = readFileSync(archive);
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  writeFileSync(archive, bytes);
  const damaged = await press(editor, button, 'FINDINGS');
  assert.deepEqual([damaged.outcome, damaged.findings[0].code], ['findings', 'OP_ARCHIVE_CORRUPT']);
  assert.deepEqual(await schemasLike('bklog\\_scratch\\_%'), []);

  rmSync(only('.manifest.json'));
  assert.equal((await press(editor, button, 'FAILED')).code, 'OP_SET_UNKNOWN');
}
