import { collateAs, countAbsentRows, type TableAt } from './absent-rows';
import { quoteName, type SourceConnection, type TextRow } from './connection';
import { BYTES, exact, NUMBERS } from './exact-value';
import { qualifiedName } from './row-packets';
import { type Column, readTableSchema, type TableSchema } from './table-schema';

/** One row that differs: its key, and for a changed row each field as it is now and as the set has it. */
export interface RowSample {
  readonly key: Readonly<Record<string, string | null>>;
  readonly fields?: Readonly<Record<string, { readonly now: string | null; readonly set: string | null }>>;
}

/** What a restore would do to the rows of one table. */
export interface RowDifference {
  readonly inserted: number;
  readonly changed: number;
  readonly deleted: number;
  /** Rows that stay because their key is there, when rows are only added. */
  readonly skipped: number;
  /** Columns that only one side has; the others were compared. */
  readonly columnsAdded: readonly string[];
  readonly columnsRemoved: readonly string[];
  /** The rows have no common key: they were compared as a whole, so a changed row counts as one deleted and one inserted. */
  readonly byContent: boolean;
  readonly samples: {
    readonly inserted: readonly RowSample[];
    readonly changed: readonly RowSample[];
    readonly deleted: readonly RowSample[];
  };
}

export const NO_DIFFERENCE: RowDifference = {
  ...{ inserted: 0, changed: 0, deleted: 0, skipped: 0, columnsAdded: [], columnsRemoved: [], byContent: false },
  samples: { inserted: [], changed: [], deleted: [] },
};

interface Options {
  /** `fill`: rows are only added. */
  readonly mode: 'replace' | 'fill';
  readonly samples: number;
}

/** Compares a staged table with the live one by key, inside the server. `live` is absent when the target has none. */
export async function rowDifference(
  connection: SourceConnection,
  staged: TableAt,
  live: TableAt | undefined,
  options: Options,
): Promise<RowDifference> {
  const rows = await count(connection, qualifiedName(staged.database, staged.table));
  if (!live) return { ...NO_DIFFERENCE, inserted: rows };
  if (options.mode === 'fill') {
    const inserted = await countAbsentRows(connection, staged, live);
    return { ...NO_DIFFERENCE, inserted, skipped: rows - inserted };
  }
  const [set, now] = [
    await readTableSchema(connection, staged.database, staged.table),
    await readTableSchema(connection, live.database, live.table),
  ];
  const names = (schema: TableSchema) => schema.columns.map(({ name }) => name);
  const columns = set.columns.filter(({ name, generated }) => !generated && names(now).includes(name));
  const about = {
    columnsAdded: names(set).filter((name) => !names(now).includes(name)),
    columnsRemoved: names(now).filter((name) => !names(set).includes(name)),
  };
  const hasSameKey = set.key.length > 0 && set.key.join('\0') === now.key.join('\0');
  const compared = hasSameKey
    ? await byKey(connection, set, now, columns, options.samples)
    : await byContent(connection, staged, live, columns);
  return { ...NO_DIFFERENCE, ...about, ...compared };
}

async function count(connection: SourceConnection, from: string): Promise<number> {
  const [row] = await connection.query(`SELECT COUNT(*) AS n FROM ${from}`);
  return Number(row?.n ?? 0);
}

async function byKey(
  connection: SourceConnection,
  { database, table, key }: TableSchema,
  live: TableSchema,
  columns: readonly Column[],
  samples: number,
): Promise<Pick<RowDifference, 'inserted' | 'changed' | 'deleted' | 'samples'>> {
  const on = key
    .map((name) => {
      const named = (column: Column) => column.name === name;
      const collate = collateAs(live.columns.find(named), columns.find(named));
      return `s.${quoteName(name)}${collate} = l.${quoteName(name)}`;
    })
    .join(' AND ');
  const [s, l] = [`${qualifiedName(database, table)} AS s`, `${qualifiedName(live.database, live.table)} AS l`];
  const same = columns.map(({ name, ...column }) => {
    const [left, right] = [
      exact(`s.${quoteName(name)}`, column.dataType),
      exact(`l.${quoteName(name)}`, column.dataType),
    ];
    return `${left} <=> ${right}`;
  });
  const inserted = `${s} LEFT JOIN ${l} ON ${on} WHERE l.${quoteName(key[0]!)} IS NULL`;
  const deleted = `${l} LEFT JOIN ${s} ON ${on} WHERE s.${quoteName(key[0]!)} IS NULL`;
  const changed = `${s} JOIN ${l} ON ${on} WHERE NOT (${same.join(' AND ')})`;
  const keyOf = (alias: string) => key.map((name, at) => `${shown(alias, columns, name)} AS k${at}`);
  const toKey = (row: TextRow) => Object.fromEntries(key.map((name, at) => [name, redacted(name, row[`k${at}`])]));
  const orderBy = (alias: string) =>
    `ORDER BY ${key.map((name) => `${alias}.${quoteName(name)}`).join(', ')} LIMIT ${samples}`;
  const keysOf = async (alias: string, from: string) => {
    const rows = await connection.query(`SELECT ${keyOf(alias).join(', ')} FROM ${from} ${orderBy(alias)}`);
    return rows.map((row) => ({ key: toKey(row) }));
  };
  const fields = columns.flatMap(({ name }, at) => [
    `${same[at]} AS e${at}`,
    `${shown('s', columns, name)} AS s${at}`,
    `${shown('l', columns, name)} AS l${at}`,
  ]);
  const rows = await connection.query(
    `SELECT ${[...keyOf('s'), ...fields].join(', ')} FROM ${changed} ${orderBy('s')}`,
  );
  return {
    inserted: await count(connection, inserted),
    changed: await count(connection, changed),
    deleted: await count(connection, deleted),
    samples: {
      inserted: await keysOf('s', inserted),
      deleted: await keysOf('l', deleted),
      changed: rows.map((row) => ({
        key: toKey(row),
        fields: Object.fromEntries(
          columns.flatMap(({ name }, at) =>
            row[`e${at}`] === '1'
              ? []
              : [[name, { now: redacted(name, row[`l${at}`]), set: redacted(name, row[`s${at}`]) }]],
          ),
        ),
      })),
    },
  };
}

/** Rows as a multiset of their content: how many of each kind one side has more than the other. */
async function byContent(
  connection: SourceConnection,
  staged: TableAt,
  live: TableAt,
  columns: readonly Column[],
): Promise<Pick<RowDifference, 'inserted' | 'deleted' | 'byContent'>> {
  const cells = columns.map(({ name, dataType }) => `IFNULL(HEX(CONCAT(${exact(quoteName(name), dataType)})), '-')`);
  const digest = `SHA2(CONCAT_WS(',', ${cells.join(', ')}), 256)`;
  const side = ({ database, table }: TableAt, sign: number) =>
    `SELECT ${digest} AS h, ${sign} AS n FROM ${qualifiedName(database, table)}`;
  const [row] = await connection.query(
    `SELECT SUM(GREATEST(d, 0)) AS inserted, SUM(GREATEST(-d, 0)) AS deleted FROM
       (SELECT SUM(n) AS d FROM (${side(staged, 1)} UNION ALL ${side(live, -1)}) AS both_sides GROUP BY h) AS sums`,
  );
  return { inserted: Number(row?.inserted ?? 0), deleted: Number(row?.deleted ?? 0), byContent: true };
}

const LONGEST_VALUE = 200;

/** A short readable form, in UTF-8. */
function shown(alias: string, columns: readonly Column[], name: string): string {
  const column = `${alias}.${quoteName(name)}`;
  const type = columns.find((item) => item.name === name)?.dataType ?? '';
  if (BYTES.test(type)) return `CONCAT('0x', HEX(LEFT(CAST(${column} AS BINARY), 32)))`;
  if (NUMBERS.test(type)) return type === 'bit' ? `CONCAT(${column} + 0)` : `CONCAT(${column})`;
  return `LEFT(CONVERT(${column} USING utf8mb4), ${LONGEST_VALUE})`;
}

const SECRET_NAME = /pass|pwd|secret|token|credential|private|cipher|salt|(api|access|auth)_?key/i;
const SECRET_TEXT = /(pass(word|wd)?|pwd|secret|token|credential|(private|api|access|auth)[_-]?key)["']?\s*[:=]/i;

/** What looks like a secret, by the name of its column or of a field in its text, is not told. */
function redacted(name: string, value: string | null | undefined): string | null {
  if (value == null) return null;
  return SECRET_NAME.test(name) || SECRET_TEXT.test(value) ? '***' : value;
}
