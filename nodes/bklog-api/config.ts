import type { NodeDef } from 'node-red';
import { type ApiSettings, apiSettingsSchema, OperationError, parseOrRefuse } from '../../src/index';

/** What the form saves, with the form's defaults. */
export const DEFAULTS = {
  name: '',
  /** Of the gateway, with its name and stage. */
  url: '',
  appCode: '',
  /** Acts where nothing else is said. */
  user: 'admin',
  tenant: '',
  tlsRejectUnauthorized: true,
  /** PEM text or a path to it; empty: the system's. */
  tlsCa: '',
  /** Calls at a time. */
  concurrency: '4',
  /** Calls that begin in a second; empty: no limit. */
  callsPerSecond: '',
  /** Seconds one call may take. */
  timeout: '75',
  version: 1,
};
export type BkLogApiConfig = NodeDef & typeof DEFAULTS;

export interface BkLogApiCredentials {
  appSecret?: string;
  accessToken?: string;
}

/** Turns what the form saved into settings. Errors: OP_CONFIG_INVALID naming the field. */
export function toApiSettings(saved: typeof DEFAULTS, credentials: BkLogApiCredentials): ApiSettings {
  const { name, url, appCode, user, tenant, tlsRejectUnauthorized, tlsCa, concurrency, callsPerSecond, timeout } =
    saved;
  const { appSecret = '', accessToken = '' } = credentials;
  if (!accessToken && !(appCode && appSecret)) {
    throw new OperationError('OP_CONFIG_INVALID', `bklog-api ${name || url} has neither a secret nor a token`, {
      details: { field: 'appSecret' },
      remedy: 'Enter app code and app secret, or an access token.',
    });
  }
  return parseOrRefuse(
    apiSettingsSchema,
    {
      ...{ url: url.trim(), appCode: appCode.trim(), appSecret, accessToken, user: user.trim() || 'admin' },
      ...(tenant.trim() ? { tenant: tenant.trim() } : {}),
      tls: { rejectUnauthorized: tlsRejectUnauthorized, ...(tlsCa ? { ca: tlsCa } : {}) },
      concurrency: Number(concurrency),
      ...(callsPerSecond ? { callsPerSecond: Number(callsPerSecond) } : {}),
      timeoutMs: Math.round(Number(timeout) * 1000),
    },
    `bklog-api ${name || url}`,
  );
}
