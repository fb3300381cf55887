import assert from 'node:assert/strict';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { isOperationError } from '../../src/errors/operation-error';
import { newRunId } from '../../src/model/ids';
import type { LocationSettings } from '../../src/model/location-settings';
import { retentionPolicySchema } from '../../src/model/retention-policy';
import { carryOut } from '../../src/operations/carry-out';
import { openLocation } from '../../src/operations/open-location';
import { RUN_LOCK_KEY } from '../../src/store/store-keys';
import { tuneStores } from '../../src/store/store-tuning';
import { DEFAULT_BACK_OFF } from '../../src/support/back-off';
import { newNode } from '../support/bkrepo/nodes';
import { withBkrepo } from '../support/bkrepo/server';
import { sourceOf, withDatabase, withWorkplace } from '../support/database';
import { type Fault, type SeenRequest, withFaultProxy } from '../support/fault-proxy';
import { newBucket, s3Client } from '../support/s3';

const never = new AbortController().signal;
const BACK_OFF = { ...DEFAULT_BACK_OFF, attempts: 3, firstMs: 1, mostMs: 4 };
// The archive goes up in several parts.
tuneStores({ partBytes: 6_000, blockBytes: 6_000, silenceMs: 250, backOff: BACK_OFF });

interface Exported {
  readonly workDirectory: string;
  readonly setId: string;
}
/** One location for one case: as the run reaches it, through the proxy, and as we look at it afterwards. */
interface Place {
  readonly direct: LocationSettings;
  readonly target: string;
  through(url: string): LocationSettings;
  /** Somebody else writes other bytes under this path. */
  replace(path: string): Promise<void>;
}
interface Protocol {
  readonly name: string;
  readonly answers: Readonly<Record<string, Fault>>;
  /** Lends places that have nothing in them. */
  lend(use: (newPlace: () => Promise<Place>) => Promise<void>): Promise<void>;
  /** The request that makes an object appear. */
  readonly publishes: (request: SeenRequest) => boolean;
}

const brokenConnections: Readonly<Record<string, Fault>> = {
  'reset before': { kind: 'reset-before' },
  'reset in the middle': { kind: 'reset-middle' },
  'reset after': { kind: 'reset-after' },
  'half an answer': { kind: 'half-answer' },
  silence: { kind: 'silence' },
  slow: { kind: 'slow' },
};

/** Exports one small set, and lends copies of its work directory. */
async function withExported(use: (copy: () => Promise<Exported>) => Promise<void>): Promise<void> {
  await withDatabase(async (database, admin) => {
    await admin.query(
      'CREATE TABLE t (id INT PRIMARY KEY, filler VARCHAR(64)); INSERT INTO t SELECT seq, SHA2(seq, 256) FROM seq_1_to_400',
    );
    await withWorkplace(async ({ folder, workRoot, journalPath }) => {
      const around = { runId: newRunId(), workRoot, journalPath, app: 'app', name: 'test', timeZone: 'UTC' };
      const exported = await carryOut(
        'exportTables',
        { ...around, sources: [sourceOf(database, ['t'])] },
        never,
        () => {},
      );
      let copies = 0;
      await use(async () => {
        copies += 1;
        const workDirectory = join(folder, `copy-${copies}`, exported.setId);
        await mkdir(join(folder, `copy-${copies}`));
        await cp(exported.workDirectory, workDirectory, { recursive: true });
        return { workDirectory, setId: exported.setId };
      });
    });
  });
}

/** What must hold after every case, seen without the proxy: whole sets only, and a prune that cleans up the rest. */
async function assertNothingBetween({ direct }: Place, error: unknown, what: string): Promise<void> {
  await withWorkplace(async ({ workRoot, journalPath }) => {
    const around = { location: direct, workRoot, journalPath, runId: newRunId() };
    const { sets, findings } = await carryOut('listSets', around, never, () => {});
    assert.deepEqual(findings, [], what);
    if (!error) assert.equal(sets.length, 1, `${what}: told as stored, and not there`);
    for (const { setId } of sets) {
      const { verification } = await carryOut(
        'verifySet',
        { ...around, set: setId, level: 'readable' },
        never,
        () => {},
      );
      assert.deepEqual([verification.outcome, verification.findings], ['passed', []], what);
    }
    // The run's process lives, it is this one: its lock would end with its lease.
    const store = await openLocation(direct);
    await store.delete(RUN_LOCK_KEY);
    const policy = retentionPolicySchema.parse({ failedDays: 0 });
    await carryOut('prune', { ...around, policy, dryRun: false }, never, () => {});
    const left = (await store.list()).filter(({ key }) => !sets.some(({ archiveKey }) => key.startsWith(archiveKey)));
    assert.deepEqual([left, await store.listRemains()], [[], []], `${what}: remains`);
  });
}

async function tryCase(
  place: Place,
  exported: Exported,
  faultOf: (nth: number, request: SeenRequest) => Fault | undefined,
) {
  return await withFaultProxy(place.target, faultOf, async (proxy) => {
    const { workDirectory } = exported;
    const around = {
      runId: newRunId(),
      workRoot: join(workDirectory, '..'),
      journalPath: join(workDirectory, '../journal'),
    };
    const request = { ...around, ...exported, location: place.through(proxy.url) };
    const error = await carryOut('storeSet', request, never, () => {}).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return { error, seen: proxy.seen };
  });
}

function faultsAt(
  protocol: Protocol,
  place: Place,
  nth: number,
  request: SeenRequest,
): [string, (at: number) => Fault | undefined][] {
  const once = (fault: Fault) => (at: number) => (at === nth ? fault : undefined);
  const found: [string, (at: number) => Fault | undefined][] = Object.entries({
    ...brokenConnections,
    ...protocol.answers,
  }).map(([name, fault]) => [name, once(fault)]);
  // From here on nobody is there.
  found.push(['gone for good', (at) => (at >= nth ? { kind: 'reset-before' } : undefined)]);
  if (protocol.publishes(request)) {
    found.push(['replaced', once({ kind: 'then', act: () => place.replace(request.path) })]);
  }
  return found;
}

/** One after another would take minutes; more at a time than this the server does not serve faster. */
const LANES = 8;

function declare(protocol: Protocol): void {
  test(`${protocol.name}: whatever happens to any request of an upload, a set is whole or there is none`, async () => {
    await protocol.lend(
      async (newPlace) =>
        await withExported(async (copy) => {
          const first = await newPlace();
          const clean = await tryCase(first, await copy(), () => undefined);
          assert.equal(clean.error, undefined);
          await assertNothingBetween(first, undefined, 'no fault');
          assert.ok(clean.seen.length > 15, `${clean.seen.length} requests`);
          const cases = clean.seen.flatMap((request, at) =>
            faultsAt(protocol, first, at + 1, request).map(([name]) => ({ nth: at + 1, request, name })),
          );
          let failed = 0;
          const runCase = async ({ nth, request, name }: (typeof cases)[number]) => {
            const place = await newPlace();
            const [, faultOf] = faultsAt(protocol, place, nth, request).find(([one]) => one === name)!;
            const what = `${name} at request ${nth}, ${request.method} ${request.path.split('?')[0]}`;
            const { error } = await tryCase(place, await copy(), faultOf);
            if (error) {
              failed += 1;
              assert.ok(isOperationError(error) && error.code !== 'OP_BUG', `${what}: ${error}`);
              assert.ok(error.message && error.remedy, what);
            }
            await assertNothingBetween(place, error, what);
          };
          const waiting = cases[Symbol.iterator]();
          const lane = async () => {
            for (const next of waiting) await runCase(next);
          };
          await Promise.all(Array.from({ length: LANES }, lane));
          assert.ok(
            failed > 20 && failed < cases.length,
            `${failed} of ${cases.length} failed: faults must bite, and retries help`,
          );
        }),
    );
  });
}

const xml = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>m</Message></Error>`;
const s3Answer = (status: number, code: string): Fault => ({
  ...{ kind: 'answer', status, body: xml(code), headers: { 'Content-Type': 'application/xml' } },
});
declare({
  name: 'S3',
  answers: {
    '403': s3Answer(403, 'AccessDenied'),
    '500': s3Answer(500, 'InternalError'),
    '503': s3Answer(503, 'SlowDown'),
  },
  async lend(use) {
    const bucket = await newBucket();
    const client = s3Client();
    let places = 0;
    await use(async () => {
      places += 1;
      const direct = { ...bucket, prefix: `case-${places}` };
      return {
        ...{ direct, target: direct.endpoint!, through: (endpoint) => ({ ...direct, endpoint }) },
        async replace(path) {
          const [, Bucket = '', ...key] = decodeURIComponent(path.split('?')[0]!).split('/');
          await client.send(new PutObjectCommand({ Bucket, Key: key.join('/'), Body: 'something else' }));
        },
      };
    });
    client.destroy();
  },
  publishes: ({ method, path }) =>
    path.includes('.tar.gz') &&
    (method === 'POST' ? path.includes('uploadId') : method === 'PUT' && !path.includes('partNumber')),
});

const bkrepoAnswer = (status: number, code: number): Fault => ({
  ...{ kind: 'answer', status, body: JSON.stringify({ code, message: 'm', data: null }) },
  headers: { 'Content-Type': 'application/json' },
});
declare({
  name: 'BKREPO',
  answers: {
    '403': bkrepoAnswer(403, 250113),
    '500': bkrepoAnswer(500, 250102),
    'too many': bkrepoAnswer(400, 250124),
    'login page': { kind: 'answer', status: 200, body: '<html>login</html>', headers: { 'Content-Type': 'text/html' } },
  },
  lend: async (use) =>
    await withBkrepo(async ({ location, nodes }) => {
      let places = 0;
      await use(async () => {
        places += 1;
        const direct = { ...location, folder: `case-${places}` };
        return {
          ...{ direct, target: location.endpoint, through: (endpoint) => ({ ...direct, endpoint }) },
          async replace(path) {
            const fullPath = decodeURIComponent(path).replace(/^\/generic(\/block)?\/bklog\/backup/, '');
            nodes.set(fullPath, newNode(fullPath, Buffer.from('something else'), 0));
          },
        };
      });
    }),
  publishes: ({ method, path }) => method === 'PUT' && (path.includes('/block/') || path.endsWith('.manifest.json')),
});
