import { BkLogApi } from '../bklog/api/bklog-api';
import { BkLogClient } from '../bklog/api/bklog-client';
import type { ApiSettings } from '../model/api-settings';
import type { CheckApiResult } from './contract';

/** Somebody waits in front of the form. */
const PATIENCE_MS = 5_000;
const FIRST_PAUSE_MS = 20;

/**
 * Looks at one business through the API gateway: its Elasticsearch clusters and its collectors. Writes nothing.
 * Errors: OP_API_*.
 */
export async function checkApi(
  { api: settings, business }: { readonly api: ApiSettings; readonly business: number },
  signal: AbortSignal,
): Promise<CheckApiResult> {
  const client = await BkLogClient.open({ ...settings, timeoutMs: PATIENCE_MS }, signal, FIRST_PAUSE_MS);
  try {
    const api = new BkLogApi(client);
    const clusters = await api.clusters(business);
    const collectors = await api.collectors(business);
    return { business, clusters: clusters.length, collectors: collectors.length };
  } finally {
    client.close();
  }
}
