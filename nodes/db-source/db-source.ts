import type { NodeAPI } from 'node-red';
import { chooseTables, OperationError, runInWorker, type SetSource } from '../../src/index';
import { emptySet } from '../shared/backup-message';
import { findConnection } from '../shared/config-nodes';
import { defineNode, nameOf } from '../shared/define-node';
import { formatBytes } from '../shared/node-status';
import { type DbSourceConfig, DEFAULTS, toTableChoice } from './config';

/** Picks the tables of one connection, checks on the live server that they are there, and adds them to the set. */
export = function (RED: NodeAPI) {
  defineNode<DbSourceConfig>(RED, 'db-source', {
    operation: 'select',
    async run(node, config, { set: given, signal }) {
      const saved = { ...DEFAULTS, ...config };
      // A set that was exported already is the past of this message: a new one begins.
      const set = given.id === undefined ? given : emptySet();
      const settings = { ...(await findConnection(RED, saved.connection, nameOf(node)).settings()) };
      if (saved.database) settings.database = saved.database;
      const described = await runInWorker('describeConnection', { settings }, { signal });
      const source: SetSource = {
        connection: saved.connection,
        name: settings.name,
        server: described.server,
        database: settings.database,
        tables: chooseTables(described, toTableChoice(saved)),
      };
      if (set.sources.some(({ database }) => database === source.database)) {
        throw new OperationError('OP_CONFIG_INVALID', `database ${source.database} is in this set already`, {
          details: { database: source.database, node: nameOf(node) },
          remedy: `Choose all tables of ${source.database} in one db-source.`,
        });
      }
      const bytes = source.tables.reduce((sum, { bytesEstimate = 0 }) => sum + bytesEstimate, 0);
      return {
        set: { ...set, sources: [...set.sources, source] },
        report: { tables: source.tables.length },
        badge: `${source.tables.length} · ${formatBytes(bytes)}`,
      };
    },
  });
};
