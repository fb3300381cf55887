import type { NodeAPI } from 'node-red';
import { runInWorker } from '../../src/index';
import { answerEditor } from '../shared/answer-editor';
import { type ArchiveLocationNode, findLocation } from '../shared/config-nodes';
import { type ArchiveLocationConfig, DEFAULTS, toLocationSettings } from './config';

export = function (RED: NodeAPI) {
  RED.nodes.registerType('archive-location', function (this: ArchiveLocationNode, config: ArchiveLocationConfig) {
    RED.nodes.createNode(this, config);
    this.settings = async () => toLocationSettings({ ...DEFAULTS, ...config });
  });

  /** The sealed sets of a deployed location, for forms that pick one. */
  RED.httpAdmin.get(
    '/bklog-backup/archive-location/:id/sets',
    RED.auth.needsPermission('bklog-backup.read'),
    answerEditor(async (request, signal) => {
      const location = await findLocation(RED, String(request.params.id), 'the form').settings();
      return await runInWorker('listSets', { location }, { signal });
    }),
  );
};
