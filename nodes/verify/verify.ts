import type { NodeAPI } from 'node-red';
import { runInWorker } from '../../src/index';
import { findConnection, findLocation } from '../shared/config-nodes';
import { defineNode, nameOf } from '../shared/define-node';
import { evaluateSet } from '../shared/evaluate-set';
import { DEFAULTS, toLevel, type VerifyConfig } from './config';

/** Checks a sealed set at a level: first output passed, second output findings or suspicions. */
export = function (RED: NodeAPI) {
  defineNode<VerifyConfig>(RED, 'verify', {
    operation: 'verify',
    outputs: 2,
    async run(node, config, { msg, set, around, signal, onProgress }) {
      const saved = { ...DEFAULTS, ...config };
      const level = toLevel(saved.level);
      const location = await findLocation(RED, saved.location, nameOf(node)).settings();
      const wanted = await evaluateSet(RED, node, saved.set, saved.setType, msg);
      const scratch =
        level === 'restorable' ? await findConnection(RED, saved.scratch, nameOf(node)).settings() : undefined;
      const rulesPath = saved.rules.trim();
      const { verification, openSuspicions, certificate, sealed, rows, bytes } = await runInWorker(
        'verifySet',
        {
          ...around,
          location,
          set: wanted,
          level,
          accept: msg.accept === true,
          ...(scratch ? { scratch } : {}),
          ...(rulesPath ? { rulesPath } : {}),
        },
        { signal, onProgress },
      );
      const { outcome } = verification;
      const findings = [...verification.findings, ...openSuspicions];
      const [worst] = findings;
      const { key = wanted, sha256 = '', sealedAt = '' } = sealed?.archive ?? {};
      const archive = { location: saved.location, key, bytes: sealed?.archive.bytes ?? 0, sha256, sealedAt };
      return {
        set: {
          ...set,
          ...(sealed ? { id: sealed.setId, name: sealed.name, startedAt: sealed.startedAt, archive } : {}),
          verification: {
            level,
            outcome,
            findings: verification.findings,
            ...(openSuspicions.length > 0 ? { suspicions: [...openSuspicions] } : {}),
            ...(certificate ? { certificate } : {}),
          },
        },
        report: { setId: verification.setId, rows, bytes, findings },
        badge: worst?.code ?? level,
        port: worst ? 1 : 0,
      };
    },
  });
};
