import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type LocationSettings, locationSettingsSchema } from '../model/location-settings';
import { cosEndpoint } from '../model/s3-location';

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings a URL stands for; what is missing or wrong in it is refused by the schema of its kind. */
const READERS: Readonly<Record<string, (url: URL, environment: Environment) => object>> = {
  's3:': (url, environment) => ({ ...bucketOf(url), ...awsKeys(environment) }),
  'cos:': (url, environment) => ({
    ...bucketOf(url),
    endpoint: cosEndpoint(url.searchParams.get('region') ?? ''),
    addressing: 'virtual',
    accessKeyId: environment.COS_SECRET_ID ?? '',
    secretAccessKey: environment.COS_SECRET_KEY ?? '',
  }),
  'bkrepo:': (url, environment) => bkrepoOf(url, environment),
};
const PARAMETERS = ['region', 'endpoint', 'addressing', 'ca', 'insecure', 'expire-days'];

/** What `--location` names: a folder, or the URL of a store. Keys come from the environment alone. */
export function toLocation(text: string, context: z.RefinementCtx, environment = process.env): LocationSettings {
  const refuse = (problem: string) => {
    context.addIssue(problem);
    return z.NEVER;
  };
  const scheme = /^([a-z0-9+.-]+:)\/\//i.exec(text)?.[1]?.toLowerCase();
  if (!scheme || scheme === 'file:') {
    const path = scheme ? fileURLToPath(text) : resolve(text);
    return { name: text, kind: 'folder', path, requireMount: false };
  }
  const read = READERS[scheme];
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!read || !url)
    return refuse(`${scheme}// is not supported: name a folder, ${Object.keys(READERS).join('//, ')}//`);
  if (url.username || url.password)
    return refuse('holds credentials: they would be seen by everybody; put them into the environment');
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown) return refuse(`has an unknown parameter ${unknown}: ${PARAMETERS.join(', ')}`);
  const settings = { name: `${url.protocol}//${url.host}${url.pathname}`, ...read(url, environment) };
  const parsed = locationSettingsSchema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return refuse(`${issue?.path.join('.')} ${issue?.message}${hintOf(scheme, issue?.path[0])}`);
}

function bucketOf({ host, pathname, searchParams }: URL): object {
  const { region, endpoint, addressing, ca } = Object.fromEntries(searchParams);
  return {
    kind: 's3',
    bucket: host,
    prefix: decodeURIComponent(pathname),
    ...(region ? { region } : {}),
    ...(endpoint ? { endpoint } : {}),
    // Servers of one's own seldom have a name for each bucket.
    addressing: addressing ?? (endpoint ? 'path' : 'virtual'),
    ...(ca ? { tls: { ca } } : {}),
  };
}

function awsKeys({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN }: Environment): object {
  return {
    accessKeyId: AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: AWS_SECRET_ACCESS_KEY ?? '',
    ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
  };
}

/** bkrepo://host[:port]/project/repository/folder */
function bkrepoOf({ host, pathname, searchParams }: URL, environment: Environment): object {
  const [project = '', repository = '', ...folder] = decodeURIComponent(pathname).split('/').filter(Boolean);
  const { ca, insecure, 'expire-days': expireDays } = Object.fromEntries(searchParams);
  const { BKREPO_USERNAME, BKREPO_PASSWORD, BKREPO_ACCESS_KEY, BKREPO_SECRET_KEY } = environment;
  const user = BKREPO_USERNAME ?? '';
  return {
    ...{ kind: 'bkrepo', endpoint: `${insecure === '1' ? 'http' : 'https'}://${host}`, project, repository },
    folder: folder.join('/'),
    authorization: BKREPO_ACCESS_KEY
      ? { kind: 'platform', accessKey: BKREPO_ACCESS_KEY, secretKey: BKREPO_SECRET_KEY ?? '', user }
      : { kind: 'basic', user, password: BKREPO_PASSWORD ?? '' },
    ...(expireDays ? { expireDays: Number(expireDays) } : {}),
    ...(ca ? { tls: { ca } } : {}),
  };
}

const KEYS_OF: Readonly<Record<string, string>> = {
  's3:': 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  'cos:': 'COS_SECRET_ID and COS_SECRET_KEY',
  'bkrepo:': 'BKREPO_USERNAME and BKREPO_PASSWORD, or BKREPO_ACCESS_KEY and BKREPO_SECRET_KEY',
};

function hintOf(scheme: string, field: PropertyKey | undefined): string {
  const isKey = ['accessKeyId', 'secretAccessKey', 'authorization'].includes(String(field));
  return isKey ? `: set ${KEYS_OF[scheme]}` : '';
}
