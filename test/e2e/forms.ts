import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { testServer } from '../support/database';
import { closeConfigDialog, closeDialog, openConfigDialog, openDialog } from './editor';

export type Locale = 'en-US' | 'zh-CN';

/** The parts of an editor's node that show words of ours. */
interface EditorNode {
  readonly id: string;
  readonly type: string;
  readonly name?: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly _def: {
    paletteLabel(this: EditorNode): string;
    inputLabels?(this: EditorNode, index: number): string;
    outputLabels?(this: EditorNode, index: number): string;
  };
}
type EditorGlobal = typeof globalThis & {
  RED: {
    nodes: { filterNodes(filter: object): EditorNode[]; getNodeHelp(type: string): string };
    workspaces: { active(): string };
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

/** In an open dialog: edits the connection of a field to the server of the tests, tries it, and keeps it. */
export async function fillConnection(
  page: Page,
  locale: Locale,
  field: string,
  look: () => Promise<void> = async () => {},
): Promise<void> {
  await openConfigDialog(page, field);
  const { host, port, user, password } = testServer();
  for (const [name, value] of Object.entries({ host, port: String(port), user, password })) {
    await page.locator(`#node-config-input-${name}`).fill(value);
  }
  await page.locator('#db-connection-test').click();
  await page.locator('#db-connection-answer.db-connection-good').waitFor();
  assert.match(await page.locator('#db-connection-answer').innerText(), /MariaDB|MySQL/);
  await textOfDialog(page, locale);
  await look();
  await closeConfigDialog(page);
}

/** In an open dialog: points its location to a folder. */
export async function fillLocation(page: Page, locale: Locale, path: string): Promise<void> {
  await openConfigDialog(page, 'location');
  await page.locator('#node-config-input-path').fill(path);
  await page.locator('#node-config-input-requireMount').uncheck();
  await textOfDialog(page, locale);
  await closeConfigDialog(page);
}

const OUR_TYPES = Object.keys(JSON.parse(readFileSync('package.json', 'utf8'))['node-red'].nodes);
const LABEL_KEY = new RegExp(`\\b(?:${OUR_TYPES.join('|')})\\.[a-z]\\w*`, 'i');

const HAN = /\p{Script=Han}/u;

function assertTranslated(text: string, locale: Locale, where: string): void {
  assert.ok(text.trim(), `${where} is empty`);
  assert.doesNotMatch(text, LABEL_KEY, where);
  if (locale === 'zh-CN') assert.match(text, HAN, where);
}

/** What the open dialog shows, options and placeholders included; a text that was not translated fails. */
export async function textOfDialog(page: Page, locale: Locale): Promise<string> {
  const form = page.locator('#node-config-dialog-edit-form, #dialog-form').last();
  const labels = await form.locator('[data-i18n]:not([placeholder])').allTextContents();
  const hints = await form
    .locator('[data-i18n][placeholder]')
    .evaluateAll((fields) => fields.map((field) => field.getAttribute('placeholder')!));
  assert.ok(labels.length > 1, 'no form is open');
  // A key that is not there leaves an empty text.
  for (const label of labels) assertTranslated(label, locale, `a label of ${labels}`);
  assert.ok(hints.every(Boolean), `a placeholder of ${labels}`);
  const text = [await form.innerText(), ...labels, ...hints].join(' ');
  assertTranslated(text, locale, text);
  return text;
}

/** Opens the dialog of every node of ours on the tab that is shown; its palette label and ports are translated. */
export async function lookAtNodes(page: Page, locale: Locale, look: (type: string) => Promise<void>): Promise<void> {
  for (const { id, type, words } of await ourNodes(page)) {
    for (const word of words) assertTranslated(word, locale, `a word of ${type}`);
    await openDialog(page, id);
    await look(type);
    await closeDialog(page);
  }
}

async function ourNodes(page: Page): Promise<{ id: string; type: string; words: string[] }[]> {
  return await page.evaluate((types) => {
    const { RED } = globalThis as EditorGlobal;
    const nodes = RED.nodes.filterNodes({ z: RED.workspaces.active() }).filter(({ type }) => types.includes(type));
    return nodes.map((node) => {
      const { paletteLabel, inputLabels, outputLabels } = node._def;
      const words = [paletteLabel.call(node)];
      for (let port = 0; port < node.inputs; port += 1) words.push(inputLabels?.call(node, port) ?? '');
      for (let port = 0; port < node.outputs; port += 1) words.push(outputLabels?.call(node, port) ?? '');
      return { id: node.id, type: node.type, words };
    });
  }, OUR_TYPES);
}

/** Every node of ours, configuration nodes included, has a help in the language of the editor. */
export async function lookAtHelp(page: Page, locale: Locale): Promise<void> {
  const helps = await page.evaluate(
    (types) =>
      types.map((type) => {
        const help = (globalThis as EditorGlobal).RED.nodes.getNodeHelp(type);
        return new DOMParser().parseFromString(help, 'text/html').body.textContent ?? '';
      }),
    OUR_TYPES,
  );
  for (const [index, help] of helps.entries()) assertTranslated(help, locale, `the help of ${OUR_TYPES[index]}`);
}
