// Starts Node-RED with this package installed, in a process of its own.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const PACKAGE = '@bklog/node-red-backup';

/** Puts a link to a built package where Node-RED looks for nodes. */
function install(userDir, packageFolder) {
  const link = join(userDir, 'node_modules', PACKAGE);
  mkdirSync(dirname(link), { recursive: true });
  if (!existsSync(link)) symlinkSync(packageFolder, link, 'dir');
  const manifest = { name: 'demo', private: true, dependencies: { [PACKAGE]: '*' } };
  writeFileSync(join(userDir, 'package.json'), JSON.stringify(manifest));
}

/**
 * @param {{ userDir: string, port?: number, command?: string[], nodeRed?: string, packageFolder?: string, env?: Record<string, string>, adminAuth?: object }} options
 *   port: 0 takes a free one. command: how to run node; default this very Node. nodeRed: a folder with node-red installed.
 *   adminAuth: as in Node-RED's settings; absent: everybody may do everything.
 * @returns {Promise<{ url: string, output: () => string, stop: () => Promise<void> }>}
 */
export async function startNodeRed({
  userDir,
  port = 0,
  command = [process.execPath],
  nodeRed = root,
  packageFolder = root,
  env = {},
  adminAuth,
}) {
  install(userDir, packageFolder);
  const settings = { userDir, port, nodeRed, credentialSecret: 'demo', adminAuth };
  const [program, ...args] = command;
  const child = spawn(program, [...args, join(root, 'scripts/node-red-host.mjs'), JSON.stringify(settings)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // The group of its own keeps Ctrl-C with the parent, which stops things in order.
    detached: true,
    env: { ...process.env, ...env },
  });
  let output = '';
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{"url"')) resolve(JSON.parse(line).url);
      else output += `${line}\n`;
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`Node-RED ended with status ${code} before it was ready:\n${output}`)),
    );
  });
  return {
    url,
    output: () => output,
    async stop() {
      child.stdin.end();
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Replaces the flows; credentials stand in the nodes. */
export async function deployFlows(url, flows) {
  const response = await fetch(`${url}/flows`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Node-RED-API-Version': 'v2', 'Node-RED-Deployment-Type': 'full' },
    body: JSON.stringify({ flows }),
  });
  if (!response.ok) throw new Error(`deploying failed: HTTP ${response.status} ${await response.text()}`);
}

const INJECT_ATTEMPTS = 50;
const INJECT_PAUSE_MS = 100;

/** Presses the button of an inject node. A deploy is answered before the flows run, so the node may not be there yet. */
export async function pressInject(url, id) {
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(`${url}/inject/${id}`, { method: 'POST' });
    if (response.ok) return;
    if (response.status !== 404 || attempt === INJECT_ATTEMPTS)
      throw new Error(`inject ${id}: HTTP ${response.status}`);
    await sleep(INJECT_PAUSE_MS);
  }
}
