import type { SealedManifest } from '../model/manifest';
import type { RestoreOptions } from '../model/restore-options';
import type { TargetState } from '../model/target-state';
import type { Blocker } from './blocker';
import type { PlannedDatabase, RestoreServer, WantedDatabase } from './restore-plan';

interface Situation {
  readonly sealed: SealedManifest;
  readonly options: RestoreOptions;
  readonly wanted: readonly WantedDatabase[];
  readonly live: readonly TargetState[];
  readonly targets: readonly PlannedDatabase[];
  readonly server: RestoreServer;
  readonly fold: (name: string) => string;
}

/** Engines that take back a failed insert; others cannot be filled row by row. */
const TRANSACTIONAL = new Set(['InnoDB', 'ROCKSDB', 'TokuDB', 'ndbcluster']);

export function findBlockers(situation: Situation): Blocker[] {
  const { options, targets, live } = situation;
  const liveOf = new Map(live.map((item) => [item.database, item]));
  const perDatabase = targets.flatMap((target) => {
    const now = liveOf.get(target.target)!;
    return [
      ...otherKinds(target, now, situation),
      ...(options.idMap ? absent(target) : options.policy === 'fail' ? existing(target) : []),
      ...(options.policy === 'skip' || options.idMap
        ? notFillable(target, now, situation)
        : entangled(target, now, situation)),
    ];
  });
  return [...ofServer(situation), ...perDatabase];
}

function ofServer({ server, sealed }: Situation): Blocker[] {
  const blockers: Blocker[] = [];
  if (server.isReadOnly) {
    blockers.push({
      object: 'server',
      reason: 'is read-only: restore into a writable one, or SET GLOBAL read_only = OFF',
    });
  }
  if (server.replicates) {
    blockers.push({ object: 'server', reason: `replicates ${server.replicates}: restore there, or stop replication` });
  }
  if (server.restoredAt) {
    const reason = `was restored at ${server.restoredAt}, and what it replaced is still kept: undo or discard that first`;
    blockers.push({ object: `set ${sealed.setId}`, reason });
  }
  return blockers;
}

function existing({ target, tables, objects }: PlannedDatabase): Blocker[] {
  const named = [
    ...tables.map(({ name, action }) => ({ name: `table ${name}`, action })),
    ...objects.map(({ kind, name, action }) => ({ name: `${kind} ${name}`, action })),
  ];
  return named
    .filter(({ action }) => action !== 'create')
    .map(({ name }) => ({ object: `${target}: ${name}`, reason: 'exists in the target' }));
}

/** Mapped rows go into tables that another BK-LOG has made. */
function absent({ target, tables }: PlannedDatabase): Blocker[] {
  return tables
    .filter(({ action }) => action === 'create')
    .map(({ name }) => ({ object: `${target}: table ${name}`, reason: 'is not in the target' }));
}

/** Tables, views and sequences share one name space: a table cannot make place for a view. */
function otherKinds({ target, tables, objects }: PlannedDatabase, now: TargetState, { fold }: Situation): Blocker[] {
  const relations = new Map(
    now.objects
      .filter(({ kind }) => kind === 'table' || kind === 'view' || kind === 'sequence')
      .map(({ kind, name }) => [fold(name), kind]),
  );
  const wanted = [
    ...tables.map(({ name }) => ({ kind: 'table', name })),
    ...objects.filter(({ kind }) => kind === 'view' || kind === 'sequence'),
  ];
  return wanted.flatMap(({ kind, name }) => {
    const there = relations.get(fold(name));
    if (there === undefined || (there === kind && kind !== 'sequence')) return [];
    const reason =
      kind === there ? 'exists; sequences are not replaced' : `is a ${there} in the target, a ${kind} in the set`;
    return [{ object: `${target}: ${name}`, reason }];
  });
}

/** What would be lost or left pointing into nothing when a table makes place. */
function entangled(
  { target, tables, objects }: PlannedDatabase,
  now: TargetState,
  { fold, targets }: Situation,
): Blocker[] {
  const leaving = new Set(tables.filter(({ action }) => action === 'replace').map(({ name }) => fold(name)));
  const triggers = new Set(objects.filter(({ kind }) => kind === 'trigger').map(({ name }) => fold(name)));
  const isReplaced = (database: string, table: string) =>
    targets.some(
      (item) =>
        item.target === database &&
        item.tables.some(({ name, action }) => action === 'replace' && fold(name) === fold(table)),
    );
  const blockers: Blocker[] = [];
  for (const { kind, name, table = '' } of now.objects) {
    if (kind !== 'trigger') continue;
    const leaves = leaving.has(fold(table));
    const comes = triggers.has(fold(name));
    if (leaves && !comes) {
      const reason = `belongs to ${table} and is not in the set: it would be lost; drop it first`;
      blockers.push({ object: `${target}: trigger ${name}`, reason });
    } else if (!leaves && comes) {
      const reason = `belongs to ${table}, which stays; the set has a trigger of that name`;
      blockers.push({ object: `${target}: trigger ${name}`, reason });
    }
  }
  for (const { database, table, constraint, toTable } of now.references) {
    if (!leaving.has(fold(toTable)) || isReplaced(database, table)) continue;
    const reason = `points to ${toTable} from outside the restore: restore ${table} as well, or drop the foreign key`;
    blockers.push({ object: `${database}.${table}: foreign key ${constraint}`, reason });
  }
  return blockers;
}

/** Rows go one by one into a table that stays: it must have the same columns, a key, no triggers, and take back a failure. */
function notFillable(
  { target, database, tables }: PlannedDatabase,
  now: TargetState,
  { wanted, fold }: Situation,
): Blocker[] {
  const files = wanted.find((item) => item.database === database)?.tables ?? [];
  return tables
    .filter(({ action }) => action === 'fill')
    .flatMap(({ name }) => {
      const table = now.tables.find((item) => fold(item.name) === fold(name))!;
      const file = files.find((item) => item.table === name);
      const trigger = now.objects.find(({ kind, table: on }) => kind === 'trigger' && on && fold(on) === fold(name));
      const columns = (list: readonly { readonly name: string; readonly type: string }[] | undefined) =>
        JSON.stringify(list?.map((column) => `${column.name} ${column.type}`).sort());
      const reasons = [
        ...(columns(file?.columns) === columns(table.columns) ? [] : ['has other columns than the set']),
        ...(table.hasKey ? [] : ['has no key to tell rows by']),
        ...(TRANSACTIONAL.has(table.engine)
          ? []
          : [`is a ${table.engine} table: a failed insert could not be taken back`]),
        ...(trigger ? [`has trigger ${trigger.name}, which would act on every inserted row: drop it first`] : []),
      ];
      return reasons.map((reason) => ({ object: `${target}: table ${name}`, reason }));
    });
}
