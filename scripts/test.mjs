// `npm test`: lint, types, then every test, against a private MariaDB and a private Ceph Object Gateway. `npm test unit` runs one group.
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCeph } from './ceph.mjs';
import { startMariaDb } from './mariadb.mjs';
import { ensureProgram } from './programs.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const GROUPS = { unit: ['unit'], db: ['db', 'faults'], flows: ['flows'], e2e: ['e2e'] };
const wanted = process.argv.slice(2);
const groups = wanted.length > 0 ? wanted : Object.keys(GROUPS);

function testFiles(folder) {
  try {
    return readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return testFiles(path);
      return name.endsWith('.test.js') ? [path] : [];
    });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

const node = (script, ...args) =>
  execFileSync(process.execPath, [join(root, 'node_modules', script), ...args], { cwd: root, stdio: 'inherit' });
if (wanted.length === 0) node('@biomejs/biome/bin/biome', 'check', '.');
execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
rmSync(join(root, '.test-build'), { recursive: true, force: true });
node('typescript/bin/tsc', '-p', join(root, 'test'));

const files = groups.flatMap((group) => {
  if (!GROUPS[group]) throw new Error(`no test group "${group}": ${Object.keys(GROUPS).join(', ')}`);
  return GROUPS[group].flatMap((folder) => testFiles(join(root, '.test-build/test', folder)));
});
if (files.length === 0) throw new Error('no test file was found');
if (groups.includes('db')) for (const name of ['jq', 'python3', 'openssl']) ensureProgram([name], [name]);
if (groups.includes('e2e')) ensureProgram(['chromium', 'chromium-browser', 'google-chrome'], ['chromium']);
const server = groups.some((group) => group !== 'unit') ? await startMariaDb() : undefined;
const s3 = groups.some((group) => group === 'db' || group === 'flows') ? await startCeph() : undefined;
const s3Url = s3 && JSON.stringify({ ...s3, stop: undefined });
const status = await new Promise((resolve) => {
  const runner = spawn(process.execPath, ['--test', '--test-concurrency=1', ...files], {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(server ? { BKLOG_TEST_MYSQL_URL: server.url } : {}),
      ...(s3Url ? { BKLOG_TEST_S3: s3Url } : {}),
    },
  });
  runner.once('exit', (code) => resolve(code ?? 1));
});
await s3?.stop();
await server?.stop();
process.exitCode = status;
