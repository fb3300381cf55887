import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testLocation } from '../../../src/operations/test-location';
import { withWorkplace } from '../../support/database';

const never = new AbortController().signal;

test('a location that works is tried step by step, and nothing is left in it', async () => {
  await withWorkplace(async ({ location }) => {
    const { done, failed } = await testLocation({ location }, never);
    assert.deepEqual(done, ['check', 'write', 'read', 'list', 'keep', 'delete']);
    assert.equal(failed, undefined);
    assert.deepEqual(readdirSync(location.path), []);
  });
});

test('a location that does not work says at which step, why, and what to do', async () => {
  await withWorkplace(async ({ folder, location }) => {
    writeFileSync(location.path, 'a file');
    const file = await testLocation({ location }, never);
    assert.deepEqual([file.done, file.failed?.step, file.failed?.code], [[], 'check', 'OP_STORE_UNREACHABLE']);
    assert.ok(file.failed?.remedy);

    const path = join(folder, 'not mounted');
    mkdirSync(path);
    const share = await testLocation({ location: { ...location, path, requireMount: true } }, never);
    assert.match(share.failed?.message ?? '', /nothing is mounted/);
    assert.deepEqual(readdirSync(path), []);

    // Folders of the kernel can be listed by root, and have no room for a file.
    const full = await testLocation({ location: { ...location, path: '/proc/sys' } }, never);
    assert.deepEqual([full.done, full.failed?.step, full.left], [[], 'check', undefined]);
  });
});
