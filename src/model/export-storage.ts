import { z } from 'zod';
import { OperationError } from '../errors/operation-error';

/** The rows of BK-LOG's feature toggles that say where its asynchronous exports go. */
export const STORAGE_TOGGLES = ['feature_async_export', 'feature_async_export_external'] as const;
export type StorageToggle = (typeof STORAGE_TOGGLES)[number];

/** Where BK-LOG puts its exports. BKREPO's address and credentials are in its environment, not in the row. */
export type ExportStorage = { readonly notifyType: string } & (
  | { readonly kind: 'nfs' | 'bkrepo' }
  | {
      readonly kind: 'cos';
      readonly region: string;
      readonly bucket: string;
      readonly secretId: string;
      readonly secretKey: string;
    }
);

const text = z
  .string()
  .nullish()
  .transform((value) => value?.trim() ?? '');
const configSchema = z.object({
  notify_type: text,
  storage_type: text,
  qcloud_secret_id: text,
  qcloud_secret_key: text,
  qcloud_cos_region: text,
  qcloud_cos_bucket: text,
});

/**
 * Reads the configuration of a storage toggle. An empty or unknown type is NFS, as BK-LOG takes it
 * (apps/utils/remote_storage.py). Errors: OP_CONFIG_INVALID naming the field, never its value.
 */
export function readExportStorage(config: string | undefined, toggle: StorageToggle): ExportStorage {
  const invalid = (problem: string, field?: string) =>
    new OperationError('OP_CONFIG_INVALID', `${toggle} of BK-LOG ${problem}`, {
      details: { toggle, ...(field ? { field } : {}) },
      remedy: 'Correct feature_config of that row in BK-LOG, or configure the location by itself.',
    });
  let parsed: ReturnType<typeof configSchema.safeParse>;
  try {
    parsed = configSchema.safeParse(JSON.parse(config ?? '{}') ?? {});
  } catch (cause) {
    throw Object.assign(invalid('is no JSON'), { cause: new Error((cause as Error).name) });
  }
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.');
    throw invalid(`has a ${field || 'content'} of the wrong type`, field);
  }
  const found = parsed.data;
  const notifyType = found.notify_type;
  if (found.storage_type !== 'cos') return { kind: found.storage_type === 'bkrepo' ? 'bkrepo' : 'nfs', notifyType };
  for (const field of ['qcloud_secret_id', 'qcloud_secret_key', 'qcloud_cos_region', 'qcloud_cos_bucket'] as const) {
    if (!found[field]) throw invalid(`says cos, but ${field} is empty`, field);
  }
  return {
    kind: 'cos',
    notifyType,
    region: found.qcloud_cos_region,
    bucket: found.qcloud_cos_bucket,
    secretId: found.qcloud_secret_id,
    secretKey: found.qcloud_secret_key,
  };
}
