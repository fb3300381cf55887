import { readFile } from 'node:fs/promises';
import { OperationError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import type { TlsSettings } from '../model/connection-settings';

/** What an HTTPS agent needs of the settings. Errors: OP_CONFIG_INVALID for a CA that cannot be read. */
export async function agentTls({ ca, rejectUnauthorized = true }: Partial<TlsSettings> = {}) {
  if (!ca) return { rejectUnauthorized };
  try {
    return { rejectUnauthorized, ca: ca.includes('-----BEGIN') ? ca : await readFile(ca, 'utf8') };
  } catch (error) {
    const { message } = toOperationError(error, 'reading the CA');
    throw new OperationError('OP_CONFIG_INVALID', message, { cause: error, details: { field: 'tls.ca' } });
  }
}
