import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { isOperationError } from '../../src/errors/operation-error';
import { newRunId } from '../../src/model/ids';
import { carryOut } from '../../src/operations/carry-out';
import type { StoreSetResult, VerifyResult } from '../../src/operations/contract';
import { backUp } from '../support/backup';
import { sourceOf, type Workplace, withDatabase, withWorkplace } from '../support/database';

const never = new AbortController().signal;
const SEED = 20_260_911;
/** What the export writes before the deflate stream of every member; in compressed data by chance once in 2^64. */
const MEMBER_START = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
const GZIP_HEADER_BYTES = 10;
const GZIP_TRAILER_BYTES = 8;

interface Region {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}
interface Sample {
  readonly name: string;
  readonly bytes: Buffer;
}
type Random = () => number;

/** Mulberry32: the same numbers for the same seed on every machine. */
function createRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const insert = (bytes: Buffer, at: number, what: Buffer) =>
  Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)]);
const drop = (bytes: Buffer, from: number, to: number) => Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
const flip = (bytes: Buffer, at: number, bit: number) => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1 << bit;
  return copy;
};

/** What a disk, a network or a careless hand does to a file. `at` and `length` stay inside the region. */
const DAMAGES: Readonly<Record<string, (bytes: Buffer, at: number, length: number, random: Random) => Buffer>> = {
  'a bit flipped': (bytes, at, _, random) => flip(bytes, at, Math.floor(random() * 8)),
  'bytes dropped': (bytes, at, length) => drop(bytes, at, at + length),
  'bytes twice': (bytes, at, length) => insert(bytes, at, bytes.subarray(at, at + length)),
  'the tail cut': (bytes, at) => bytes.subarray(0, at),
  'a block zeroed': (bytes, at, length) => Buffer.from(bytes).fill(0, at, at + length),
  'bytes appended': (bytes, at, length) => Buffer.concat([bytes, bytes.subarray(at, at + length)]),
};

/** Every damage in every region, `times` each. A damage that by chance changes nothing becomes a flipped bit. */
function samplesOf(bytes: Buffer, regions: readonly Region[], times: number): Sample[] {
  const random = createRandom(SEED);
  return regions.flatMap(({ name, from, to }) =>
    Object.entries(DAMAGES).flatMap(([damage, act]) =>
      Array.from({ length: times }, () => {
        const at = from + Math.floor(random() * (to - from));
        const length = 1 + Math.floor(random() * Math.min(to - at, 600));
        const damaged = act(bytes, at, length, random);
        const changed = damaged.equals(bytes) ? flip(bytes, at, 0) : damaged;
        return { name: `${damage} in ${name} at ${at}, ${length} bytes`, bytes: changed };
      }),
    ),
  );
}

function membersOf(archive: Buffer): Region[] {
  const starts: number[] = [];
  for (let at = archive.indexOf(MEMBER_START); at >= 0; at = archive.indexOf(MEMBER_START, at + 1)) starts.push(at);
  return starts.map((from, index) => ({ name: `member ${index}`, from, to: starts[index + 1] ?? archive.length }));
}

function partsOf({ name, from, to }: Region): Region[] {
  const [body, trailer] = [from + GZIP_HEADER_BYTES, to - GZIP_TRAILER_BYTES];
  return [
    { name: `${name}, header`, from, to: body },
    { name: `${name}, data`, from: body, to: trailer },
    { name: `${name}, trailer`, from: trailer, to },
  ];
}

/** Damage that keeps every gzip member whole: only hashes, names, order and sizes can show it. */
function wholeMemberSamples(archive: Buffer, members: readonly Region[]): Sample[] {
  const bytesOf = ({ from, to }: Region) => archive.subarray(from, to);
  const perMember = members.flatMap((member, index) => {
    const next = members[index + 1];
    const samples = [
      { name: `${member.name} dropped`, bytes: drop(archive, member.from, member.to) },
      { name: `${member.name} twice`, bytes: insert(archive, member.to, bytesOf(member)) },
      { name: `${member.name} again at the end`, bytes: Buffer.concat([archive, bytesOf(member)]) },
    ];
    if (!next || bytesOf(next).equals(bytesOf(member))) return samples;
    const swapped = [archive.subarray(0, member.from), bytesOf(next), bytesOf(member), archive.subarray(next.to)];
    return [...samples, { name: `${member.name} and the next exchanged`, bytes: Buffer.concat(swapped) }];
  });
  const empty = gzipSync(Buffer.alloc(0));
  return [
    ...perMember,
    { name: 'nothing left', bytes: Buffer.alloc(0) },
    { name: 'zeros appended', bytes: Buffer.concat([archive, Buffer.alloc(512)]) },
    { name: 'an empty member appended', bytes: Buffer.concat([archive, empty]) },
    { name: 'an empty member put first', bytes: Buffer.concat([empty, archive]) },
  ];
}

type Outcome = 'passed' | 'findings' | string;

/** `passed`, `findings`, or the code of a typed error. Anything else thrown, OP_BUG included, ends the test. */
async function outcomeOf(verifying: Promise<VerifyResult>, sample: string): Promise<Outcome> {
  try {
    const { verification } = await verifying;
    assert.equal(verification.outcome === 'findings', verification.findings.length > 0, sample);
    return verification.outcome;
  } catch (error) {
    assert.ok(isOperationError(error) && error.code !== 'OP_BUG', `${sample}: ${String(error)}`);
    return error.code;
  }
}

async function withStoredSet(use: (workplace: Workplace, stored: StoreSetResult) => Promise<void>): Promise<void> {
  await withDatabase(async (database, admin) => {
    await admin.query(
      `CREATE TABLE a_few (id INT PRIMARY KEY, name VARCHAR(20)); INSERT INTO a_few VALUES (1, 'x'), (2, NULL);
       CREATE TABLE b_many (id INT PRIMARY KEY, filler VARCHAR(1000) NOT NULL);
       INSERT INTO b_many SELECT seq, REPEAT(MD5(seq), 25) FROM seq_1_to_2600;
       CREATE TABLE c_none (id INT PRIMARY KEY)`,
    );
    await withWorkplace(async (workplace) => {
      await use(workplace, await backUp(workplace, [sourceOf(database, ['a_few', 'b_many', 'c_none'])]));
    });
  });
}

test('verify finds every damage of an archive and of its seal', async (context) => {
  await withStoredSet(async (workplace, { sealed }) => {
    const { key } = sealed.archive;
    const archivePath = join(workplace.location.path, key);
    const sealPath = `${archivePath}.manifest.json`;
    const [archive, seal] = [await readFile(archivePath), await readFile(sealPath)];
    const members = membersOf(archive);
    const verify = (set: string, level: 'intact' | 'readable' = 'intact') =>
      carryOut('verifySet', { ...workplace, runId: newRunId(), set, level }, never, () => {});
    const archives = [...samplesOf(archive, members.flatMap(partsOf), 2), ...wholeMemberSamples(archive, members)];

    await context.test('an undamaged set passes', async () => {
      for (const level of ['intact', 'readable'] as const) {
        assert.equal(await outcomeOf(verify(key, level), level), 'passed');
      }
      assert.ok(members.length > 12, `only ${members.length} gzip members: regions are missing`);
    });

    await context.test('every damaged archive has findings', async () => {
      const silent: string[] = [];
      for (const { name, bytes } of archives) {
        await writeFile(archivePath, bytes);
        if ((await outcomeOf(verify(key), name)) !== 'findings') silent.push(name);
      }
      await writeFile(archivePath, archive);
      assert.ok(archives.length >= 300, `${archives.length} samples`);
      assert.deepEqual(silent, [], `${silent.length} of ${archives.length} samples passed (seed ${SEED})`);
      context.diagnostic(`${archives.length} archive samples in ${members.length} gzip members`);
    });

    await context.test('every damaged seal has findings or is refused, however the set is named', async () => {
      const regions = Array.from({ length: 20 }, (_, part) => ({
        name: `part ${part}`,
        from: Math.floor((seal.length * part) / 20),
        to: Math.floor((seal.length * (part + 1)) / 20),
      }));
      const samples = samplesOf(seal, regions, 2);
      const names = [key, sealed.setId, 'latest'];
      const silent: string[] = [];
      for (const [index, { name, bytes }] of samples.entries()) {
        await writeFile(sealPath, bytes);
        const outcome = await outcomeOf(verify(names[index % names.length]!), name);
        if (outcome !== 'findings' && !outcome.startsWith('OP_')) silent.push(name);
      }
      await writeFile(sealPath, seal);
      assert.ok(samples.length >= 150, `${samples.length} samples`);
      assert.deepEqual(silent, [], `${silent.length} of ${samples.length} samples passed (seed ${SEED})`);
      context.diagnostic(`${samples.length} seal samples`);
    });

    await context.test('a lone archive passes only when it unpacks to the very bytes of the original', async () => {
      const original = gunzipSync(archive);
      const folder = join(workplace.folder, 'alone');
      await mkdir(folder);
      const path = join(folder, key);
      const isSame = (bytes: Buffer) => {
        try {
          return gunzipSync(bytes).equals(original);
        } catch {
          return false;
        }
      };
      const wrong: string[] = [];
      let invisible = 0;
      for (const { name, bytes } of archives) {
        await writeFile(path, bytes);
        const verifying = carryOut('verifyFile', { ...workplace, path, level: 'intact' }, never, () => {});
        if ((await outcomeOf(verifying, name)) !== 'passed') continue;
        // Without a seal nothing tells what the gzip headers (time, flags, system) or empty members once were.
        const isOutsideContent = /, header at |^an empty member/.test(name);
        if (isOutsideContent && isSame(bytes)) invisible += 1;
        else wrong.push(name);
      }
      assert.deepEqual(wrong, [], `${wrong.length} of ${archives.length} damaged contents passed (seed ${SEED})`);
      context.diagnostic(`${invisible} of ${archives.length} samples change no content and pass without their seal`);
    });
  });
});
