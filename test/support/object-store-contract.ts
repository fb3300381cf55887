import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { ObjectKey } from '../../src/model/ids';
import type { ObjectStore } from '../../src/store/object-store';

const key = (name: string) => name as ObjectKey;
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function* inPieces(bytes: Buffer, size = 7_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(store: ObjectStore, name: string, part?: { at: number; bytes: number }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of store.get(key(name), undefined, part)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const withCode = (code: string) => (error: { code?: string }) => error.code === code;
const keysOf = (infos: readonly { key: string }[]) => infos.map((info) => info.key).sort();

export interface StoreUnderTest {
  readonly store: ObjectStore;
  /** What the server itself says is there: names of whole objects, sorted. Left-overs count. */
  names(): Promise<string[]>;
}

/**
 * What every object store promises (src/store/object-store.ts). `open` lends an empty one each time. `large`: bytes of an
 * object that the store writes in more than one step.
 */
export function objectStoreContract(
  name: string,
  open: (use: (under: StoreUnderTest) => Promise<void>) => Promise<void>,
  { large, objects }: { readonly large: number; readonly objects: number },
): void {
  const promise = (what: string, use: (under: StoreUnderTest) => Promise<void>) =>
    test(`${name}: ${what}`, async () => await open(use));

  promise(
    'an object comes back as it was written, whole or in part, and tells its size and hash',
    async ({ store }) => {
      for (const bytes of [0, 1, 70_000, large]) {
        const content = randomBytes(bytes);
        assert.deepEqual(await store.put(key(`o-${bytes}`), inPieces(content)), { bytes, sha256: sha256(content) });
        assert.ok((await readAll(store, `o-${bytes}`)).equals(content));
        const info = await store.head(key(`o-${bytes}`));
        assert.deepEqual([info?.key, info?.bytes], [`o-${bytes}`, bytes]);
        assert.ok(Math.abs(Date.parse(info!.modifiedAt) - Date.now()) < 60_000, info!.modifiedAt);
        const part = await readAll(store, `o-${bytes}`, { at: Math.floor(bytes / 3), bytes: 100 });
        assert.ok(part.equals(content.subarray(Math.floor(bytes / 3), Math.floor(bytes / 3) + 100)));
      }
      const tail = await readAll(store, `o-${large}`, { at: large - 5, bytes: 1_000 });
      assert.equal(tail.length, 5, 'an object that ends before gives what it has');
      assert.equal((await readAll(store, `o-${large}`, { at: large, bytes: 10 })).length, 0);
      assert.equal((await readAll(store, `o-${large}`, { at: 3, bytes: 0 })).length, 0);
    },
  );

  promise('an object is written once: a second one of its name is refused and changes nothing', async ({ store }) => {
    for (const bytes of [100, large]) {
      const name = `once-${bytes}`;
      const content = randomBytes(bytes);
      await store.put(key(name), inPieces(content));
      for (const other of [50, large]) {
        await assert.rejects(store.put(key(name), inPieces(randomBytes(other))), withCode('OP_OBJECT_EXISTS'));
      }
      assert.ok((await readAll(store, name)).equals(content));
    }
    assert.deepEqual(await store.listRemains(), []);
  });

  promise('of several who write one name at once, one has written it', async ({ store, names }) => {
    for (let round = 0; round < 5; round += 1) {
      const contents = [1, 2, 3, 4].map(() => randomBytes(64));
      const results = await Promise.allSettled(contents.map((one) => store.put(key(`race-${round}`), inPieces(one))));
      const won = results.flatMap(({ status }, at) => (status === 'fulfilled' ? [at] : []));
      assert.equal(won.length, 1, JSON.stringify(results));
      assert.ok((await readAll(store, `race-${round}`)).equals(contents[won[0]!]!), 'what is there is what won');
      for (const result of results) {
        if (result.status === 'rejected') assert.equal(result.reason.code, 'OP_OBJECT_EXISTS');
      }
    }
    assert.equal((await names()).length, 5);
  });

  promise('a source that fails, and a run that is stopped, leave nothing', async ({ store, names }) => {
    const before = [10, large - 10];
    for (const bytes of before) {
      const failing = async function* () {
        yield* inPieces(randomBytes(bytes));
        throw new Error('the source broke');
      };
      await assert.rejects(store.put(key(`f-${bytes}`), failing()), /the source broke/);
      const stop = new AbortController();
      const stopped = async function* () {
        yield* inPieces(randomBytes(bytes));
        stop.abort();
        yield randomBytes(10);
      };
      await assert.rejects(
        store.put(key(`s-${bytes}`), stopped(), stop.signal),
        (error: { name: string; code?: string }) =>
          [error.name, error.code].some((word) => word === 'AbortError' || word === 'OP_ABORTED'),
      );
      assert.equal(await store.head(key(`f-${bytes}`)), undefined);
    }
    assert.deepEqual(await names(), []);
    assert.deepEqual(await store.listRemains(), []);
  });

  promise('all objects are listed, however many pages that takes', async ({ store }) => {
    const wanted = Array.from({ length: objects }, (_, at) => `many-${String(at).padStart(5, '0')}`);
    for (let at = 0; at < wanted.length; at += 20) {
      await Promise.all(wanted.slice(at, at + 20).map((name) => store.put(key(name), inPieces(Buffer.from(name)))));
    }
    const listed = await store.list();
    assert.deepEqual(keysOf(listed), wanted);
    assert.ok(listed.every(({ bytes }) => bytes === 10));
  });

  promise('what is removed is gone, and removing it again is no error', async ({ store, names }) => {
    await store.put(key('gone'), inPieces(Buffer.from('x')));
    await store.delete(key('gone'));
    await store.delete(key('gone'));
    assert.equal(await store.head(key('gone')), undefined);
    assert.deepEqual([await names(), await store.list()], [[], []]);
    await store.put(key('gone'), inPieces(Buffer.from('again')));
    assert.equal((await readAll(store, 'gone')).toString(), 'again');
  });

  promise('touching renews the time and leaves the content', async ({ store }) => {
    const content = randomBytes(300);
    await store.put(key('lock'), inPieces(content));
    const before = Date.parse((await store.head(key('lock')))!.modifiedAt);
    while (Date.now() - before < 1_100) await new Promise((resolve) => setTimeout(resolve, 100));
    await store.touch(key('lock'));
    const after = await store.head(key('lock'));
    assert.ok(Date.parse(after!.modifiedAt) > before, 'times go on');
    assert.ok((await readAll(store, 'lock')).equals(content));
    await assert.rejects(store.put(key('lock'), inPieces(content)), withCode('OP_OBJECT_EXISTS'));
    await assert.rejects(
      store.touch(key('nobody')),
      (error: { code?: string }) => error.code?.startsWith('OP_') ?? false,
    );
  });

  promise('what is not there, and what is no name, is told', async ({ store, names }) => {
    assert.equal(await store.head(key('nothing')), undefined);
    await assert.rejects(readAll(store, 'nothing'), withCode('OP_ARCHIVE_MISSING'));
    await assert.rejects(readAll(store, 'nothing', { at: 5, bytes: 5 }), withCode('OP_ARCHIVE_MISSING'));
    for (const bad of ['', '.', '..', 'a/b', '../up', 'a\\b', 'a\0b']) {
      await assert.rejects(store.put(key(bad), inPieces(Buffer.from('x'))), withCode('OP_CONFIG_INVALID'), bad);
      await assert.rejects(readAll(store, bad), withCode('OP_CONFIG_INVALID'), bad);
      await assert.rejects(store.head(key(bad)), withCode('OP_CONFIG_INVALID'), bad);
      await assert.rejects(store.delete(key(bad)), withCode('OP_CONFIG_INVALID'), bad);
    }
    assert.deepEqual(await names(), []);
  });

  promise('names with spaces, percent signs and letters of other scripts are kept', async ({ store }) => {
    const odd = ['a b', 'c%20d', 'e+f', '备份_2026', "g'h&i=j?k#l", '~.x'];
    for (const name of odd) await store.put(key(name), inPieces(Buffer.from(name)));
    assert.deepEqual(keysOf(await store.list()), [...odd].sort());
    for (const name of odd) {
      assert.equal((await readAll(store, name)).toString(), name);
      await store.delete(key(name));
    }
    assert.deepEqual(await store.list(), []);
  });

  promise('it can be checked, and says where it is', async ({ store }) => {
    await store.check({ write: true, bytesNeeded: 1 });
    await store.check({ write: false });
    assert.ok(store.place);
  });
}
