import { z } from 'zod';
import { OperationError } from '../errors/operation-error';
import { bkrepoFields, bkrepoLocationSchema } from './bkrepo-location';
import { connectionSettingsSchema } from './connection-settings';
import { type ExportStorage, STORAGE_TOGGLES } from './export-storage';
import { folderFields, folderLocationSchema } from './folder-location';
import { commonLocation } from './location-common';
import { parseOrRefuse } from './parse';
import { cosEndpoint, s3LocationSchema } from './s3-location';

/** Where BK-LOG puts its own exports: store and keys are read from a row of its feature toggles at each run. */
export const bklogLocationSchema = z.object({
  ...commonLocation,
  kind: z.literal('bklog'),
  toggle: z.enum(STORAGE_TOGGLES),
  /** To the database of BK-LOG's application. */
  connection: connectionSettingsSchema,
  /** What the row does not say: the folder, while it says nfs. */
  folder: z.object(folderFields).optional(),
  /** Address and user, while it says bkrepo: BK-LOG has them in its environment. */
  bkrepo: z.object(bkrepoFields).optional(),
  /** Before the names of objects, while it says cos. */
  prefix: z.string().default(''),
});
export type BkLogLocation = z.infer<typeof bklogLocationSchema>;

/** The store that BK-LOG uses now, as a location of its own. Errors: OP_CONFIG_INVALID naming what is missing. */
export function resolveBkLogLocation({ name, toggle, folder, bkrepo, prefix }: BkLogLocation, storage: ExportStorage) {
  const missing = (what: string, field: string) =>
    new OperationError('OP_CONFIG_INVALID', `${toggle} of BK-LOG says ${storage.kind}, and ${name} names no ${what}`, {
      details: { toggle, storage: storage.kind, field },
      remedy: `Open the location ${name} and fill in its ${what}.`,
    });
  switch (storage.kind) {
    case 'nfs':
      if (!folder) throw missing('folder', 'path');
      return folderLocationSchema.parse({ name, kind: 'folder', ...folder });
    case 'bkrepo':
      if (!bkrepo) throw missing('address of BKREPO', 'endpoint');
      return bkrepoLocationSchema.parse({ name, kind: 'bkrepo', ...bkrepo });
    case 'cos': {
      const { region, bucket, secretId: accessKeyId, secretKey: secretAccessKey } = storage;
      const cos = { endpoint: cosEndpoint(region), region, bucket, prefix, accessKeyId, secretAccessKey };
      return parseOrRefuse(
        s3LocationSchema,
        { name, kind: 's3', addressing: 'virtual', ...cos },
        `${toggle} of BK-LOG`,
      );
    }
    default:
      throw storage satisfies never;
  }
}
