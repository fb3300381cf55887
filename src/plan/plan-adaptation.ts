import { type ColumnText, type DefinitionRewrite, type Demand, impliedCollation } from '../model/definition-demand';
import type { ManifestFile } from '../model/manifest';
import type { TargetServer } from '../model/target-state';
import type { Blocker } from './blocker';
import { type CollationChoice, describeCollation, mapCollation, otherSpelling } from './map-collation';
import { formatServer, judgeFeature } from './server-features';

/** A collation that the target does not know, and the one that takes its place: the data is the same. */
export interface MappedCollation {
  /** `db.table.column`; `db.table` and `db` for their defaults; `db: view v` for what an object was created under. */
  readonly object: string;
  readonly from: string;
  readonly to: string;
  /** Unique keys with the column: values that are equal by the new collation stop the restore before anything moves. */
  readonly keys?: readonly string[];
}

/** What is different in the target, without loss of data. */
export interface PlanNote {
  readonly object: string;
  readonly note: string;
}

/** How the definitions of a database become those of a server of another version or flavour. */
export interface Adaptation {
  readonly mapped: readonly MappedCollation[];
  readonly notes: readonly PlanNote[];
  readonly blockers: readonly Blocker[];
  readonly rewrite: DefinitionRewrite;
}

export type AdaptingServer = Pick<TargetServer, 'flavour' | 'version' | 'collations' | 'defaultCollations' | 'engines'>;

/**
 * Decides what a server makes of definitions: what it knows stays, a collation it does not know is mapped where
 * characters, language, sensitivity and padding stay the same (docs/decisions/0011), and what it cannot have is refused
 * by name. `files` are the chosen tables of one database. Pure.
 */
export function planAdaptation(
  demands: readonly Demand[],
  files: readonly ManifestFile[],
  server: AdaptingServer,
): Adaptation {
  const columns = new Map<string, Map<string, ColumnText>>();
  const collations = new Map<string, string>();
  const mapped: MappedCollation[] = [];
  const notes: PlanNote[] = [];
  const blockers: Blocker[] = [];

  /** Undefined, with a blocker, when the server has nothing that stands for it. */
  const choose = (object: string, name: string, keys: readonly string[] = []): CollationChoice | undefined => {
    const choice = mapCollation(name, server.collations);
    if (!choice) blockers.push({ object, reason: refusal(name, server) });
    else if (choice.to !== name) collations.set(name, choice.to);
    if (choice && !choice.isSame) {
      mapped.push({ object, from: name, to: choice.to, ...(keys.length > 0 ? { keys } : {}) });
    }
    return choice;
  };

  for (const { database, table = '', columns: held = [] } of files) {
    const texts = new Map<string, ColumnText>();
    for (const { name, charset, collation } of held) {
      if (!collation || !charset) continue;
      const choice = choose(`${database}.${table}.${name}`, collation, keysWith(demands, table, name));
      if (choice) texts.set(name, { charset: choice.charset, collation: choice.to });
    }
    columns.set(table, texts);
  }
  for (const demand of demands) {
    if (demand.kind === 'feature') {
      const { refusal: reason, note } = judgeFeature(demand.feature, server);
      if (reason) blockers.push({ object: demand.object, reason });
      if (note) notes.push({ object: demand.object, note });
    } else if (demand.kind === 'collation') {
      const { object, place, charset = '', collation = impliedCollation(charset) } = demand;
      if (collation === undefined) {
        if (!hasCharset(charset, server)) blockers.push({ object, reason: refusalOfCharset(charset, server) });
      } else if (place === 'default' || place === 'session') choose(object, collation);
      else if (!server.collations.has(collation) && !server.collations.has(otherSpelling(collation))) {
        const what = `names the collation ${collation}, which ${formatServer(server)} does not know`;
        if (place === 'body') notes.push({ object, note: `${what}: the server will refuse it` });
        else blockers.push({ object, reason: `${what}, in an expression: ${ELSEWHERE}` });
      }
    }
  }
  const { flavour, version, defaultCollations } = server;
  return { mapped, notes, blockers, rewrite: { flavour, version, collations, columns, defaultCollations } };
}

const ELSEWHERE = 'restore into a server that knows it, or leave the table out';

function refusal(name: string, server: AdaptingServer): string {
  const charset = name.split('_', 1)[0] ?? '';
  if (!hasCharset(charset, server)) return refusalOfCharset(charset, server);
  const like = describeCollation(name);
  const none = like ? `, nor one like it (${like})` : '';
  return `has the collation ${name}; ${formatServer(server)} does not know it${none}: ${ELSEWHERE}`;
}

function refusalOfCharset(charset: string, server: AdaptingServer): string {
  return `has the character set ${charset}, which ${formatServer(server)} does not know: ${ELSEWHERE}`;
}

function hasCharset(charset: string, { collations }: AdaptingServer): boolean {
  const known = new Set(collations.values());
  return known.has(charset) || known.has(otherSpelling(charset));
}

function keysWith(demands: readonly Demand[], table: string, column: string): string[] {
  return demands.flatMap((demand) =>
    demand.kind === 'unique-key' && demand.table === table && demand.columns.includes(column) ? [demand.key] : [],
  );
}

/** What is different in the target, a line each. */
export function describeAdaptation({ mapped, notes }: Pick<Adaptation, 'mapped' | 'notes'>): string[] {
  return [
    ...mapped.map(({ object, from, to, keys }) => {
      const why = keys ? ` (in ${keys.join(', ')}: rows that it takes for equal stop the restore)` : '';
      return `${object}: ${from} → ${to}${why}`;
    }),
    ...notes.map(({ object, note }) => `${object}: ${note}`),
  ];
}

/** Whether the target sorts the rows of a table in another order than the set has them in. */
export function isReordered(
  { orderedBy = [], columns = [] }: ManifestFile,
  { mapped }: Pick<Adaptation, 'mapped'>,
): boolean {
  const changed = new Set(mapped.map(({ from }) => from));
  return columns.some(({ name, collation }) => orderedBy.includes(name) && collation && changed.has(collation));
}
