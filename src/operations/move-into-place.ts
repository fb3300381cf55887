import type { Finding } from '../model/verification';
import { quoteName, type SourceConnection } from '../mysql/connection';
import {
  type RecordedDatabase,
  type RestoreRecord,
  recordMove,
  removeRecord,
  writeRecord,
} from '../mysql/restore-record';
import { qualifiedName } from '../mysql/row-packets';
import { createSchema } from '../mysql/scratch-schemas';
import type { SetDefinitions } from '../mysql/set-definitions';
import { databaseExists, readObjects } from '../mysql/target-state';
import { durableStep } from '../support/durable-step';
import { createObjects } from './create-objects';

export type Definitions = ReadonlyMap<string, SetDefinitions>;

const SEQUENCE_NAME = /^CREATE SEQUENCE `((?:[^`]|``)+)`/;

/**
 * Defaults of columns name sequences with their database, so these are created in place before the tables are built.
 * The record knows them: a failure or the next run takes them back.
 */
export async function createSequences(
  keeper: SourceConnection,
  { databases }: RestoreRecord,
  definitions: Definitions,
) {
  for (const { database, target } of databases) {
    const { sequences, database: createDatabase } = definitions.get(database)!;
    if (sequences.length === 0) continue;
    await durableStep('restore.create-sequences', async () => {
      await keeper.query(createDatabase);
      await keeper.query(`USE ${quoteName(target)}`);
      for (const statement of sequences) await keeper.query(statement);
    });
  }
}

export function sequenceNames(definitions: SetDefinitions): string[] {
  return definitions.sequences.flatMap((statement) => {
    const name = SEQUENCE_NAME.exec(statement)?.[1];
    return name ? [name.replaceAll('``', '`')] : [];
  });
}

/**
 * Moves all tables of all databases by one statement: those that make place go away, the restored ones come in. Either
 * all of it happens or nothing. A table with triggers cannot leave its database, so it stops over under another name.
 */
export async function moveTables(
  keeper: SourceConnection,
  { setId, databases }: RestoreRecord,
  scratch: ReadonlyMap<string, string>,
  definitions: Definitions,
): Promise<void> {
  for (const { database, target, isNew, before, tables } of databases) {
    const hasReplaced = tables.some(({ replaces }) => replaces !== undefined);
    await durableStep('restore.create-database', async () => {
      if (isNew) await keeper.query(definitions.get(database)!.database);
      if (hasReplaced) await createSchema(keeper, before, '\\_before\\_%');
    });
    await keeper.query(`USE ${quoteName(scratch.get(database)!)}`);
    for (const { name, stopover } of tables) {
      if (stopover === undefined) continue;
      // The old table keeps the names of its foreign keys, which are unique in a database, until it has left.
      const names = foreignKeysOf(definitions, database, name).map(
        ({ constraint }) => `DROP FOREIGN KEY ${constraint}`,
      );
      if (names.length === 0) continue;
      await durableStep('restore.hold-back-foreign-keys', () =>
        keeper.query(`ALTER TABLE ${quoteName(name)} ${names.join(', ')}`),
      );
    }
    await keeper.query(`USE ${quoteName(target)}`);
  }
  const away = databases.flatMap(({ target, before, tables }) =>
    tables.flatMap(({ replaces, stopover }) => {
      if (replaces === undefined) return [];
      const to = stopover === undefined ? qualifiedName(before, replaces) : qualifiedName(target, stopover);
      return [`${qualifiedName(target, replaces)} TO ${to}`];
    }),
  );
  const home = databases.flatMap(({ database, target, tables }) =>
    tables.map(({ name }) => `${qualifiedName(scratch.get(database)!, name)} TO ${qualifiedName(target, name)}`),
  );
  const moves = [...away, ...home, recordMove(setId)];
  await durableStep('restore.move', () => keeper.query(`RENAME TABLE ${moves.join(', ')}`));
}

function foreignKeysOf(definitions: Definitions, database: string, table: string) {
  const clauses = definitions.get(database)?.tables.get(table)?.addForeignKeys ?? [];
  return clauses.map((clause) => ({ clause, constraint: /^ADD CONSTRAINT (`(?:[^`]|``)+`)/.exec(clause)?.[1] ?? '' }));
}

export async function hasTable(keeper: SourceConnection, database: string, table: string): Promise<boolean> {
  const [row] = await keeper.query(
    'SELECT COUNT(*) AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [database, table],
  );
  return row?.n !== '0';
}

/** Everything after the one statement. Each part can be repeated, so a run after a crash finishes what it finds. */
export async function finishMove(
  keeper: SourceConnection,
  record: RestoreRecord,
  definitions: Definitions,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  await keeper.query('SET SESSION foreign_key_checks = 0');
  for (const item of record.databases) await putAway(keeper, item);
  for (const item of record.databases) await addHeldBackForeignKeys(keeper, item, definitions);
  for (const { database, target, objects } of record.databases) {
    const chosen = new Set(objects.map(({ kind, name }) => `${kind} ${name}`));
    if (chosen.size === 0) continue;
    await durableStep('restore.create-objects', async () => {
      const isChosen = ({ kind, name }: { readonly kind?: string; readonly name?: string }) =>
        kind === 'other' || chosen.has(`${kind} ${name}`);
      const made = definitions.get(database)!.objects;
      findings.push(...(await createObjects(keeper, target, made, { isChosen, replace: true })));
    });
  }
  await durableStep('restore.close-record', () => closeRecord(keeper, record, findings.length > 0));
  return findings;
}

/**
 * What was replaced is kept for undo; policy replace, and a restore that replaced nothing, leave nothing behind. When the
 * server refused an object, its old definition may be wanted: then everything is kept.
 */
async function closeRecord(keeper: SourceConnection, record: RestoreRecord, hasFindings: boolean): Promise<void> {
  const isEmpty = record.databases.every(
    ({ script, tables }) => script === '' && tables.every(({ replaces }) => replaces === undefined),
  );
  const isDropped = record.options.policy === 'replace' && !hasFindings;
  if (isEmpty || isDropped) await discard(keeper, record);
  else await writeRecord(keeper, { ...record, finishedAt: new Date().toISOString() });
}

/** Drops what a restore put away, and its record. */
export async function discard(keeper: SourceConnection, { setId, databases }: RestoreRecord): Promise<void> {
  for (const { before } of databases) await keeper.query(`DROP DATABASE IF EXISTS ${quoteName(before)}`);
  await removeRecord(keeper, setId);
}

/** Tables that stopped over lose their triggers, whose definitions the record has, and go to where the others are. */
export async function putAway(keeper: SourceConnection, { target, before, tables }: RecordedDatabase): Promise<void> {
  for (const { replaces = '', stopover } of tables) {
    if (stopover === undefined || !(await hasTable(keeper, target, stopover))) continue;
    await durableStep('restore.put-away', async () => {
      for (const { kind, name, table } of await readObjects(keeper, target)) {
        if (kind === 'trigger' && table === stopover) await keeper.query(`DROP TRIGGER ${qualifiedName(target, name)}`);
      }
      await keeper.query(`RENAME TABLE ${qualifiedName(target, stopover)} TO ${qualifiedName(before, replaces)}`);
    });
  }
}

async function addHeldBackForeignKeys(
  keeper: SourceConnection,
  { database, target, tables }: RecordedDatabase,
  definitions: Definitions,
): Promise<void> {
  for (const { name, stopover } of tables) {
    if (stopover === undefined) continue;
    const present = await keeper.query(
      "SELECT CONSTRAINT_NAME AS name FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND CONSTRAINT_TYPE = 'FOREIGN KEY'",
      [target, name],
    );
    const there = new Set(present.map((row) => quoteName(row.name ?? '')));
    const missing = foreignKeysOf(definitions, database, name).filter(({ constraint }) => !there.has(constraint));
    if (missing.length === 0) continue;
    await keeper.query(`USE ${quoteName(target)}`);
    await durableStep('restore.add-foreign-keys', () =>
      keeper.query(`ALTER TABLE ${quoteName(name)} ${missing.map(({ clause }) => clause).join(', ')}`),
    );
  }
}

/** Takes back what was begun before the move: the target is as it was. */
export async function takeBack(keeper: SourceConnection, record: RestoreRecord): Promise<void> {
  for (const { target, sequences, isNew } of record.databases) {
    if (!(await databaseExists(keeper, target))) continue;
    for (const name of sequences) await keeper.query(`DROP SEQUENCE IF EXISTS ${qualifiedName(target, name)}`);
    if (isNew && (await readObjects(keeper, target)).length === 0)
      await keeper.query(`DROP DATABASE ${quoteName(target)}`);
  }
  await discard(keeper, record);
}
