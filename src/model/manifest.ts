import { createHash } from 'node:crypto';
import { z } from 'zod';
import { OperationError } from '../errors/operation-error';

/** The layout this release writes, and the oldest reader that understands it. See docs/format.md. */
export const FORMAT_VERSION = 1;
export const MINIMUM_READER_VERSION = 1;

/** How a column's cells stand in the table file; docs/format.md says how to read each back. */
export const CELL_ENCODINGS = ['integer', 'float', 'text', 'base64', 'index', 'charset-base64'] as const;
export type CellEncoding = (typeof CELL_ENCODINGS)[number];

const count = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** A path that stays inside the folder it is unpacked into, whoever unpacks it. The export writes no other. */
const innerPath = z.string().refine((path) => !/(^|\/)(\.{0,2})(\/|$)|[\\\0]/.test(path), 'leads out of the archive');

export const manifestColumnSchema = z.object({
  name: z.string(),
  /** The SQL type as the server prints it, for example `bigint(20) unsigned`. */
  type: z.string(),
  encoding: z.enum(CELL_ENCODINGS),
  nullable: z.boolean(),
  charset: z.string().optional(),
  collation: z.string().optional(),
  /** Present for a generated column: its cells are in the file, a restore must not insert them. */
  generated: z.enum(['stored', 'virtual']).optional(),
  invisible: z.literal(true).optional(),
});
export type ManifestColumn = z.infer<typeof manifestColumnSchema>;

export const manifestFileSchema = z.object({
  path: innerPath,
  /** `document`: the collectors or index sets as export.py writes them. */
  kind: z.enum(['schema', 'table', 'document']),
  /** The connection's name in the flow or config file. */
  source: z.string(),
  database: z.string(),
  table: z.string().optional(),
  rows: count.optional(),
  bytes: count,
  sha256,
  columns: z.array(manifestColumnSchema).optional(),
  /** Columns the rows are ordered by; empty means the server's own order. */
  orderedBy: z.array(z.string()).optional(),
  /** sha256 of the canonical SHOW CREATE TABLE text. */
  definitionSha256: sha256.optional(),
  where: z.string().optional(),
});
export type ManifestFile = z.infer<typeof manifestFileSchema>;

export const snapshotCoordinatesSchema = z.object({
  /** The connections read through this snapshot, by their names in the flow or config file; `files` name them. */
  sources: z.array(z.string()).min(1),
  server: z.object({
    flavour: z.enum(['mariadb', 'mysql']),
    version: z.string(),
    hostname: z.string(),
    serverUuid: z.string().optional(),
  }),
  /** Server clock at the moment of the snapshot, UTC. */
  serverTime: z.string(),
  /** How one moment was made to hold for all connections. */
  method: z.enum(['global-read-lock', 'table-read-lock', 'single-connection']),
  connections: count,
  /** How long writers had to wait, in milliseconds; 0 without a lock. */
  lockedMs: z.number().nonnegative(),
  binlog: z.object({ file: z.string(), position: count }).optional(),
  gtid: z.string().optional(),
});
export type SnapshotCoordinates = z.infer<typeof snapshotCoordinatesSchema>;

export const manifestSchema = z.object({
  kind: z.literal('backup-set-manifest'),
  formatVersion: z.number().int(),
  minimumReaderVersion: z.number().int(),
  toolVersion: z.string(),
  setId: z.string().regex(/^\d{14}_[a-z0-9]{10}$/),
  app: z.string(),
  name: z.string(),
  startedAt: z.string(),
  /** The moment the data is of: the latest snapshot of its servers, UTC. */
  snapshotAt: z.string(),
  timeZone: z.string(),
  /** Sets this one depends on; empty for a full set. */
  parents: z.array(z.object({ setId: z.string(), sha256 })),
  snapshots: z.array(snapshotCoordinatesSchema),
  files: z
    .array(manifestFileSchema)
    .refine((files) => new Set(files.map(({ path }) => path)).size === files.length, 'name a path twice'),
  /** Things the operator should know that are not errors: what was not exported, and why. */
  notes: z.array(z.string()),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** The databases that a set has definitions of. */
export function databasesOf({ files }: Pick<Manifest, 'files'>): string[] {
  return files.filter(({ kind }) => kind === 'schema').map(({ database }) => database);
}

/** Where the compressed content of a file lies in the archive: offset and length in bytes. */
const placeSchema = z.object({ at: count, bytes: count });
export type Place = z.infer<typeof placeSchema>;

export const sealedManifestSchema = manifestSchema
  .extend({
    archive: z.object({
      key: z.string(),
      bytes: count,
      sha256,
      sealedAt: z.string(),
      /** One for each of `files`, in their order: whole gzip members, which can be read by themselves. */
      places: z.array(placeSchema).optional(),
    }),
  })
  .refine(
    ({ files, archive }) => archive.places === undefined || archive.places.length === files.length,
    'has a place for each file',
  );
export type SealedManifest = z.infer<typeof sealedManifestSchema>;

/** The exact text of a manifest inside an archive. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 1)}\n`;
}

/** The exact text of the seal: the manifest with its archive, and last a checksum over everything before it. */
export function formatSeal(sealed: SealedManifest): string {
  return `${JSON.stringify({ ...sealed, checksum: sealChecksum(sealed) }, null, 1)}\n`;
}

function sealChecksum(sealed: SealedManifest): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(sealed)).digest('hex')}`;
}

function parseJson(text: string, object: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new OperationError('OP_MANIFEST_INVALID', `${object} is not JSON`, { details: { object }, cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OperationError('OP_MANIFEST_INVALID', `${object} is not a JSON object`, { details: { object } });
  }
  return value as Record<string, unknown>;
}

function parseAs<T>(schema: z.ZodType<T>, value: Record<string, unknown>, object: string): T {
  const needs = value.minimumReaderVersion;
  if (value.kind === 'backup-set-manifest' && typeof needs === 'number' && needs > FORMAT_VERSION) {
    throw new OperationError('OP_FORMAT_TOO_NEW', `${object} needs a reader of format ${needs}`, {
      details: { object, minimumReaderVersion: needs, readerVersion: FORMAT_VERSION, writtenBy: value.toolVersion },
      remedy: `Install a release that reads format ${needs}; it was written by release ${String(value.toolVersion)}.`,
    });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new OperationError('OP_MANIFEST_INVALID', `${object}: ${issue?.path.join('.')}: ${issue?.message}`, {
      details: { object },
    });
  }
  return parsed.data;
}

/** Parses the manifest inside an archive. Errors: OP_MANIFEST_INVALID, OP_FORMAT_TOO_NEW. */
export function parseManifest(text: string, object: string): Manifest {
  return parseAs(manifestSchema, parseJson(text, object), object);
}

/**
 * Parses a seal and refuses one whose bytes are not exactly what `formatSeal` wrote: one flipped bit anywhere in
 * the object, white space included, is OP_MANIFEST_INVALID.
 */
export function parseSeal(text: string, object: string): SealedManifest {
  const value = parseJson(text, object);
  const sealed = parseAs(sealedManifestSchema, value, object);
  if (formatSeal(sealed) !== text) {
    throw new OperationError('OP_MANIFEST_INVALID', `${object} does not match its checksum`, { details: { object } });
  }
  return sealed;
}
