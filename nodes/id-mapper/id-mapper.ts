import type { Node, NodeAPI } from 'node-red';
import {
  type IdMapSource,
  OperationError,
  type PreparedMigration,
  type PrepareMigrationRequest,
  runInWorker,
  stoppedByUnmapped,
  unmappedFindings,
} from '../../src/index';
import { answerEditor } from '../shared/answer-editor';
import { findConnection } from '../shared/config-nodes';
import { defineNode, nameOf, type RunContext } from '../shared/define-node';
import { evaluateText } from '../shared/evaluate-text';
import { DEFAULTS, type IdMapperConfig, type MapperSettings, readMapperConfig } from './config';

const UNMAPPED_PORT = 1;

/** Looks up every id of the documents in an id map, and prepares the folder that collector-migrate reads. */
export = function (RED: NodeAPI) {
  defineNode<IdMapperConfig>(RED, 'id-mapper', {
    operation: 'map',
    outputs: 3,
    progressPort: 2,
    async run(node, config, context) {
      const saved = { ...DEFAULTS, ...config };
      const settings = readMapperConfig(saved, nameOf(node));
      const request = {
        ...context.around,
        documents: await findDocuments(node, saved, context),
        idMap: await toIdMapSource(settings, saved.connection, nameOf(node)),
        unmapped: settings.unmapped,
        directory: settings.directory,
      };
      const { signal, onProgress, tell } = context;
      const result = await runInWorker('prepareMigration', request, { signal, onProgress });
      const { environment, directory, setId, collectors, indexSets, unmapped: records, unmappedCount: count } = result;
      if (count > 0) tell(UNMAPPED_PORT, { kind: 'unmapped-records', environment, records, count });
      const stopped = stoppedByUnmapped(result);
      if (stopped) throw stopped;
      const ofSet = setId === undefined ? {} : { setId };
      const prepared: PreparedMigration = {
        ...{ kind: 'migration', formatVersion: 1, environment, directory },
        ...ofSet,
        ...{ collectors, indexSets, unmapped: count },
      };
      return {
        set: prepared,
        report: { ...ofSet, findings: unmappedFindings(result) },
        badge: `${collectors} · ${indexSets}${count > 0 ? ` ✗ ${count}` : ''}`,
      };
    },
  });

  async function findDocuments(
    node: Node,
    { documents, folder, folderType }: typeof DEFAULTS,
    { msg, set: { archivePath } }: RunContext,
  ): Promise<PrepareMigrationRequest['documents']> {
    if (documents === 'folder') {
      const found = await evaluateText(RED, node, folder, folderType, msg);
      if (found !== undefined) return { folder: found };
      throw new OperationError('OP_CONFIG_INVALID', `${nameOf(node)}: ${folderType} ${folder} names no folder`, {
        details: { field: 'folder', type: folderType, value: folder },
        remedy: 'Name the folder where export.py or export wrote its two files.',
      });
    }
    if (archivePath !== undefined) return { archivePath };
    throw new OperationError('OP_CONFIG_INVALID', `${nameOf(node)} got no fetched set`, {
      details: { field: 'msg.payload.archivePath' },
      remedy: 'Put archive-store with the action fetch before it, or take the documents from a folder.',
    });
  }

  async function toIdMapSource(settings: MapperSettings, connection: string, user: string): Promise<IdMapSource> {
    const { environment } = settings;
    switch (settings.map) {
      case 'tables': {
        const { offsetTable: offsets, businessTable: businesses } = settings;
        const reached = await findConnection(RED, connection, user).settings();
        return { environment, settings: reached, tables: { offsets, businesses } };
      }
      case 'file':
        return { environment, path: settings.file, offset: settings.offset };
      case 'form':
        return { environment, offset: settings.offset, businesses: settings.businesses };
    }
  }

  /** The environments that the tables of a deployed connection know. */
  RED.httpAdmin.get(
    '/bklog-backup/db-connection/:id/environments',
    RED.auth.needsPermission('bklog-backup.read'),
    answerEditor(async (request, signal) => {
      const settings = await findConnection(RED, String(request.params.id), 'the form').settings();
      const { offsetTable, businessTable } = { ...DEFAULTS, ...request.query };
      const tables = { offsets: String(offsetTable), businesses: String(businessTable) };
      return await runInWorker('listEnvironments', { settings, tables }, { signal });
    }),
  );
};
