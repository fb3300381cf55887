import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import {
  formatManifest,
  formatSeal,
  type Manifest,
  type ManifestColumn,
  type ManifestFile,
  parseManifest,
  parseSeal,
} from '../../src/model/manifest';
import type { Workplace } from './database';
import { withUnpacked } from './read-archive';

/** What is written otherwise in a set, as if another server had been backed up. */
export interface Forgery {
  readonly schema?: (sql: string) => string;
  readonly column?: (column: ManifestColumn, table: string) => ManifestColumn;
}

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

/** Rewrites the only set of a workplace, with every hash and its seal: to a reader it is whole. */
export async function forgeSet({ location }: Workplace, { schema, column }: Forgery): Promise<void> {
  const [name = ''] = readdirSync(location.path).filter((file) => file.endsWith('.tar.gz'));
  const [seal = ''] = readdirSync(location.path).filter((file) => file.endsWith('.manifest.json'));
  const archive = join(location.path, name);
  const sealed = parseSeal(readFileSync(join(location.path, seal), 'utf8'), seal);
  const bytes = await withUnpacked(archive, async (folder) => {
    const manifest = parseManifest(readFileSync(join(folder, 'manifest.json'), 'utf8'), name);
    const contents = new Map(manifest.files.map(({ path }) => [path, readFileSync(join(folder, path))]));
    const files = manifest.files.map((file): ManifestFile => {
      const content = contents.get(file.path)!;
      if (file.kind === 'table') {
        return column ? { ...file, columns: file.columns!.map((item) => column(item, file.table ?? '')) } : file;
      }
      const changed = Buffer.from(schema ? schema(content.toString('utf8')) : content);
      contents.set(file.path, changed);
      return { ...file, bytes: changed.length, sha256: sha256(changed) };
    });
    const { archive: _, ...rest } = { ...sealed, files };
    return await packed(rest, contents);
  });
  rmSync(archive, { force: true });
  writeFileSync(archive, bytes);
  const { files } = JSON.parse(await manifestText(archive)) as Manifest;
  // One gzip member from end to end: no file can be read by itself.
  const { places: _, ...stored } = sealed.archive;
  const forged = { ...sealed, files, archive: { ...stored, bytes: bytes.length, sha256: sha256(bytes) } };
  rmSync(join(location.path, seal), { force: true });
  writeFileSync(join(location.path, seal), formatSeal(forged));
}

async function manifestText(archive: string): Promise<string> {
  return await withUnpacked(archive, async (folder) => readFileSync(join(folder, 'manifest.json'), 'utf8'));
}

async function packed(manifest: Manifest, contents: ReadonlyMap<string, Buffer>): Promise<Buffer> {
  const text = formatManifest(manifest);
  const sums = [[sha256(text), 'manifest.json'], ...manifest.files.map((file) => [file.sha256, file.path])];
  const packer = pack();
  const add = (path: string, body: Buffer | string) =>
    packer.entry({ name: path, mode: 0o600, mtime: new Date(manifest.snapshotAt) }, body);
  add('manifest.json', text);
  for (const { path } of manifest.files) add(path, contents.get(path)!);
  add('SHA256SUMS', sums.map(([sum, path]) => `${sum}  ${path}\n`).join(''));
  packer.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packer as AsyncIterable<Buffer>) chunks.push(chunk);
  return gzipSync(Buffer.concat(chunks));
}
