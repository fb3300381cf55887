// Archives made by hand, each wrong in one way, and the codes that refuse them.
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { randomName } from '../../src/model/ids';
import { formatManifest, type Manifest, type ManifestFile } from '../../src/model/manifest';

export const SNAPSHOT_AT = '2026-01-02T03:04:05.000Z';
export const SET_ID = '20260102030405_abcdefghij';
export const KEY = `app_test_${SET_ID}.tar.gz`;
const GIB = 1024 ** 3;
export const ESCAPED = join(tmpdir(), `bklog-escaped-${randomName(10)}`);
const ROWS = '[\n{"id":1},\n{"id":2}\n]\n';
export const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

type EntryHeader = Partial<Header> & Pick<Header, 'name'>;
interface Entry {
  readonly header: EntryHeader;
  readonly body: string;
}
const fileEntry = (name: string, body: string): Entry => ({ header: { name }, body });

/** What the manifest says of the table file with content `text`: its hash and size, but two rows whatever it holds. */
function tableFile(path: string, text = ROWS): ManifestFile {
  const columns = [{ name: 'id', type: 'int(11)', encoding: 'integer' as const, nullable: false }];
  const about = { source: 'main', database: 'db', table: path.replace(/.*\/|\.json/g, ''), rows: 2 };
  // The order of the fields is part of the format: a manifest in another order is refused.
  return {
    path,
    kind: 'table',
    ...about,
    bytes: Buffer.byteLength(text),
    sha256: sha256(text),
    columns,
    orderedBy: ['id'],
  };
}

function manifestOf(files: readonly ManifestFile[], change: Partial<Manifest> = {}): Manifest {
  const versions = { formatVersion: 1, minimumReaderVersion: 1, toolVersion: '0.1.0' };
  const about = { setId: SET_ID, app: 'app', name: 'test', startedAt: SNAPSHOT_AT, snapshotAt: SNAPSHOT_AT };
  const rest = { timeZone: 'UTC', parents: [], snapshots: [], files: [...files], notes: [] };
  return { kind: 'backup-set-manifest', ...versions, ...about, ...rest, ...change };
}

export const GOOD = manifestOf([tableFile('db/a.json'), tableFile('db/b.json')]);

/** The entries of an archive that is right in every way, except for the content of `db/b.json` if that is given. */
export function entriesOf(manifest: Manifest, lastTable = ROWS): Entry[] {
  const text = formatManifest(manifest);
  const sums = [[sha256(text), 'manifest.json'], ...manifest.files.map((file) => [file.sha256, file.path])];
  return [
    fileEntry('manifest.json', text),
    ...manifest.files.map(({ path }, index) => fileEntry(path, index === 1 ? lastTable : ROWS)),
    fileEntry('SHA256SUMS', sums.map(([sum, path]) => `${sum}  ${path}\n`).join('')),
  ];
}

async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const packer = pack();
  for (const { header, body } of entries) {
    packer.entry({ mode: 0o600, mtime: new Date(SNAPSHOT_AT), ...header }, body);
  }
  packer.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packer as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export const archiveOf = async (entries: readonly Entry[]) => gzipSync(await tarOf(entries));
/** The good archive with its second table replaced by other entries. */
const withTable = async (...instead: Entry[]) => {
  const [manifest, first, , sums] = entriesOf(GOOD);
  return await archiveOf([manifest!, first!, ...instead, sums!]);
};
const special = (header: Partial<EntryHeader>): Entry => ({ header: { name: 'db/b.json', ...header }, body: '' });

/** 10 GiB of zeros in 10 MB. */
const zeros = () => {
  const member = gzipSync(Buffer.alloc(16 * 1024 * 1024), { level: 9 });
  return Buffer.concat(Array.from({ length: (10 * GIB) / (16 * 1024 * 1024) }, () => member));
};
/** The header of an entry that announces `size`, without the body. */
const lyingHeader = async (name: string, size: number) => {
  const packer = pack();
  packer.entry({ name, size }).on('error', () => {});
  for await (const chunk of packer as AsyncIterable<Buffer>) return gzipSync(chunk);
  throw new Error('no header');
};

export interface BadArchive {
  readonly archive: () => Promise<Buffer>;
  /** What the archive alone gives, and what it gives beside a seal that announces these very bytes. */
  readonly codes: readonly [alone: string, sealed: string];
  /** In the seal; default the good one. */
  readonly manifest?: Manifest;
}
const CORRUPT = ['OP_ARCHIVE_CORRUPT', 'OP_ARCHIVE_CORRUPT'] as const;
const TRUNCATED = ['OP_ARCHIVE_TRUNCATED', 'OP_ARCHIVE_TRUNCATED'] as const;
const INVALID = ['OP_MANIFEST_INVALID', 'OP_MANIFEST_INVALID'] as const;
const TOO_NEW = ['OP_FORMAT_TOO_NEW', 'OP_FORMAT_TOO_NEW'] as const;

const announcing = (manifest: Manifest, codes: BadArchive['codes'], lastTable?: string): BadArchive => ({
  archive: async () => await archiveOf(entriesOf(manifest, lastTable)),
  codes,
  manifest,
});
/** A set whose hashes and sizes are all right: only reading the rows can tell. */
const badTable = (text: string, codes: BadArchive['codes']) =>
  announcing(manifestOf([tableFile('db/a.json'), tableFile('db/b.json', text)]), codes, text);
const badPath = (path: string) => announcing(manifestOf([tableFile('db/a.json'), tableFile(path)]), INVALID);

export const BAD_TABLES: Readonly<Record<string, readonly [text: string, code: string]>> = {
  'is empty': ['', 'OP_ARCHIVE_TRUNCATED'],
  'is not JSON': ['[\n{"id":1},\n{"id":2\n]\n', 'OP_ARCHIVE_CORRUPT'],
  'is not an array': ['{"id":1}\n', 'OP_ARCHIVE_CORRUPT'],
  'is cut before the closing bracket': ['[\n{"id":1},\n{"id":2}\n', 'OP_ARCHIVE_TRUNCATED'],
  'is cut in a row': ['[\n{"id":1},\n{"id', 'OP_ARCHIVE_CORRUPT'],
  'goes on after the closing bracket': [`${ROWS}{"id":3}\n`, 'OP_ARCHIVE_CORRUPT'],
};

export const BAD: Readonly<Record<string, BadArchive>> = {
  'with an entry more': {
    archive: async () => await withTable(fileEntry('db/b.json', ROWS), fileEntry('db/c.json', ROWS)),
    codes: CORRUPT,
  },
  'with an entry after the last': {
    archive: async () => await archiveOf([...entriesOf(GOOD), fileEntry('late', '')]),
    codes: CORRUPT,
  },
  'without a table': { archive: async () => await withTable(), codes: CORRUPT },
  'without its sums': { archive: async () => await archiveOf(entriesOf(GOOD).slice(0, -1)), codes: TRUNCATED },
  'with an absolute path': { archive: async () => await withTable(fileEntry(ESCAPED, ROWS)), codes: CORRUPT },
  'with a path that climbs': { archive: async () => await withTable(fileEntry('../escaped', ROWS)), codes: CORRUPT },
  'announcing an absolute path': badPath(ESCAPED),
  'announcing a path that climbs': badPath('db/../../escaped'),
  'announcing one file twice': badPath('db/a.json'),
  'with a symbolic link': {
    archive: async () => await withTable(special({ type: 'symlink', linkname: '/etc/passwd' })),
    codes: CORRUPT,
  },
  'with a hard link': {
    archive: async () => await withTable(special({ type: 'link', linkname: 'db/a.json' })),
    codes: CORRUPT,
  },
  'with a device': {
    archive: async () => await withTable(special({ type: 'character-device', devmajor: 1, devminor: 5 })),
    codes: CORRUPT,
  },
  'with a pipe': { archive: async () => await withTable(special({ type: 'fifo' })), codes: CORRUPT },
  'with a folder': { archive: async () => await withTable(special({ type: 'directory' })), codes: CORRUPT },
  'with a table larger than announced': {
    archive: async () => await withTable(fileEntry('db/b.json', `${ROWS}\n`)),
    codes: CORRUPT,
  },
  'with a table that runs over its tar header': {
    archive: async () => {
      const tar = await tarOf(entriesOf(GOOD));
      const at = tar.indexOf('db/b.json\0') + 512;
      return gzipSync(Buffer.concat([tar.subarray(0, at), Buffer.alloc(512, ROWS), tar.subarray(at)]));
    },
    codes: CORRUPT,
  },
  'of 10 GiB of zeros': { archive: async () => zeros(), codes: CORRUPT },
  'with 10 GiB after its end': {
    archive: async () => Buffer.concat([await archiveOf(entriesOf(GOOD)), zeros()]),
    codes: CORRUPT,
  },
  'with a manifest of 10 GiB': {
    archive: async () => Buffer.concat([await lyingHeader('manifest.json', 10 * GIB), zeros()]),
    codes: ['OP_MANIFEST_INVALID', 'OP_ARCHIVE_CORRUPT'],
  },
  'with a table of 10 GiB': {
    archive: async () => {
      const [manifest, first] = entriesOf(GOOD);
      const start = gzipSync((await tarOf([manifest!, first!])).subarray(0, -1024));
      return Buffer.concat([start, await lyingHeader('db/b.json', 10 * GIB), zeros()]);
    },
    codes: CORRUPT,
  },
  'of a newer format': announcing(manifestOf(GOOD.files, { formatVersion: 2, minimumReaderVersion: 2 }), TOO_NEW),
  'for newer readers': announcing(manifestOf(GOOD.files, { minimumReaderVersion: 7 }), TOO_NEW),
  'without a manifest': {
    archive: async () => await archiveOf(entriesOf(GOOD).slice(1)),
    codes: ['OP_MANIFEST_MISSING', 'OP_ARCHIVE_CORRUPT'],
  },
  'whose manifest is not first': {
    archive: async () => {
      const [manifest, first, ...rest] = entriesOf(GOOD);
      return await archiveOf([first!, manifest!, ...rest]);
    },
    codes: ['OP_MANIFEST_MISSING', 'OP_ARCHIVE_CORRUPT'],
  },
  'whose manifest is no JSON': {
    archive: async () => await archiveOf([fileEntry('manifest.json', '{"kind":'), ...entriesOf(GOOD).slice(1)]),
    codes: ['OP_MANIFEST_INVALID', 'OP_ARCHIVE_CORRUPT'],
  },
  ...Object.fromEntries(
    Object.entries(BAD_TABLES).map(([what, [text, code]]) => [`whose table ${what}`, badTable(text, [code, code])]),
  ),
  'whose table has a row twice': badTable('[\n{"id":1},\n{"id":2},\n{"id":2}\n]\n', CORRUPT),
  'whose table lacks a column': badTable('[\n{"id":1},\n{}\n]\n', CORRUPT),
  'whose table has a text for a number': badTable('[\n{"id":1},\n{"id":"2"}\n]\n', CORRUPT),
  'that is not gzip': { archive: async () => Buffer.from(ROWS.repeat(100)), codes: CORRUPT },
  'that is empty': { archive: async () => Buffer.alloc(0), codes: TRUNCATED },
  'that is gzip of no tar': { archive: async () => gzipSync(ROWS.repeat(100)), codes: CORRUPT },
  'that is gzip of nothing': { archive: async () => gzipSync(''), codes: TRUNCATED },
};
