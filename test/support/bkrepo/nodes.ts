import { createHash } from 'node:crypto';

/** The zone in which the stand-in's server lives: BKREPO tells local times without saying so. */
export const ZONE_HOURS = 8;

export interface StoredNode {
  readonly fullPath: string;
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly md5: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
  /** Days; 0: for ever. */
  readonly expires: number;
  readonly metadata: Map<string, unknown>;
}

export const sumOf = (algorithm: string, bytes: Buffer) => createHash(algorithm).update(bytes).digest('hex');

export function newNode(fullPath: string, bytes: Buffer, expires: number): StoredNode {
  const now = Date.now();
  return {
    ...{ fullPath, bytes, sha256: sumOf('sha256', bytes), md5: sumOf('md5', bytes) },
    ...{ createdAt: now, modifiedAt: now, expires, metadata: new Map() },
  };
}

const local = (at: number) => new Date(at + ZONE_HOURS * 3_600_000).toISOString().replace('Z', '');

/** As the node service describes a node (docs/apidoc/node). */
export function describeNode(node: StoredNode, project: string, repository: string): object {
  const { fullPath, bytes, sha256, md5, createdAt, modifiedAt, metadata } = node;
  const cut = fullPath.lastIndexOf('/') + 1;
  return {
    ...{ projectId: project, repoName: repository, path: fullPath.slice(0, cut), name: fullPath.slice(cut), fullPath },
    ...{ folder: false, size: bytes.length, sha256, md5, metadata: Object.fromEntries(metadata) },
    ...{
      createdBy: 'bklog',
      createdDate: local(createdAt),
      lastModifiedBy: 'bklog',
      lastModifiedDate: local(modifiedAt),
    },
  };
}
