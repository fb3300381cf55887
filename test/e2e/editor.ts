import { type BrowserContext, chromium, type Page } from 'playwright-core';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const PACKAGE = '@bklog/node-red-backup';

export interface Editor {
  readonly page: Page;
  /** Errors of scripts, console and requests since the editor was opened. */
  readonly complaints: string[];
  /** What the debug nodes have sent to the sidebar, oldest first. */
  readonly debugged: DebugMessage[];
  close(): Promise<void>;
}

export interface DebugMessage {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the flow shows
  readonly value: any;
}

/** Opens the real editor in a real browser and waits until our nodes are in the palette. */
export async function openEditor(
  url: string,
  options: { readonly locale: 'en-US' | 'zh-CN'; readonly profile: string; readonly executablePath: string },
): Promise<Editor> {
  const context: BrowserContext = await chromium.launchPersistentContext(options.profile, {
    executablePath: options.executablePath,
    headless: true,
    locale: options.locale,
    viewport: { width: 1440, height: 800 },
    args: ARGS,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  page.on('requestfailed', (request) => complaints.push(`request: ${request.url()} ${request.failure()?.errorText}`));
  const debugged: DebugMessage[] = [];
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => debugged.push(...debugMessagesOf(String(payload))));
  });
  await page.goto(url);
  await page.waitForFunction(() => {
    const { RED } = globalThis as unknown as { RED?: { nodes?: { getType(type: string): unknown } } };
    return Boolean(RED?.nodes?.getType('retention'));
  });
  await page.waitForSelector('#red-ui-loading-progress', { state: 'hidden' });
  return { page, complaints, debugged, close: () => context.close() };
}

/** The debug messages in one frame that the runtime sends to the editor. */
function debugMessagesOf(frame: string): DebugMessage[] {
  if (!frame.startsWith('[')) return [];
  return JSON.parse(frame)
    .filter(({ topic }: { topic: string }) => topic === 'debug')
    .map(({ data }: { data: { name: string; format: string; msg: string } }) => ({
      name: data.name,
      value: data.format === 'Object' ? JSON.parse(data.msg) : data.msg,
    }));
}

export function chromiumPath(exists: (path: string) => boolean): string {
  const found = [process.env.CHROMIUM_PATH, ...CHROMIUM].find((path) => path && exists(path));
  if (found) return found;
  throw new Error('no Chromium was found: apt-get install chromium, or set CHROMIUM_PATH');
}

/** Imports one of the package's examples as a user does (menu, examples, package, file) and shows its tab. */
export async function importExample(page: Page, name: string): Promise<void> {
  const before = await tabsOf(page);
  await page.evaluate(() => {
    const { RED } = globalThis as unknown as { RED: { actions: { invoke(action: string): void } } };
    RED.actions.invoke('core:show-examples-import-dialog');
  });
  const dialog = page.locator('#red-ui-clipboard-dialog');
  await dialog.locator('.red-ui-treeList-label', { hasText: PACKAGE }).first().click();
  await dialog.locator('.red-ui-treeList-label', { hasText: name }).first().click();
  await page.locator('#red-ui-clipboard-dialog-ok').click();
  await dialog.waitFor({ state: 'hidden' });
  // The dialog closes before the example has been fetched.
  await page.waitForFunction((known) => {
    const { RED } = globalThis as EditorGlobal;
    const added = RED.nodes.getWorkspaceOrder().find((id) => !known.includes(id));
    if (added) RED.workspaces.show(added);
    return added !== undefined;
  }, before);
  await dismissNotifications(page);
}

type EditorGlobal = typeof globalThis & {
  RED: { nodes: { getWorkspaceOrder(): string[] }; workspaces: { show(id: string): void } };
};

async function tabsOf(page: Page): Promise<string[]> {
  return await page.evaluate(() => (globalThis as EditorGlobal).RED.nodes.getWorkspaceOrder());
}

/** A node's element on the canvas. Ids may begin with a digit, which a CSS id selector may not. */
export function nodeOnCanvas(page: Page, id: string) {
  return page.locator(`[id="${id}"]`);
}

export async function openDialog(page: Page, id: string): Promise<void> {
  // While the dialog before it slides out, a shade over the canvas takes the clicks.
  await page.locator('#red-ui-editor-shade').waitFor({ state: 'hidden' });
  await nodeOnCanvas(page, id).locator('rect.red-ui-flow-node').dblclick({ force: true });
  await page.locator('#dialog-form').waitFor();
  await trayStands(page);
}

export async function closeDialog(page: Page): Promise<void> {
  await page.locator('#node-dialog-ok').click();
  await page.locator('#dialog-form').waitFor({ state: 'detached' });
}

/** Opens the configuration node of a field of the open dialog. */
export async function openConfigDialog(page: Page, field: string): Promise<void> {
  await page.locator(`#node-input-lookup-${field}, #node-input-btn-${field}-edit`).first().click();
  await page.locator('#node-config-dialog-edit-form').waitFor();
  await trayStands(page);
}

/** Back to the dialog that it was opened from. */
export async function closeConfigDialog(page: Page): Promise<void> {
  await page.locator('#node-config-dialog-ok').click();
  await page.locator('#node-config-dialog-edit-form').waitFor({ state: 'detached' });
  await trayStands(page);
}

/** A tray slides in; a click before it stands would miss. */
async function trayStands(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const tray = document.querySelector('.red-ui-tray');
    return tray !== null && getComputedStyle(tray).right === '0px';
  });
}

export async function deploy(page: Page): Promise<void> {
  await page.locator('#red-ui-header-button-deploy').click();
  await page.waitForFunction(() => {
    const { RED } = globalThis as unknown as { RED: { nodes: { dirty(): boolean } } };
    return !RED.nodes.dirty();
  });
  await page.locator('#red-ui-full-shade').waitFor({ state: 'hidden' });
  await page.locator('#red-ui-editor-shade').waitFor({ state: 'hidden' });
  await dismissNotifications(page);
}

export async function dismissNotifications(page: Page): Promise<void> {
  // The last first: the others keep their places.
  for (const notice of (await page.locator('.red-ui-notification:visible').all()).reverse()) {
    await notice.click({ timeout: 1_000 }).catch(() => undefined); // it may go by itself meanwhile
  }
}

export async function badgeOf(page: Page, id: string): Promise<{ text: string; fill: string }> {
  const node = nodeOnCanvas(page, id);
  const text = (await node.locator('.red-ui-flow-node-status-label').allTextContents()).join('');
  const shape = await node.locator('.red-ui-flow-node-status').first().getAttribute('class');
  return { text, fill: /status-(?:dot|ring)-(\w+)/.exec(shape ?? '')?.[1] ?? '' };
}
