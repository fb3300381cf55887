import type { Node, NodeAPI } from 'node-red';
import { type LocationSettings, OperationError, runInWorker } from '../../src/index';
import { findLocation } from '../shared/config-nodes';
import { defineNode, nameOf, type RunContext, type RunOutcome } from '../shared/define-node';
import { evaluateSet } from '../shared/evaluate-set';
import { formatBytes } from '../shared/node-status';
import { type ArchiveStoreConfig, DEFAULTS } from './config';

/** Packs and seals the exported set of the message; or lists the sets of a location; or fetches one. */
export = function (RED: NodeAPI) {
  defineNode<ArchiveStoreConfig>(RED, 'archive-store', {
    operation: 'store',
    outputs: 2,
    progressPort: 1,
    async run(node, config, context) {
      const saved = { ...DEFAULTS, ...config };
      const location = await findLocation(RED, saved.location, nameOf(node)).settings();
      switch (saved.action) {
        case 'store':
          return await store(node, saved, location, context);
        case 'list':
          return await list(location, context);
        case 'fetch':
          return await fetch(node, saved, location, context);
        default:
          throw new OperationError('OP_CONFIG_INVALID', `${nameOf(node)}: no action "${saved.action}"`, {
            details: { accepted: ['store', 'list', 'fetch'] },
          });
      }
    },
  });

  async function store(
    node: Node,
    { location: locationId }: typeof DEFAULTS,
    location: LocationSettings,
    { set, around, signal, onProgress }: RunContext,
  ): Promise<RunOutcome> {
    const { id: setId, workDirectory, ...rest } = set;
    if (!setId || !workDirectory) {
      throw new OperationError('OP_CONFIG_INVALID', `${nameOf(node)} got no exported set to store`, {
        details: { field: 'msg.payload.workDirectory' },
        remedy: 'Put table-export before it, and pass its message on unchanged and once.',
      });
    }
    const request = { ...around, location, workDirectory, setId };
    const { sealed } = await runInWorker('storeSet', request, { signal, onProgress });
    const { key, bytes, sha256, sealedAt } = sealed.archive;
    return {
      set: { ...rest, id: setId, archive: { location: locationId, key, bytes, sha256, sealedAt } },
      report: { operation: 'store', setId },
      badge: formatBytes(bytes),
    };
  }

  async function list(location: LocationSettings, { signal, onProgress }: RunContext): Promise<RunOutcome> {
    const { sets, findings } = await runInWorker('listSets', { location }, { signal, onProgress });
    return {
      set: { kind: 'backup-set-list', formatVersion: 1, location: location.name, sets },
      report: { operation: 'list', findings: [...findings] },
      badge: String(sets.length),
    };
  }

  async function fetch(
    node: Node,
    saved: typeof DEFAULTS,
    location: LocationSettings,
    { msg, around, signal, onProgress }: RunContext,
  ): Promise<RunOutcome> {
    if (!saved.directory) {
      throw new OperationError('OP_CONFIG_INVALID', `${nameOf(node)}: no folder to fetch into`, {
        details: { field: 'directory' },
        remedy: `Open ${nameOf(node)} and name the folder.`,
      });
    }
    const set = await evaluateSet(RED, node, saved.set, saved.setType, msg);
    const request = { ...around, location, set, directory: saved.directory };
    const { sealed, archivePath } = await runInWorker('fetchSet', request, { signal, onProgress });
    const { key, bytes, sha256, sealedAt } = sealed.archive;
    return {
      set: {
        kind: 'backup-set',
        formatVersion: 1,
        id: sealed.setId,
        name: sealed.name,
        startedAt: sealed.startedAt,
        sources: [],
        archive: { location: saved.location, key, bytes, sha256, sealedAt },
        archivePath,
      },
      report: { operation: 'fetch', setId: sealed.setId },
      badge: formatBytes(bytes),
    };
  }
};
