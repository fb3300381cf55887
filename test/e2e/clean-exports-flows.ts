import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute, readAll, testServer } from '../support/database';
import { closeDialog, deploy, type Editor, importExample, openDialog } from './editor';
import { fillConnection, idsOf, type Locale, textOfDialog } from './forms';
import { press } from './restore-flows';

const TASKS = 'bk_log_search.export_task';
const WORDS = {
  'en-US': { folder: 'Export folder', location: 'Location', remove: 'remove', reason: 'older than 2 days' },
  'zh-CN': { folder: '导出目录', location: '存储位置', remove: '删除', reason: '已超过 2 天' },
} as const;

/** Example 15: a human sees what would be cleaned away, then cleans; the form says the same and shows only its own fields. */
export async function cleanExportFiles(
  editor: Editor,
  locale: Locale,
  folder: string,
  look: (name: string) => Promise<void>,
): Promise<void> {
  const { page } = editor;
  await execute(testServer(), `UPDATE ${TASKS} SET is_clean = 0`);
  const [task] = await readAll(testServer(), `SELECT id, file_name FROM ${TASKS} WHERE id = 1`);
  const file = join(folder, String(task?.file_name));
  writeFileSync(file, Buffer.alloc(4096));

  await importExample(page, '15 - Clean BK-LOG export files');
  const nodes = await idsOf(page, 'retention');
  for (const [at, id] of nodes.entries()) {
    await openDialog(page, id);
    if (at === 0) await fillConnection(page, locale, 'connection');
    await page.locator('#node-input-folder').fill(folder);
    await page.locator('#node-input-requireMount').uncheck();
    await closeDialog(page);
  }
  await deploy(page);

  await openDialog(page, nodes[0]!);
  await page.locator('#retention-show').click();
  await page.locator('#retention-plan .retention-remove').first().waitFor();
  await textOfDialog(page, locale);
  const shown = await page.locator('#dialog-form').innerText();
  const words = WORDS[locale];
  for (const word of [words.folder, words.remove, words.reason]) assert.ok(shown.includes(word), shown);
  assert.ok(!(await page.locator('#node-input-keepDaily').isVisible()), 'a field of the other task');
  await look('retention-exports');
  await page.locator('#node-input-what').selectOption('sets');
  assert.ok(!(await page.locator('#node-input-folder').isVisible()), 'a field of the other task');
  assert.ok((await page.locator('#dialog-form').innerText()).includes(words.location));
  await page.locator('#node-input-what').selectOption('exports');
  await page.locator('#node-dialog-cancel').click();
  await page.locator('#dialog-form').waitFor({ state: 'detached' });

  const plan = await press(editor, '1 what would be cleaned', 'WOULD BE CLEANED');
  assert.deepEqual([plan.dryRun, plan.totals.files, existsSync(file)], [true, 1, true]);
  const done = await press(editor, '2 clean it', 'CLEANED');
  assert.deepEqual([done.dryRun, done.totals, existsSync(file)], [false, plan.totals, false]);
  await look('clean-exports-flow');
  const [after] = await readAll(testServer(), `SELECT is_clean FROM ${TASKS} WHERE id = 1`);
  assert.equal(after?.is_clean, 1);
}
