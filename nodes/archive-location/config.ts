import type { NodeDef } from 'node-red';
import {
  type ConnectionSettings,
  cosEndpoint,
  type LocationSettings,
  locationSettingsSchema,
  parseOrRefuse,
} from '../../src/index';

/** What the form saves, with the form's defaults. Which fields count depends on `kind`; the others keep what they had. */
export const DEFAULTS = {
  name: '',
  /** `folder`, `s3`, `cos` (S3 with Tencent's addresses), `bkrepo`, or `bklog`: where BK-LOG puts its own exports. */
  kind: 'folder',
  /** A folder; for `bklog` the one that BK-LOG calls NFS. */
  path: '',
  requireMount: false,
  /** Of the S3 server or BKREPO. Empty: AWS. */
  endpoint: '',
  region: '',
  bucket: '',
  /** Before the names of objects; a folder in BKREPO. */
  prefix: '',
  addressing: 'path',
  project: '',
  repository: '',
  authorization: 'basic',
  /** Days after which BKREPO removes an object by itself; empty: never. */
  expireDays: '',
  tlsRejectUnauthorized: true,
  /** PEM text or a path to it; empty: the system's. */
  tlsCa: '',
  /** For `bklog`: id of a db-connection to BK-LOG's application, and the row of its toggles. */
  connection: '',
  toggle: 'feature_async_export',
  version: 1,
};
export type ArchiveLocationConfig = NodeDef & typeof DEFAULTS;

export interface ArchiveLocationCredentials {
  accessKeyId?: string;
  secretAccessKey?: string;
  sessionToken?: string;
  user?: string;
  password?: string;
}
export const CREDENTIALS = {
  accessKeyId: { type: 'text' },
  secretAccessKey: { type: 'password' },
  sessionToken: { type: 'password' },
  user: { type: 'text' },
  password: { type: 'password' },
} as const;

/** How a location finds the settings of a db-connection that it names. */
export type FindSettings = (connection: string) => Promise<ConnectionSettings>;

/** Turns what the form saved into settings. Errors: OP_CONFIG_INVALID naming the field. */
export async function toLocationSettings(
  saved: typeof DEFAULTS,
  credentials: ArchiveLocationCredentials,
  findSettings: FindSettings,
): Promise<LocationSettings> {
  const name = saved.name || placeOf(saved);
  const settings = {
    name,
    ...(await storeOf(saved, credentials, findSettings)),
  };
  return parseOrRefuse(locationSettingsSchema, settings, `archive-location ${name}`);
}

/** What a location without a name is called. */
function placeOf({ kind, path, bucket, project, repository, toggle }: typeof DEFAULTS): string {
  if (kind === 's3' || kind === 'cos') return bucket;
  if (kind === 'bkrepo') return `${project}/${repository}`;
  return kind === 'bklog' ? toggle : path;
}

async function storeOf(saved: typeof DEFAULTS, credentials: ArchiveLocationCredentials, findSettings: FindSettings) {
  switch (saved.kind) {
    case 's3':
      return s3Of(saved, credentials);
    case 'cos':
      return {
        ...s3Of(saved, credentials),
        endpoint: cosEndpoint(saved.region.trim()),
        addressing: 'virtual',
      };
    case 'bkrepo':
      return { kind: 'bkrepo', ...bkrepoOf(saved, credentials) };
    case 'bklog':
      return {
        kind: 'bklog',
        toggle: saved.toggle,
        connection: await findSettings(saved.connection),
        ...(saved.path.trim() ? { folder: folderOf(saved) } : {}),
        ...(saved.endpoint.trim() ? { bkrepo: bkrepoOf(saved, credentials) } : {}),
        prefix: saved.prefix.trim(),
      };
    default:
      return { kind: saved.kind, ...folderOf(saved) };
  }
}

function folderOf({ path, requireMount }: typeof DEFAULTS) {
  return { path: path.trim(), requireMount };
}

function tlsOf({ tlsRejectUnauthorized, tlsCa }: typeof DEFAULTS) {
  return { tls: { rejectUnauthorized: tlsRejectUnauthorized, ...(tlsCa ? { ca: tlsCa } : {}) } };
}

function s3Of(saved: typeof DEFAULTS, { accessKeyId, secretAccessKey, sessionToken }: ArchiveLocationCredentials) {
  const endpoint = saved.endpoint.trim();
  return {
    kind: 's3',
    ...(endpoint ? { endpoint } : {}),
    ...(saved.region.trim() ? { region: saved.region.trim() } : {}),
    bucket: saved.bucket.trim(),
    prefix: saved.prefix.trim(),
    accessKeyId: accessKeyId?.trim() ?? '',
    secretAccessKey: secretAccessKey?.trim() ?? '',
    ...(sessionToken ? { sessionToken: sessionToken.trim() } : {}),
    addressing: saved.addressing,
    ...tlsOf(saved),
  };
}

function bkrepoOf(saved: typeof DEFAULTS, credentials: ArchiveLocationCredentials) {
  const { user = '', password = '', accessKeyId = '', secretAccessKey = '' } = credentials;
  return {
    endpoint: saved.endpoint.trim(),
    project: saved.project.trim(),
    repository: saved.repository.trim(),
    folder: saved.prefix.trim(),
    authorization:
      saved.authorization === 'platform'
        ? { kind: 'platform', accessKey: accessKeyId.trim(), secretKey: secretAccessKey.trim(), user: user.trim() }
        : { kind: saved.authorization, user: user.trim(), password },
    ...(saved.expireDays ? { expireDays: Number(saved.expireDays) } : {}),
    ...tlsOf(saved),
  };
}
