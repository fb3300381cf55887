import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { testServer } from '../support/database';
import { cleanExportFiles } from './clean-exports-flows';
import {
  badgeOf,
  chromiumPath,
  closeDialog,
  deploy,
  dismissNotifications,
  type Editor,
  importExample,
  nodeOnCanvas,
  openDialog,
  openEditor,
} from './editor';
import { fillConnection, idsOf, type Locale, lookAtHelp, lookAtNodes, textOfDialog } from './forms';
import { fillLocationOfAnyKind } from './location-forms';
import { migrateAndUndo } from './migrate-flows';
import { proveMonthly, restoreAndUndo } from './restore-flows';

interface Host {
  readonly name: string;
  readonly nodeRed: string;
  readonly command: string[];
}
interface RunningNodeRed {
  readonly url: string;
  output(): string;
  stop(): Promise<void>;
}
const script = (name: string) => pathToFileURL(join(process.cwd(), 'scripts', name)).href;

/** Words the forms show, one of each node, and the palette's category. */
const WORDS = {
  'en-US': {
    category: 'backup',
    'db-source': 'BK-LOG core tables',
    'table-export': 'Set name',
    'archive-store': 'store and seal',
    verify: 'Every byte was read',
    retention: 'What would this do now?',
    keep: 'newest verified set',
  },
  'zh-CN': {
    category: '备份',
    'db-source': 'BK-LOG 核心表',
    'table-export': '备份集名称',
    'archive-store': '存储并封存',
    verify: '读取了每个字节',
    retention: '现在会怎样处理？',
    keep: '最新的已校验备份集',
  },
} as const;
type FlowType = 'db-source' | 'table-export' | 'archive-store' | 'verify' | 'retention';
const FLOW_TYPES: readonly FlowType[] = ['db-source', 'table-export', 'archive-store', 'verify', 'retention'];

const pictures = process.env.BKLOG_E2E_PICTURES;
async function picture(page: Page, host: Host, locale: Locale, name: string): Promise<void> {
  if (!pictures || host.name !== 'Node-RED 5.0 on Node 24') return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.${locale}.png`) });
}

const folder = mkdtempSync(join(tmpdir(), 'bklog-e2e-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Opens the dialog of each node: translated texts, the tables of the server, the plan for the location. */
async function lookAtDialogs(page: Page, host: Host, locale: Locale): Promise<void> {
  const seen = new Set<string>();
  await lookAtNodes(page, locale, async (type) => {
    if (type === 'db-source')
      await page.locator('#node-input-tables-tree .red-ui-treeList-sublabel-text').first().waitFor();
    if (type === 'retention') await page.locator('#retention-plan .retention-keep').first().waitFor();
    const text = await textOfDialog(page, locale);
    assert.ok(text.includes(WORDS[locale][type as FlowType]), `${type}: ${text}`);
    if (type === 'retention') assert.ok(text.includes(WORDS[locale].keep), text);
    if (!seen.has(type)) await picture(page, host, locale, type);
    seen.add(type);
  });
  assert.deepEqual([...seen].sort(), [...FLOW_TYPES].sort());
}

async function walkThrough({ page }: Editor, host: Host, locale: Locale, path: string): Promise<void> {
  assert.match(await page.locator('#red-ui-palette-container').innerText(), new RegExp(WORDS[locale].category));
  await lookAtHelp(page, locale);
  await importExample(page, '01 - Nightly full backup');
  const sources = await idsOf(page, 'db-source');
  assert.equal(sources.length, 2);
  for (const id of sources) {
    await openDialog(page, id);
    await fillConnection(page, locale, 'connection', () => picture(page, host, locale, 'db-connection'));
    await closeDialog(page);
  }
  const [store = ''] = await idsOf(page, 'archive-store');
  await openDialog(page, store);
  await fillLocationOfAnyKind(page, locale, path, (name) => picture(page, host, locale, name));
  await closeDialog(page);
  await deploy(page);

  const [inject = ''] = await idsOf(page, 'inject');
  await nodeOnCanvas(page, inject).locator('.red-ui-flow-node-button-button').click({ force: true });
  const [retention = ''] = await idsOf(page, 'retention');
  await page.waitForFunction(
    (id) => document.getElementById(id)?.querySelector('.red-ui-flow-node-status-dot-green') !== null,
    retention,
    { timeout: 60_000 },
  );
  for (const type of FLOW_TYPES) {
    for (const id of await idsOf(page, type)) {
      const { text, fill } = await badgeOf(page, id);
      assert.deepEqual([fill, /^\d\d:\d\d · /.test(text)], ['green', true], `${type}: ${fill} "${text}"`);
    }
  }
  await dismissNotifications(page);
  await picture(page, host, locale, 'flow');
  await lookAtDialogs(page, host, locale);
}

/** What the host logged besides its own remarks on a fresh user directory. */
function warningsOf(output: string): string[] {
  const own = /Projects disabled|Encrypted credentials not found/;
  return output.split('\n').filter((line) => line.trim() && !own.test(line));
}

test('the examples for backup, restore, restore test, migration and export files are imported, filled in, deployed and run in the real editor', async (t) => {
  const { startNodeRed } = (await import(script('node-red.mjs'))) as {
    startNodeRed(options: object): Promise<RunningNodeRed>;
  };
  const versions = (await import(script('node-red-versions.mjs'))) as { hosts(): Host[]; installPacked(): string };
  const { loadDemoData } = (await import(script('demo-data/load-demo-data.mjs'))) as {
    loadDemoData(url: string, amounts: object): Promise<unknown>;
  };
  const { host: address, port, user, password } = testServer();
  await loadDemoData(`mysql://${user}:${encodeURIComponent(password)}@${address}:${port}/`, {
    businesses: 2,
    collectors: 20,
  });
  const packageFolder = versions.installPacked();
  const executablePath = chromiumPath(existsSync);
  for (const [turn, host] of versions.hosts().entries()) {
    for (const [at, locale] of (Object.keys(WORDS) as Locale[]).entries()) {
      await t.test(`${host.name}, ${locale}`, async () => {
        const userDir = mkdtempSync(join(folder, 'user-'));
        const path = mkdtempSync(join(folder, 'archive-'));
        const nodeRed = await startNodeRed({ userDir, packageFolder, nodeRed: host.nodeRed, command: host.command });
        try {
          const profile = mkdtempSync(join(folder, 'browser-'));
          const editor = await openEditor(nodeRed.url, { locale, profile, executablePath });
          try {
            const look = (name: string) => picture(editor.page, host, locale, name);
            await walkThrough(editor, host, locale, path);
            assert.equal(readdirSync(path).filter((name) => name.endsWith('.manifest.json')).length, 1);
            // In each Node-RED in one language, and in each language in one Node-RED: they take as long as all the rest.
            if (pictures || turn % 2 === at % 2) {
              await restoreAndUndo(editor, locale, path, look);
              await migrateAndUndo(editor, locale, mkdtempSync(join(folder, 'migration-')), look);
              await proveMonthly(editor, locale, path, look);
            }
            if (pictures || (turn === 1 && locale === 'zh-CN')) {
              await cleanExportFiles(editor, locale, mkdtempSync(join(folder, 'exports-')), look);
            }
            assert.deepEqual(editor.complaints, []);
          } finally {
            await editor.close();
          }
          assert.deepEqual(warningsOf(nodeRed.output()), []);
        } finally {
          await nodeRed.stop();
        }
      });
    }
  }
});
