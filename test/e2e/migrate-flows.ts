import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { newRunId } from '../../src/model/ids';
import { carryOut } from '../../src/operations/carry-out';
import { type BkLogGateway, DEFAULT_APP, withBkLogGateway } from '../support/bklog-gateway';
import { execute, settingsFor, testServer } from '../support/database';
import {
  closeConfigDialog,
  closeDialog,
  deploy,
  type Editor,
  importExample,
  openConfigDialog,
  openDialog,
} from './editor';
import { fillConnection, fillLocation, idOf, idsOf, type Locale, lookAtNodes, textOfDialog } from './forms';
import { press } from './restore-flows';

const MIGRATION = 'sg_migration';
/** Old businesses of the sample data and new ones; the space -17 has no counterpart. */
const BUSINESSES = new Map([
  [2, 7],
  [3, 1003],
  [100, 200],
  [101, 201],
]);

/** A set with the collectors of the sample data. */
async function backUpCollectors(path: string, folder: string): Promise<{ collectors: number; indexSets: number }> {
  const around = { runId: newRunId(), workRoot: join(folder, 'work'), journalPath: join(folder, 'runs.jsonl') };
  const signal = new AbortController().signal;
  const collectors = { nodeman: settingsFor('bk_nodeman'), log: settingsFor('bk_log_search') };
  const request = { ...around, app: 'bk_log_search', name: 'collectors', timeZone: 'UTC', sources: [], collectors };
  const { setId, workDirectory, manifest } = await carryOut('exportTables', request, signal, () => {});
  const location = { name: 'e2e', kind: 'folder' as const, path, requireMount: false };
  await carryOut('storeSet', { ...around, location, workDirectory, setId }, signal, () => {});
  const [first, second] = manifest.files.map(({ rows = 0 }) => rows);
  return { collectors: first!, indexSets: second! };
}

/** Lends a target and the tables that the CMDB migration keeps. */
async function withTarget(use: (gateway: BkLogGateway) => Promise<void>): Promise<void> {
  const rows = [...BUSINESSES].map(([from, to]) => `('ee', ${from}, ${to})`).join(', ');
  await execute(
    testServer(),
    `CREATE DATABASE ${MIGRATION};
     CREATE TABLE ${MIGRATION}.cc_EnvIDOffset (env VARCHAR(64) PRIMARY KEY, \`offset\` BIGINT NOT NULL);
     INSERT INTO ${MIGRATION}.cc_EnvIDOffset VALUES ('ee', 2000000);
     CREATE TABLE ${MIGRATION}.cc_EnvBizMap (bk_env VARCHAR(64), bk_old_biz_id INT, bk_new_biz_id INT);
     INSERT INTO ${MIGRATION}.cc_EnvBizMap VALUES ${rows}`,
  );
  const businesses = [...BUSINESSES.values()].map((id) => ({
    ...{ bk_biz_id: id, bk_biz_name: `业务 ${id}`, space_uid: `bkcc__${id}` },
  }));
  try {
    await withBkLogGateway({ businesses }, use);
  } finally {
    await execute(testServer(), `DROP DATABASE ${MIGRATION}`);
  }
}

async function fillApi(page: Page, locale: Locale, gateway: BkLogGateway, look: () => Promise<void>): Promise<void> {
  await openConfigDialog(page, 'api');
  await page.locator('#node-config-input-url').fill(gateway.url);
  await page.locator('#node-config-input-appCode').fill(DEFAULT_APP.bk_app_code);
  await page.locator('#bklog-api-business').fill('7');
  await page.locator('#node-config-input-appSecret').fill(DEFAULT_APP.bk_app_secret);
  await page.locator('#bklog-api-test').click();
  await page.locator('#bklog-api-answer.bklog-api-good').waitFor();
  await textOfDialog(page, locale);
  await look();
  await closeConfigDialog(page);
}

/** The plan as the dialog of collector-migrate shows it; `leaveOut` is left out there. */
async function lookAtPlan(
  page: Page,
  locale: Locale,
  id: string,
  leaveOut: string,
  look: () => Promise<void>,
): Promise<string> {
  await openDialog(page, id);
  await page.locator('#collector-migrate-tabs li').nth(1).click();
  const lines = page.locator('#node-input-choices-lines tr');
  await lines.first().waitFor();
  const text = await textOfDialog(page, locale);
  await look();
  await page.locator('#collector-migrate-filter').fill(leaveOut);
  await page.waitForFunction(() => document.querySelectorAll('#node-input-choices-lines tr').length === 1);
  await lines.first().locator('select').selectOption('leave-out');
  await closeDialog(page);
  return text;
}

/** Example 09: from a set with collectors to another BK-LOG, one item left out in the form, and back. */
export async function migrateAndUndo(
  editor: Editor,
  locale: Locale,
  path: string,
  look: (name: string) => Promise<void>,
): Promise<void> {
  const { page } = editor;
  const folder = join(path, 'migration');
  mkdirSync(folder);
  const inSet = await backUpCollectors(path, folder);
  await withTarget(async (gateway) => {
    await importExample(page, '09 - Migrate collectors to another environment');
    const [migrate = '', undo = ''] = await idsOf(page, 'collector-migrate');
    await openDialog(page, await idOf(page, 'archive-store'));
    await fillLocation(page, locale, path);
    await page.locator('#node-input-directory').fill(folder);
    await closeDialog(page);
    await openDialog(page, await idOf(page, 'id-mapper'));
    await fillConnection(page, locale, 'connection');
    await page.locator('#node-input-directory').fill(join(folder, 'prepared'));
    await look('id-mapper');
    await closeDialog(page);
    await openDialog(page, migrate);
    await fillApi(page, locale, gateway, () => look('bklog-api'));
    await closeDialog(page);
    await lookAtNodes(page, locale, async () => void (await textOfDialog(page, locale)));
    await deploy(page);

    const button = '1 fetch, map and plan';
    const unmapped = await press(editor, button, 'NO COUNTERPART');
    assert.ok(unmapped.records.every(({ business }: { business: number }) => business === -17));
    const { plan, collectors, indexSets } = await press(editor, button, 'THE PLAN');
    assert.deepEqual([collectors, indexSets], [inSet.collectors, inSet.indexSets]);
    assert.deepEqual(
      [plan.itemCount, plan.counts['left-out'], gateway.writes().length],
      [collectors + indexSets, unmapped.count, 0],
    );
    const shown = await lookAtPlan(page, locale, migrate, 'java_app', () => look('collector-migrate'));
    assert.ok(shown.includes('nginx访问日志'), shown);
    await deploy(page);
    const second = await press(editor, button, 'THE PLAN');
    assert.equal(second.plan.counts['left-out'], plan.counts['left-out'] + 1);

    const migrated = await press(editor, '2 migrate it', 'MIGRATED');
    const names = () => gateway.collectors().map(({ collector_config_name_en: name }) => name);
    assert.equal(migrated.created, second.plan.counts.create);
    assert.deepEqual([names().includes('nginx_access'), names().includes('java_app')], [true, false]);
    await look('migrate-flow');
    gateway.forgetRequests();
    assert.equal((await press(editor, button, 'THE PLAN')).plan.counts.done, migrated.created);
    assert.deepEqual(gateway.writes(), []);

    const { plan: removal } = await press(editor, '3 show what an undo removes', 'WOULD REMOVE');
    assert.deepEqual([removal.itemCount, gateway.writes().length], [migrated.created, 0]);
    assert.equal((await press(editor, '4 undo it', 'UNDONE')).removed, migrated.created);
    assert.deepEqual([gateway.collectors(), gateway.indexSets(), undo !== ''], [[], [], true]);
  });
}
