import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isOperationError } from '../../src/errors/operation-error';
import { type ConnectionSettings, connectionSettingsSchema } from '../../src/model/connection-settings';
import { openConnection } from '../../src/mysql/connection';
import { withPrivateServer } from '../support/private-server';

/** A certificate authority and a certificate for 127.0.0.1 that it signed. */
function makeCertificates(folder: string): { ca: string; cert: string; key: string } {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = (name: string) => ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}-key.pem`];
  openssl('req', '-x509', ...newKey('ca'), '-out', 'ca.pem', '-days', '1', '-subj', '/CN=test authority');
  openssl(
    'req',
    ...newKey('server'),
    '-out',
    'server.csr',
    '-subj',
    '/CN=127.0.0.1',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
  );
  openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca-key.pem',
    '-out',
    'server.pem',
    '-days',
    '1',
    '-copy_extensions',
    'copy',
  );
  return { ca: join(folder, 'ca.pem'), cert: join(folder, 'server.pem'), key: join(folder, 'server-key.pem') };
}

test('a connection is encrypted when TLS is on, and refused when the certificate is not trusted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bklog-tls-'));
  try {
    const { ca, cert, key } = makeCertificates(folder);
    const other = makeCertificates(mkdtempSync(join(folder, 'other-')));
    const serverOptions = [`--ssl-ca=${ca}`, `--ssl-cert=${cert}`, `--ssl-key=${key}`];
    await withPrivateServer({ label: 'tls', serverOptions }, async ({ host, port, user, password }) => {
      const settingsWith = (tls?: object) =>
        connectionSettingsSchema.parse({
          name: 'tls',
          host,
          port,
          user,
          password,
          database: 'mysql',
          ...(tls ? { tls } : {}),
        });
      const cipherOf = async (settings: ConnectionSettings) => {
        const connection = await openConnection(settings);
        try {
          return (await connection.query("SHOW STATUS LIKE 'Ssl_cipher'"))[0]?.Value;
        } finally {
          await connection.close();
        }
      };
      assert.ok(await cipherOf(settingsWith({ ca })), 'a trusted server is talked to in cipher');
      assert.ok(await cipherOf(settingsWith({ rejectUnauthorized: false })));
      assert.equal(await cipherOf(settingsWith()), '');
      for (const tls of [{ ca: other.ca }, {}]) {
        await assert.rejects(cipherOf(settingsWith(tls)), (error) => {
          assert.ok(isOperationError(error, 'OP_SOURCE_UNREACHABLE'), String(error));
          assert.match(error.message, /certificate/i);
          return true;
        });
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
