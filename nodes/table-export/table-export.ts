import type { NodeAPI } from 'node-red';
import { type ExportSource, OperationError, runInWorker, type SetSource } from '../../src/index';
import { findConnection } from '../shared/config-nodes';
import { defineNode, nameOf } from '../shared/define-node';
import { formatBytes } from '../shared/node-status';
import { timeZoneOr } from '../shared/surroundings';
import { DEFAULTS, readExportConfig, type TableExportConfig } from './config';

/** Takes one consistent snapshot of all sources of the message, and writes table files, documents of collectors, or both. */
export = function (RED: NodeAPI) {
  defineNode<TableExportConfig>(RED, 'table-export', {
    operation: 'export',
    outputs: 2,
    progressPort: 1,
    async run(node, config, { set, around, signal, onProgress }) {
      const saved = { ...DEFAULTS, ...config };
      const { contents, setName, app, parallel, compressionLevel, timeZone } = readExportConfig(saved);
      const chosen = contents === 'collectors' ? [] : set.sources;
      if (chosen.length === 0 && contents !== 'collectors') {
        throw new OperationError('OP_CONFIG_INVALID', `${nameOf(node)} got no backup set in the making`, {
          details: { field: 'msg.payload' },
          remedy: 'Put at least one db-source before it, and pass its message on unchanged.',
        });
      }
      const sources: ExportSource[] = await Promise.all(chosen.map((source) => withSettings(source, nameOf(node))));
      const { setId, workDirectory, manifest } = await runInWorker(
        'exportTables',
        {
          ...around,
          app,
          name: setName,
          timeZone: timeZoneOr(timeZone),
          sources,
          ...(contents === 'tables' ? {} : { collectors: await documentSources(saved, nameOf(node)) }),
          parallel,
          ...(compressionLevel === undefined ? {} : { compressionLevel }),
        },
        { signal, onProgress },
      );
      const files = manifest.files.map(({ path, table, rows, bytes, sha256 }) => ({
        path,
        ...(table === undefined ? {} : { table }),
        ...(rows === undefined ? {} : { rows }),
        bytes,
        sha256,
      }));
      const tables = manifest.files.filter(({ kind }) => kind === 'table');
      const documents = manifest.files.filter(({ kind }) => kind === 'document');
      const bytes = [...tables, ...documents].reduce((sum, file) => sum + file.bytes, 0);
      const records = documents.reduce((sum, { rows = 0 }) => sum + rows, 0);
      const { kind, formatVersion } = set;
      return {
        // Results of an earlier run of this message do not belong to the new set.
        set: {
          kind,
          formatVersion,
          id: setId,
          name: setName,
          startedAt: manifest.startedAt,
          sources: chosen,
          workDirectory,
          files,
        },
        report: {
          setId,
          tables: tables.length,
          rows: tables.reduce((sum, file) => sum + (file.rows ?? 0), 0),
          bytes,
        },
        badge: [
          ...(sources.length > 0 ? [tables.length] : []),
          ...(documents.length > 0 ? [records] : []),
          formatBytes(bytes),
        ].join(' · '),
      };
    },
  });

  async function documentSources({ logConnection, nodemanConnection }: typeof DEFAULTS, user: string) {
    const [log, nodeman] = [logConnection, nodemanConnection].map((id) => findConnection(RED, id, user));
    return { log: await log!.settings(), nodeman: await nodeman!.settings() };
  }

  async function withSettings(source: SetSource, user: string): Promise<ExportSource> {
    const settings = await findConnection(RED, source.connection, user).settings();
    return { ...source, settings: { ...settings, database: source.database } };
  }
};
