import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { lockSchema } from '../../src/catalog/run-lock';
import { CELL_ENCODINGS, FORMAT_VERSION, formatManifest, parseManifest, parseSeal } from '../../src/model/manifest';
import { verificationSchema } from '../../src/model/verification';
import { readKey } from '../../src/store/store-keys';

const page = readFileSync('docs/format.md', 'utf8');

/** The JSON block that follows `<!-- example: name -->`. */
function example(name: string): string {
  const found = new RegExp(`<!-- example: ${name} -->\n\`\`\`json\n([\\s\\S]*?)\n\`\`\``).exec(page)?.[1];
  assert.ok(found, `docs/format.md has no example ${name}`);
  return found;
}

test('the seal in docs/format.md is one that the reader accepts to the last byte, and its manifest too', () => {
  const sealed = parseSeal(`${example('seal')}\n`, 'docs/format.md');
  assert.equal(sealed.formatVersion, FORMAT_VERSION);
  assert.equal(readKey(sealed.archive.key).kind, 'archive');
  const { archive: _, ...manifest } = sealed;
  assert.deepEqual(parseManifest(formatManifest(manifest), 'docs/format.md'), manifest);
});

test('the verification and the lock in docs/format.md are valid', () => {
  assert.equal(verificationSchema.parse(JSON.parse(example('verification'))).level, 'intact');
  assert.equal(lockSchema.parse(JSON.parse(example('lock'))).operation, 'store');
});

test('every encoding has its line in docs/format.md', () => {
  assert.deepEqual(
    CELL_ENCODINGS.filter((encoding) => !page.includes(`| \`${encoding}\` |`)),
    [],
  );
});
