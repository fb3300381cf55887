// The two hosts we promise to work in, installed from npm into .e2e/ and kept there.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, '.e2e');

function npm(folder, ...args) {
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder, stdio: 'pipe' });
}

function installInto(folder, packages) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  npm(folder, 'install', ...packages);
}

/** Node-RED 4.1 on this Node (our own dev dependency), Node-RED 5.0 on Node 24. */
export function hosts() {
  const newer = join(cache, 'node-red-5');
  if (!existsSync(join(newer, 'node_modules/node-red/package.json'))) {
    console.error('installing Node-RED 5.0 and Node 24 from npm …');
    installInto(newer, ['node-red@~5.0', 'node@24']);
  }
  return [
    { name: 'Node-RED 4.1', nodeRed: root, command: [process.execPath] },
    { name: 'Node-RED 5.0 on Node 24', nodeRed: newer, command: [join(newer, 'node_modules/node/bin/node')] },
  ];
}

/** Packs this package and installs the tarball, as a user's palette manager does; gives the installed folder. */
export function installPacked() {
  const folder = join(cache, 'packed');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  npm(root, 'pack', '--ignore-scripts', `--pack-destination=${folder}`);
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  installInto(folder, [join(folder, tarball)]);
  return join(folder, 'node_modules/@bklog/node-red-backup');
}
