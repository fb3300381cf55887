import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readArchive } from '../../src/archive/archive-reader';
import { archiveBytes, formatSums } from '../../src/archive/archive-writer';
import { compressMember } from '../../src/archive/gzip-members';
import { checkTableFile } from '../../src/archive/table-file-check';
import { readCatalog } from '../../src/catalog/catalog';
import { withRunLock } from '../../src/catalog/run-lock';
import { isOperationError } from '../../src/errors/operation-error';
import { acceptanceSchema } from '../../src/model/acceptance';
import { certificateSchema, RECOVERY_STEPS } from '../../src/model/certificate';
import type { LocationSettings } from '../../src/model/location-settings';
import {
  CELL_ENCODINGS,
  FORMAT_VERSION,
  formatManifest,
  MINIMUM_READER_VERSION,
  manifestSchema,
  type Place,
  parseManifest,
  parseSeal,
} from '../../src/model/manifest';
import { VERIFY_LEVELS, verificationSchema } from '../../src/model/verification';
import { openSuspicions, pausesPruning } from '../../src/plan/open-suspicions';
import { openLocalStore } from '../../src/store/local-store';
import {
  acceptanceKey,
  archiveKey,
  certificateKey,
  RUN_LOCK_KEY,
  sealKey,
  verificationKey,
} from '../../src/store/store-keys';
import { documentedCells, formatExample } from '../support/format-document';

const page = readFileSync('docs/format.md', 'utf8');
const manifestText = formatExample('manifest');
const sealText = formatExample('seal');
const manifest = parseManifest(manifestText, 'the manifest example');
const sealed = parseSeal(sealText, 'the seal example');
const verification = verificationSchema.parse(JSON.parse(formatExample('verification')));
const suspicious = verificationSchema.parse(JSON.parse(formatExample('suspicious')));
const acceptance = acceptanceSchema.parse(JSON.parse(formatExample('acceptance')));
const certificate = certificateSchema.parse(JSON.parse(formatExample('certificate')));
/** The documented files in the order of the manifest. */
const contents = new Map([
  ['schema/bk_log_search.sql', Buffer.from(formatExample('schema'))],
  ['bk_log_search/log_search_projectinfo.json', Buffer.from(formatExample('table'))],
]);

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bklog-format-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('the manifest example is the exact text of a manifest, and the seal example is its seal', () => {
  assert.equal(formatManifest(manifest), manifestText);
  assert.deepEqual(manifestSchema.parse(sealed), manifest);
  assert.equal(sealed.archive.key, archiveKey(manifest.app, manifest.name, manifest.setId));
});

test('a changed digit in the seal example is noticed', () => {
  assert.throws(
    () => parseSeal(sealText.replace('"rows": 2', '"rows": 3'), 'seal'),
    (error) => isOperationError(error, 'OP_MANIFEST_INVALID'),
  );
});

test('size, hash, rows and cells of the documented files are those of the manifest example', () => {
  assert.deepEqual(
    [...contents.keys()],
    manifest.files.map(({ path }) => path),
  );
  for (const file of manifest.files) {
    const content = contents.get(file.path)!;
    assert.deepEqual([content.length, sha256(content)], [file.bytes, file.sha256], file.path);
    if (file.kind !== 'table') continue;
    const check = checkTableFile(file);
    check.write(content);
    assert.deepEqual(check.end(), []);
  }
});

test('the SHA256SUMS example is that of the manifest example', () => {
  assert.equal(formatExample('sums'), formatSums(manifest));
});

test('the documented files make an archive that reads back without findings, and each by itself from its place', async () => {
  await withFolder(async (folder) => {
    const spool = [];
    for (const [index, content] of [...contents.values()].entries()) {
      const member = await compressMember(content, 1);
      const spoolPath = join(folder, `${index}.gz`);
      writeFileSync(spoolPath, member);
      spool.push({ spoolPath, spoolBytes: member.length, spoolSha256: sha256(member) });
    }
    const places: Place[] = [];
    const blocks: Buffer[] = [];
    for await (const block of archiveBytes(manifest, spool, (place) => places.push(place))) blocks.push(block);
    const archive = Buffer.concat(blocks);
    const unpacked = places.map(({ at, bytes }) => gunzipSync(archive.subarray(at, at + bytes)));
    assert.deepEqual(unpacked, [...contents.values()]);
    const reading = await readArchive(Readable.from([archive]), {
      object: 'the archive of the examples',
      expected: manifestSchema.parse(sealed),
      signal: new AbortController().signal,
    });
    assert.deepEqual(reading.findings, []);
  });
});

test('a location of the examples lists one set, held, verified, suspicious, accepted and certified, with no remains', async () => {
  await withFolder(async (path) => {
    const archive = sealed.archive.key;
    const run = 'x4c0zq81m2k7wd5t';
    const note = verificationKey(archive, verification.verifiedAt, run);
    for (const [key, content] of [
      [archive, 'its bytes are not read by a listing'],
      [sealKey(archive), sealText],
      [note, formatExample('verification')],
      [verificationKey(archive, suspicious.verifiedAt, 'another'), formatExample('suspicious')],
      [acceptanceKey(archive, acceptance.acceptedAt, run), formatExample('acceptance')],
      [certificateKey(archive, certificate.verifiedAt, run), formatExample('certificate')],
      [`${archive}.hold.json`, formatExample('hold')],
    ] as const) {
      writeFileSync(join(path, key), content);
    }
    JSON.parse(formatExample('hold'));
    const store = openLocalStore({ name: 'examples', kind: 'folder', path, requireMount: false });
    const { entries, findings, remains } = await readCatalog(store);
    assert.deepEqual([findings, remains], [[], []]);
    assert.equal(entries.length, 1);
    assert.equal(entries[0]?.held, true);
    const [entry] = entries;
    assert.deepEqual(new Set(entry?.verifications), new Set([verification, suspicious]));
    assert.deepEqual([entry?.acceptances, entry?.certificate], [[acceptance], certificate]);
    assert.deepEqual(openSuspicions(suspicious.suspicions, entry?.acceptances ?? []), []);
    assert.equal(openSuspicions(suspicious.suspicions, []).filter(pausesPruning).length, 1);
  });
});

test('the certificate example names every table of the manifest example with its hash, and its steps add up', () => {
  assert.deepEqual(
    certificate.tables,
    manifest.files
      .filter(({ kind }) => kind === 'table')
      .map(({ database, table, rows, sha256: hash }) => ({ database, table, rows, sha256: hash })),
  );
  assert.deepEqual(
    certificate.steps.map(({ step }) => step),
    RECOVERY_STEPS,
  );
  assert.equal(
    certificate.steps.reduce((sum, { ms }) => sum + ms, 0),
    certificate.recoveryMs,
  );
  assert.deepEqual([certificate.setId, certificate.snapshotAt], [manifest.setId, manifest.snapshotAt]);
});

test('the run lock example is understood as the lock of the run it names', async () => {
  await withFolder(async (path) => {
    const location: LocationSettings = { name: 'examples', kind: 'folder', path, requireMount: false };
    const lock = formatExample('lock');
    writeFileSync(join(path, RUN_LOCK_KEY), lock);
    await assert.rejects(
      withRunLock(openLocalStore(location), { runId: 'other', operation: 'store' }, async () => {}),
      (error) => isOperationError(error, 'OP_BUSY') && error.details.runId === JSON.parse(lock).runId,
    );
  });
});

test('every key, encoding, level and version of the code stands in the document', () => {
  const row = (cell: string | number) => new RegExp(`^\\| (\`${cell}\`|${cell}) \\|`, 'm');
  for (const encoding of CELL_ENCODINGS) assert.match(page, row(encoding));
  for (const level of VERIFY_LEVELS) assert.match(page, row(level));
  for (const step of RECOVERY_STEPS) assert.match(page, row(step));
  assert.match(page, new RegExp(`^\\| ${FORMAT_VERSION} \\| ${MINIMUM_READER_VERSION} \\|`, 'm'));
  const keys = [manifestSchema, manifestSchema.shape.files.element, manifestSchema.shape.snapshots.element].flatMap(
    (schema) => Object.keys(schema.shape),
  );
  assert.deepEqual(
    keys.filter((key) => !page.includes(`\`${key}\``)),
    [],
  );
  assert.ok(page.includes(`\`${RUN_LOCK_KEY}\``));
});

test('every encoding has a cell as an example', () => {
  const shown = new Set(documentedCells().map(({ encoding }) => encoding));
  assert.deepEqual([...shown].sort(), [...CELL_ENCODINGS].sort());
});
