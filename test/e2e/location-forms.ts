import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { closeConfigDialog, openConfigDialog } from './editor';
import { type Locale, textOfDialog } from './forms';

const ALWAYS = ['name', 'kind'];
const KEYS = ['accessKeyId', 'secretAccessKey'];
const TLS = ['tlsRejectUnauthorized', 'tlsCa'];
const BKREPO = ['endpoint', 'project', 'repository', 'prefix', 'authorization', 'user', 'expireDays', ...TLS];

/** The fields of each store: all that the form may show for it. */
const FIELDS = {
  folder: ['path', 'requireMount'],
  s3: ['endpoint', 'region', 'bucket', 'prefix', 'addressing', ...KEYS, 'sessionToken', ...TLS],
  cos: ['region', 'bucket', 'prefix', ...KEYS, 'sessionToken'],
  bkrepo: [...BKREPO, 'password'],
  bklog: ['connection', 'toggle', 'path', 'requireMount', ...BKREPO, 'password'],
} as const;

const input = (page: Page, field: string) => page.locator(`#node-config-input-${field}`);

/** The fields of the location's form that can be seen now. */
async function shownFields(page: Page): Promise<string[]> {
  return await page
    .locator('#node-config-dialog-edit-form [id^="node-config-input-"]:visible')
    .evaluateAll((inputs) => {
      const names = inputs.map(({ id }) => id.replace('node-config-input-', ''));
      return [...new Set(names.map((name) => name.replace(/^lookup-|^btn-|-(edit|add)$/g, '')))];
    });
}

async function assertShown(page: Page, fields: readonly string[], what: string): Promise<void> {
  assert.deepEqual((await shownFields(page)).sort(), [...ALWAYS, ...fields].sort(), what);
}

/** In an open dialog: looks at the location's form for every store, tries a folder, and keeps that. */
export async function fillLocationOfAnyKind(
  page: Page,
  locale: Locale,
  path: string,
  look: (name: string) => Promise<void>,
): Promise<void> {
  await openConfigDialog(page, 'location');
  for (const [kind, fields] of Object.entries(FIELDS)) {
    await input(page, 'kind').selectOption(kind);
    await assertShown(page, fields, kind);
    await look(`archive-location-${kind}`);
  }
  await input(page, 'kind').selectOption('bkrepo');
  await input(page, 'authorization').selectOption('platform');
  await input(page, 'endpoint').fill('http://bkrepo.example.com');
  await assertShown(page, [...BKREPO.filter((field) => !TLS.includes(field)), ...KEYS], 'a platform over plain HTTP');
  await input(page, 'endpoint').fill('');
  await input(page, 'authorization').selectOption('basic');

  await input(page, 'kind').selectOption('folder');

  const answer = page.locator('#archive-location-answer');
  await input(page, 'requireMount').check();
  await input(page, 'path').fill(path);
  await page.locator('#archive-location-test').click();
  await answer.and(page.locator('.archive-location-bad')).waitFor();
  assert.match(await answer.innerText(), /OP_STORE_UNREACHABLE: nothing is mounted/);
  await input(page, 'requireMount').uncheck();
  await page.locator('#archive-location-test').click();
  await answer.and(page.locator('.archive-location-good')).waitFor();
  assert.ok((await answer.innerText()).includes(path), 'the answer names the place');
  await textOfDialog(page, locale);
  await look('archive-location');
  await closeConfigDialog(page);
}
