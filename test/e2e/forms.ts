import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { testServer } from '../support/database';

export type Locale = 'en-US' | 'zh-CN';

interface EditorNode {
  readonly id: string;
  readonly name?: string;
  readonly z?: string;
}
type EditorGlobal = typeof globalThis & {
  RED: {
    nodes: { filterNodes(filter: object): EditorNode[]; getNodeHelp(type: string): string };
    workspaces: { show(id: string): void; active(): string };
  };
};

/** Ids of the nodes of a type on the tab that is shown. */
export async function idsOf(page: Page, type: string, name?: string): Promise<string[]> {
  return await page.evaluate(
    ([wantedType, wantedName]) => {
      const { RED } = globalThis as EditorGlobal;
      return RED.nodes
        .filterNodes({ type: wantedType, z: RED.workspaces.active() })
        .filter((node) => wantedName === undefined || node.name === wantedName)
        .map(({ id }) => id);
    },
    [type, name] as const,
  );
}

/** The one node of a type and name. */
export async function idOf(page: Page, type: string, name?: string): Promise<string> {
  const [id, ...more] = await idsOf(page, type, name);
  assert.ok(id !== undefined && more.length === 0, `${more.length + (id ? 1 : 0)} nodes ${type} "${name}"`);
  return id;
}

/** An example comes in on a tab of its own: shows the newest tab with a node of this type. */
export async function showTabOf(page: Page, type: string): Promise<void> {
  await page.evaluate((wanted) => {
    const { RED } = globalThis as EditorGlobal;
    RED.workspaces.show(RED.nodes.filterNodes({ type: wanted }).at(-1)!.z!);
  }, type);
}

export async function helpOf(page: Page, type: string): Promise<string> {
  return await page.evaluate((wanted) => (globalThis as EditorGlobal).RED.nodes.getNodeHelp(wanted), type);
}

async function openConfig(page: Page, field: string): Promise<void> {
  await page.locator(`#node-input-lookup-${field}, #node-input-btn-${field}-edit`).first().click();
  await page.locator('#node-config-dialog-ok').waitFor();
  await page.waitForTimeout(500);
}

async function closeConfig(page: Page): Promise<void> {
  await page.locator('#node-config-dialog-ok').click();
  await page.locator('#node-config-dialog-ok').waitFor({ state: 'detached' });
  await page.waitForTimeout(500);
}

/** In an open dialog: edits the connection of a field to the server of the tests, tries it, and keeps it. */
export async function fillConnection(page: Page, field: string, look: () => Promise<void> = async () => {}) {
  await openConfig(page, field);
  const { host, port, user, password } = testServer();
  for (const [name, value] of Object.entries({ host, port: String(port), user, password })) {
    await page.locator(`#node-config-input-${name}`).fill(value);
  }
  await page.locator('#db-connection-test').click();
  await page.locator('#db-connection-answer.db-connection-good').waitFor();
  assert.match(await page.locator('#db-connection-answer').innerText(), /MariaDB|MySQL/);
  await look();
  await closeConfig(page);
}

/** In an open dialog: points its location to a folder. */
export async function fillLocation(page: Page, path: string): Promise<void> {
  await openConfig(page, 'location');
  await page.locator('#node-config-input-path').fill(path);
  await page.locator('#node-config-input-requireMount').uncheck();
  await closeConfig(page);
}

/** What an open dialog shows, options of its lists included; a key that was not translated fails. */
export async function textOfDialog(page: Page): Promise<string> {
  const form = await page.locator('#dialog-form').innerText();
  const options = (await page.locator('#dialog-form option').allTextContents()).join(' ');
  const text = `${form} ${options}`;
  assert.doesNotMatch(text, /\b[a-z]+-[a-z]+\.\w+\.\w+|\b(?:verify|retention)\.\w+\.\w+/);
  return text;
}
