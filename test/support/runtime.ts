import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import helper from 'node-red-node-test-helper';

const TYPES = [
  'db-connection',
  'bklog-api',
  'archive-location',
  'db-source',
  'table-export',
  'archive-store',
  'verify',
  'retention',
  'table-restore',
  'id-mapper',
  'collector-migrate',
];
const CONFIG_TYPES = new Set(['db-connection', 'archive-location', 'bklog-api']);
const nodes = TYPES.map((type) => require(join(process.cwd(), 'dist/nodes', type, `${type}.js`)));

export interface FlowItem {
  readonly id: string;
  readonly type: string;
  readonly [field: string]: unknown;
}
export interface FlowMessage {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came out
  payload: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  failure?: any;
  [field: string]: unknown;
}
type Credentials = Record<string, Record<string, string>>;

/** Lends a Node-RED runtime with our nodes; its user directory is a temporary folder. */
export async function withRuntime<T>(use: (userDir: string) => Promise<T>): Promise<T> {
  const userDir = mkdtempSync(join(tmpdir(), 'bklog-runtime-'));
  helper.init(require.resolve('node-red'), { userDir } as never);
  await new Promise<void>((resolve) => {
    helper.startServer(resolve);
  });
  try {
    return await use(userDir);
  } finally {
    await helper.unload();
    await new Promise<void>((resolve) => {
      helper.stopServer(resolve);
    });
    await rm(userDir, { recursive: true, force: true });
  }
}

/** Loads a flow on one tab, so that catch nodes see the others. */
export async function loadFlow(items: readonly FlowItem[], credentials: Credentials): Promise<void> {
  await helper.unload();
  const isConfig = ({ type }: FlowItem) => CONFIG_TYPES.has(type);
  const flow = [
    { id: 'tab', type: 'tab' },
    ...items.map((item) => (isConfig(item) ? item : { z: 'tab', x: 100, y: 100, wires: [], ...item })),
  ];
  await helper.load(nodes, flow as never, credentials);
}

/** The next message that reaches the sink `id`. */
export function nextMessage(id: string, patienceMs = 30_000): Promise<FlowMessage> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`nothing reached ${id} in ${patienceMs} ms`)), patienceMs);
    helper.getNode(id).once('input', (msg: unknown) => {
      clearTimeout(timer);
      resolve(msg as FlowMessage);
    });
  });
}

export function send(id: string, message: Record<string, unknown> = { payload: 1 }): void {
  helper.getNode(id).receive(message as never);
}

/** Every badge `id` shows from now on. */
export function collectBadges(id: string): { fill?: string; shape?: string; text?: string }[] {
  const badges: { fill?: string; shape?: string; text?: string }[] = [];
  const emitter = helper.getNode(id) as unknown as NodeJS.EventEmitter;
  emitter.on('call:status', (call: { args: [object] }) => badges.push(call.args[0]));
  return badges;
}

export { helper };
