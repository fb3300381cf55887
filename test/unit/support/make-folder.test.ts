import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../../../src/support/make-folder';

test('folders are created with those above them, and one that is there stays', async () => {
  const root = mkdtempSync(join(tmpdir(), 'bklog-folder-'));
  try {
    const path = join(root, 'a', 'b', 'c');
    await Promise.all([makeFolder(path, 0o700), makeFolder(path, 0o700), makeFolder(join(root, 'a', 'd'))]);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    await makeFolder(path);
    writeFileSync(join(root, 'file'), '');
    for (const wrong of [join(root, 'file'), join(root, 'file', 'x')]) {
      await assert.rejects(makeFolder(wrong), {
        code: 'OP_STORE_UNREACHABLE',
        message: /file is a file, not a folder/,
      });
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('where no folder can be created the answer is an error, not a run that never ends', async () => {
  await assert.rejects(makeFolder('/proc/nowhere/x'), { code: 'ENOENT' });
  await assert.rejects(makeFolder('/proc/nowhere'), { code: 'ENOENT' });
});
