import { z } from 'zod';
import type { ConnectionSettings } from '../model/connection-settings';
import { type ExportStorage, readExportStorage, STORAGE_TOGGLES, type StorageToggle } from '../model/export-storage';
import { parseOrRefuse } from '../model/parse';
import { withConnection } from '../mysql/connection';
import { readToggleConfig } from '../mysql/feature-toggle';
import type { DescribedStorage } from './contract';

/** Where BK-LOG puts its exports now. Errors: OP_SOURCE_*, OP_CONFIG_INVALID for a row that says nothing usable. */
export async function findExportStorage(
  settings: ConnectionSettings,
  toggle: StorageToggle,
  signal = new AbortController().signal,
): Promise<ExportStorage> {
  const config = await withConnection(settings, signal, (connection) => readToggleConfig(connection, toggle));
  return readExportStorage(config, toggle);
}

/** The same for people: no keys. */
export async function describeExportStorage(
  { settings, toggle }: { readonly settings: ConnectionSettings; readonly toggle: string },
  signal: AbortSignal,
): Promise<DescribedStorage> {
  const row = parseOrRefuse(z.enum(STORAGE_TOGGLES), toggle, 'the toggle');
  const found = await findExportStorage(settings, row, signal);
  const { kind, notifyType } = found;
  return { kind, notifyType, ...(found.kind === 'cos' ? { region: found.region, bucket: found.bucket } : {}) };
}
