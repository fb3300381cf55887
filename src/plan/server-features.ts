import type { TargetServer } from '../model/target-state';

type Since = Partial<Record<TargetServer['flavour'], string>>;

/** The first version of each flavour that knows a feature; a flavour that is absent never does. */
const SINCE: Readonly<Record<string, Since>> = {
  'type json': { mariadb: '10.2.7', mysql: '5.7.8' },
  'type uuid': { mariadb: '10.7' },
  'type inet6': { mariadb: '10.5' },
  'type inet4': { mariadb: '10.10' },
  'type vector': { mariadb: '11.7', mysql: '9.0' },
  'an invisible column': { mariadb: '10.3', mysql: '8.0.23' },
  'an invisible column without a default': { mysql: '8.0.23' },
  'system versioning': { mariadb: '10.3' },
  'a sequence': { mariadb: '10.3' },
  'a period': { mariadb: '10.4' },
  'a default that is an expression': { mariadb: '10.2', mysql: '8.0.13' },
  'a default that is a function without brackets': { mariadb: '10.2', mysql: '8.0.13' },
  'a key on an expression': { mysql: '8.0.13' },
  'a CHECK that is not enforced': { mysql: '8.0.16' },
  'option ENCRYPTION': { mysql: '5.7.11' },
  'option COMPRESSION': { mysql: '5.7.8' },
};

/** Features that a server may lack without loss of data: what happens instead. */
const WITHOUT: Readonly<Record<string, { readonly since: Since; readonly note: string }>> = {
  'a reference system of a column': {
    since: { mysql: '8.0.3' },
    note: 'its reference system is kept with each value, and not enforced by the column',
  },
  'a key that is not used': {
    since: { mariadb: '10.6', mysql: '8.0' },
    note: 'the key is made as one that is used',
  },
};

export interface FeatureVerdict {
  /** Why a definition with it cannot be created as it was. */
  readonly refusal?: string;
  /** What is different without it. */
  readonly note?: string;
}

/** What a server makes of a feature of a definition. Nothing is said about what this package does not know. */
export function judgeFeature(
  feature: string,
  server: Pick<TargetServer, 'flavour' | 'version' | 'engines'>,
): FeatureVerdict {
  if (feature.startsWith('engine ')) {
    const engine = feature.slice('engine '.length);
    const isThere = [...server.engines].some((name) => name.toLowerCase() === engine.toLowerCase());
    return isThere
      ? {}
      : { note: `${formatServer(server)} has no ${feature}: it becomes a table of its default engine` };
  }
  const lossless = WITHOUT[feature];
  if (lossless) return isKnown(lossless.since, server) ? {} : { note: lossless.note };
  // Options in backticks are MariaDB's alone.
  const since = SINCE[feature] ?? (feature.startsWith('option ') ? { mariadb: '10.1' } : undefined);
  if (!since || isKnown(since, server)) return {};
  return { refusal: `uses ${feature}, which ${formatServer(server)} does not know: ${remedyFor(since)}` };
}

function remedyFor(since: Since): string {
  const servers = Object.entries(since).map(([flavour, version]) => `${NAMES[flavour as keyof Since]} ${version}`);
  return `restore into ${servers.join(' or ')} or later, or leave the table out`;
}

const NAMES = { mariadb: 'MariaDB', mysql: 'MySQL' } as const;

export function formatServer({ flavour, version }: Pick<TargetServer, 'flavour' | 'version'>): string {
  return `${NAMES[flavour]} ${version.replace(/-.*/s, '')}`;
}

function isKnown(since: Since, { flavour, version }: Pick<TargetServer, 'flavour' | 'version'>): boolean {
  const first = since[flavour];
  return first !== undefined && compareVersions(version, first) >= 0;
}

function compareVersions(one: string, other: string): number {
  const parts = (version: string) => version.split(/[.-]/, 3).map((part) => Number.parseInt(part, 10) || 0);
  const [a, b] = [parts(one), parts(other)];
  for (let at = 0; at < 3; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
