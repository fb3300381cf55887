import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

/** bcrypt of "word": no secret, the users live as long as this test. */
const PASSWORD = '$2b$04$s0kS8F3K7wY4H/7MEYWr9Olt6EGkhn8jte1q2EbTZLW4surhTbX7.';
const USERS = { flows: 'flows.read', reader: 'bklog-backup.read', writer: 'bklog-backup.write' } as const;
type User = keyof typeof USERS;

interface RunningNodeRed {
  readonly url: string;
  stop(): Promise<void>;
}
type StartNodeRed = (options: { userDir: string; adminAuth: object }) => Promise<RunningNodeRed>;

/** Method, path and permission of every admin endpoint, from the sources. */
const ENDPOINTS = readdirSync('nodes')
  .filter((name) => name !== 'shared')
  .flatMap((type) => [
    ...readFileSync(`nodes/${type}/${type}.ts`, 'utf8').matchAll(
      /httpAdmin\.(get|post)\(\s*'([^']+)',\s*RED\.auth\.needsPermission\('([^']+)'\)/g,
    ),
  ])
  .map(([, method = '', path = '', permission = '']) => ({
    ...{ method: method.toUpperCase(), path: path.replace(':id', 'nobody'), permission },
  }));

async function tokenOf(url: string, username: User): Promise<string> {
  const body = { client_id: 'node-red-admin', grant_type: 'password', scope: '', username, password: 'word' };
  const response = await fetch(`${url}/auth/token`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  return token;
}

test('every question of a form is refused to everybody but users with its permission', async () => {
  assert.ok(ENDPOINTS.some(({ path }) => path === '/bklog-backup/collector-migrate/nobody/plan'));
  const { startNodeRed } = (await import(pathToFileURL(join(process.cwd(), 'scripts/node-red.mjs')).href)) as {
    startNodeRed: StartNodeRed;
  };
  const users = Object.entries(USERS).map(([username, permissions]) => ({ username, permissions, password: PASSWORD }));
  const userDir = mkdtempSync(join(tmpdir(), 'bklog-permissions-'));
  const { url, stop } = await startNodeRed({ userDir, adminAuth: { type: 'credentials', users } });
  try {
    const tokens = { nobody: '', flows: '', reader: '', writer: '' };
    for (const user of Object.keys(USERS) as User[]) tokens[user] = await tokenOf(url, user);
    for (const { method, path, permission } of ENDPOINTS) {
      for (const [user, token] of Object.entries(tokens)) {
        const headers = { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) };
        const response = await fetch(`${url}${path}`, {
          method,
          headers,
          ...(method === 'POST' ? { body: '{}' } : {}),
        });
        const isAllowed = USERS[user as User] === permission;
        assert.equal(response.status !== 401, isAllowed, `${user} at ${method} ${path}: HTTP ${response.status}`);
        if (!isAllowed) assert.doesNotMatch(await response.text(), /OP_|plan/);
      }
    }
  } finally {
    await stop();
    await rm(userDir, { recursive: true, force: true });
  }
});
