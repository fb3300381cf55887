import type { CellEncoding, Manifest, ManifestFile } from '../../src/model/manifest';

/** A table file of a manifest; its rows are ordered by `id`. */
export function tableFile(
  table: string,
  rows: number,
  columns: Readonly<Record<string, CellEncoding>> = { id: 'integer' },
  change: Partial<ManifestFile> = {},
): ManifestFile {
  return {
    path: `db/${table}.json`,
    kind: 'table',
    source: 'db',
    database: 'db',
    table,
    rows,
    bytes: 4,
    sha256: '0'.repeat(64),
    columns: Object.entries(columns).map(([name, encoding]) => ({ name, type: 'any', encoding, nullable: true })),
    orderedBy: ['id'],
    ...change,
  };
}

export function manifestOf(files: readonly ManifestFile[], setId = '20261123020000_k3v9x1q7ab'): Manifest {
  return {
    kind: 'backup-set-manifest',
    formatVersion: 1,
    minimumReaderVersion: 1,
    toolVersion: '0.1.0',
    setId,
    app: 'app',
    name: 'test',
    startedAt: '2026-11-22T18:00:00.214Z',
    snapshotAt: '2026-11-22T18:00:00.391204Z',
    timeZone: 'UTC',
    parents: [],
    snapshots: [],
    files: [...files],
    notes: [],
  };
}
