import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isOperationError } from '../../src/errors/operation-error';
import { newRunId } from '../../src/model/ids';
import { formatSeal, type Manifest } from '../../src/model/manifest';
import { carryOut } from '../../src/operations/carry-out';
import type { VerifyResult } from '../../src/operations/contract';
import { type Workplace, withWorkplace } from '../support/database';
import { archiveOf, BAD, BAD_TABLES, ESCAPED, entriesOf, GOOD, KEY, SET_ID, SNAPSHOT_AT, sha256 } from './bad-archives';

const never = new AbortController().signal;

/** The codes of the findings, or the code of a typed error. Anything else thrown, OP_BUG included, ends the test. */
async function codesOf(verifying: Promise<VerifyResult>): Promise<string[]> {
  try {
    const { verification } = await verifying;
    assert.equal(verification.outcome === 'findings', verification.findings.length > 0);
    return verification.findings.map(({ code }) => code);
  } catch (error) {
    assert.ok(isOperationError(error) && error.code !== 'OP_BUG', String(error));
    return [error.code];
  }
}

const verifyAlone = (workplace: Workplace, path: string) =>
  carryOut('verifyFile', { ...workplace, path, level: 'readable' }, never, () => {});
const verifySealed = (workplace: Workplace, set: string) =>
  carryOut('verifySet', { ...workplace, runId: newRunId(), set, level: 'readable' }, never, () => {});

/** Lays an archive twice: alone, and in a location beside a seal that announces these very bytes. */
async function lay({ folder, location }: Workplace, archive: Buffer, manifest: Manifest, key = KEY): Promise<string> {
  await mkdir(join(folder, 'alone'));
  await mkdir(location.path);
  await writeFile(join(folder, 'alone', KEY), archive);
  await writeFile(join(location.path, KEY), archive);
  const about = { key, bytes: archive.length, sha256: sha256(archive), sealedAt: SNAPSHOT_AT };
  await writeFile(join(location.path, `${KEY}.manifest.json`), formatSeal({ ...manifest, archive: about }));
  return join(folder, 'alone', KEY);
}

test('the archive that all bad ones are made from passes', async () => {
  await withWorkplace(async (workplace) => {
    const path = await lay(workplace, await archiveOf(entriesOf(GOOD)), GOOD);
    assert.deepEqual(await codesOf(verifyAlone(workplace, path)), []);
    assert.deepEqual(await codesOf(verifySealed(workplace, KEY)), []);
  });
});

for (const [name, { archive, codes, manifest = GOOD }] of Object.entries(BAD)) {
  test(`an archive ${name} is refused with ${[...new Set(codes)].join(' or ')}`, async () => {
    await withWorkplace(async (workplace) => {
      const path = await lay(workplace, await archive(), manifest);
      const before = process.memoryUsage.rss();
      let peak = before;
      const watch = setInterval(() => {
        peak = Math.max(peak, process.memoryUsage.rss());
      }, 10);
      const startedAt = performance.now();
      const [alone, sealed] = [
        await codesOf(verifyAlone(workplace, path)),
        await codesOf(verifySealed(workplace, KEY)),
      ];
      clearInterval(watch);
      assert.ok(alone.includes(codes[0]), `alone: ${alone}`);
      assert.ok(sealed.includes(codes[1]), `sealed: ${sealed}`);
      // Unpacking 10 GiB takes half a minute; a check that gives up in time reads a few MiB.
      assert.ok(performance.now() - startedAt < 8_000, `took ${performance.now() - startedAt} ms`);
      assert.ok(peak - before < 300 * 1024 * 1024, `took ${(peak - before) / 1024 / 1024} MiB of memory`);

      const directory = join(workplace.folder, 'fetched');
      await mkdir(directory);
      const fetching = carryOut('fetchSet', { ...workplace, set: KEY, directory }, never, () => {});
      const refusal = await fetching.then(
        () => undefined,
        (error: unknown) => error,
      );
      const fetched = (await readdir(directory)).sort();
      if (refusal === undefined) {
        assert.deepEqual(fetched, [KEY, `${KEY}.manifest.json`]);
        assert.ok((await readFile(path)).equals(await readFile(join(directory, KEY))), 'the copy differs');
      } else {
        assert.ok(isOperationError(refusal, codes[1] as 'OP_BUG'), String(refusal));
        assert.deepEqual(fetched, []);
      }
      const notes = (await readdir(workplace.location.path)).filter((entry) => !entry.startsWith(KEY));
      assert.deepEqual(notes, []);
      assert.deepEqual(await readdir(join(workplace.folder, 'alone')), [KEY]);
      assert.deepEqual((await readdir(workplace.folder)).sort(), ['alone', 'fetched', 'location', 'runs.jsonl']);
      assert.ok(!existsSync(ESCAPED), `${ESCAPED} was written`);
    });
  });
}

for (const [what, [text, code]] of Object.entries(BAD_TABLES)) {
  test(`a lone table file that ${what} is refused with ${code}`, async () => {
    await withWorkplace(async (workplace) => {
      const path = join(workplace.folder, 'b.json');
      await writeFile(path, text);
      assert.deepEqual(await codesOf(verifyAlone(workplace, path)), [code]);
    });
  });
}

test('a seal that names an archive elsewhere is refused, and nothing is fetched', async () => {
  await withWorkplace(async (workplace) => {
    await lay(workplace, await archiveOf(entriesOf(GOOD)), GOOD, '../alone/escaped.tar.gz');
    const directory = join(workplace.folder, 'fetched');
    for (const set of [KEY, SET_ID, 'latest']) {
      assert.deepEqual(await codesOf(verifySealed(workplace, set)), ['OP_MANIFEST_INVALID']);
      await assert.rejects(
        carryOut('fetchSet', { ...workplace, set, directory }, never, () => {}),
        (error) => isOperationError(error, 'OP_MANIFEST_INVALID'),
      );
    }
    assert.equal(await stat(directory).catch(() => undefined), undefined);
  });
});
