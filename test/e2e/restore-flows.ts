import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import type { Page } from 'playwright-core';
import { connect } from '../support/database';
import { badgeOf, closeDialog, deploy, importExample, nodeOnCanvas, openDialog } from './editor';
import { fillConnection, fillLocation, helpOf, idOf, idsOf, type Locale, showTabOf, textOfDialog } from './forms';

const WORDS = {
  'en-US': { swap: 'make place and are kept', help: 'Inputs', scratch: 'Restore into' },
  'zh-CN': { swap: '让位', help: '输入', scratch: '恢复到' },
} as const;

const COLLECTORS = 'bk_log_search.log_databus_collectorconfig';

async function rowsOf(sql: string): Promise<RowDataPacket[]> {
  const connection = await connect();
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return rows;
  } finally {
    await connection.end();
  }
}

async function collectorIds(): Promise<number[]> {
  return (await rowsOf(`SELECT collector_config_id AS id FROM ${COLLECTORS} ORDER BY 1`)).map(({ id }) => Number(id));
}

/** Presses the button of an inject node. */
export async function press(page: Page, name: string): Promise<void> {
  const id = await idOf(page, 'inject', name);
  await nodeOnCanvas(page, id).locator('.red-ui-flow-node-button-button').click({ force: true });
}

/** Waits until the debug node of this name shows a text under it. */
async function untilShown(page: Page, name: string, text: RegExp): Promise<void> {
  const id = await idOf(page, 'debug', name);
  const deadline = Date.now() + 60_000;
  for (let shown = ''; !text.test(shown); shown = (await badgeOf(page, id)).text) {
    if (Date.now() > deadline) {
      const failed = await badgeOf(page, await idOf(page, 'debug', 'FAILED'));
      throw new Error(`"${name}" shows "${shown}", FAILED shows "${failed.text}"`);
    }
    await page.waitForTimeout(100);
  }
}

async function assertHelp(page: Page, type: string, locale: Locale): Promise<void> {
  const help = await helpOf(page, type);
  assert.ok(help.includes(WORDS[locale].help), `${type}: the help has no "${WORDS[locale].help}"`);
}

/** Example 02: a human looks at the plan, confirms it, sees the set verified, and undoes the restore. */
export async function restoreAndUndo(page: Page, locale: Locale, path: string, look: (name: string) => Promise<void>) {
  await importExample(page, '02 - Restore the latest backup');
  await showTabOf(page, 'table-restore');
  const [restore = '', undo = ''] = await idsOf(page, 'table-restore');
  await openDialog(page, restore);
  await fillConnection(page, 'connection');
  await fillLocation(page, path);
  const form = await textOfDialog(page);
  assert.ok(form.includes(WORDS[locale].swap), form);
  await look('table-restore');
  await closeDialog(page);
  await openDialog(page, undo);
  await textOfDialog(page);
  await closeDialog(page);
  await assertHelp(page, 'table-restore', locale);
  await deploy(page);

  const backedUp = await collectorIds();
  await rowsOf(`DELETE FROM ${COLLECTORS} ORDER BY collector_config_id LIMIT 3`);
  const damaged = await collectorIds();
  assert.equal(damaged.length, backedUp.length - 3);
  await press(page, '1 list the sets');
  await untilShown(page, 'sets', /./);
  await press(page, '2 show the plan');
  await untilShown(page, 'THE PLAN', /^completed/);
  assert.deepEqual(await collectorIds(), damaged, 'a plan changes nothing');
  await press(page, '3 restore it');
  await untilShown(page, 'VERIFIED', /^passed/);
  assert.deepEqual(await collectorIds(), backedUp);
  await look('restore-flow');
  await press(page, '4 undo it');
  await untilShown(page, 'undone', /^completed/);
  assert.deepEqual(await collectorIds(), damaged, 'what the restore replaced is back');
}

/** Example 03: unattended, with a certificate; a damaged archive goes the other way. */
export async function proveMonthly(page: Page, locale: Locale, path: string, look: (name: string) => Promise<void>) {
  await importExample(page, '03 - Monthly restore test');
  await showTabOf(page, 'verify');
  await openDialog(page, await idOf(page, 'verify'));
  await fillConnection(page, 'scratch');
  await fillLocation(page, path);
  const form = await textOfDialog(page);
  assert.ok(form.includes(WORDS[locale].scratch), form);
  await closeDialog(page);
  await assertHelp(page, 'verify', locale);
  await deploy(page);

  await press(page, 'monthly, day 1 at 05:00');
  await untilShown(page, 'RESTORABLE', /^passed/);
  const [certificate = ''] = readdirSync(path).filter((name) => name.includes('.certificate-'));
  const { kind, tables } = JSON.parse(readFileSync(join(path, certificate), 'utf8'));
  assert.deepEqual([kind, tables.length], ['recovery-certificate', 5]);
  assert.deepEqual(await rowsOf("SHOW DATABASES LIKE 'bklog\\_scratch\\_%'"), []);
  await look('restore-test-flow');

  const archive = join(path, readdirSync(path).find((name) => name.endsWith('.tar.gz'))!);
  const bytes = readFileSync(archive);
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  writeFileSync(archive, bytes);
  await press(page, 'monthly, day 1 at 05:00');
  await untilShown(page, 'FINDINGS', /^findings/);
}
