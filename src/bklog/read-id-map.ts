import { z } from 'zod';
import { OperationError } from '../errors/operation-error';
import { parseOrRefuse } from '../model/parse';
import { type IdMap, type IdMapDocument, toIdMap } from './id-map';
import { positiveIdSchema } from './id-number';

/** Rows of the two tables that the CMDB migration keeps (migrate_tool.py: `--env_offset_table`, `--env_biz_map_table`). */
export interface EnvironmentRows {
  /** `cc_EnvIDOffset`: `env`, `offset`. */
  readonly offsets: readonly unknown[];
  /** `cc_EnvBizMap`: `bk_env`, `bk_old_biz_id`, `bk_new_biz_id`. */
  readonly businesses: readonly unknown[];
}
/** What a document says beyond environment, offset and businesses. */
export type FurtherMappings = Omit<IdMapDocument, 'environment' | 'offset' | 'businesses'>;

const OFFSETS = 'cc_EnvIDOffset';
const BUSINESSES = 'cc_EnvBizMap';
const named = z.looseObject({ env: z.string() });
const namedBusiness = z.looseObject({ bk_env: z.string() });
const offsetRow = z.looseObject({ offset: positiveIdSchema });
/** CMDB counts businesses from 1; the spaces below 0 are not in its table. */
const businessRow = z.looseObject({ bk_old_biz_id: positiveIdSchema, bk_new_biz_id: positiveIdSchema });

/** The id map of `environment` from the rows of all of them. Errors: OP_CONFIG_INVALID, also for an unknown environment. */
export function idMapFromRows(environment: string, rows: EnvironmentRows, further: FurtherMappings = {}): IdMap {
  const offsets = rowsOf(environment, parseOrRefuse(z.array(named), rows.offsets, OFFSETS), ({ env }) => env, OFFSETS);
  const found = new Set(
    parseOrRefuse(z.array(offsetRow), offsets, `${OFFSETS} of ${environment}`).map((row) => row.offset),
  );
  if (found.size > 1) {
    throw new OperationError(
      'OP_CONFIG_INVALID',
      `${OFFSETS} has several offsets of ${environment}: ${[...found].join(', ')}`,
    );
  }
  const all = parseOrRefuse(z.array(namedBusiness), rows.businesses, BUSINESSES);
  const own = rowsOf(environment, all, ({ bk_env }) => bk_env, BUSINESSES);
  const businesses = parseOrRefuse(z.array(businessRow), own, `${BUSINESSES} of ${environment}`);
  return toIdMap(
    {
      ...further,
      environment,
      offset: [...found][0],
      businesses: businesses.map(({ bk_old_biz_id: from, bk_new_biz_id: to }) => ({ from, to })),
    },
    `id map of ${environment}`,
  );
}

/** An environment as the two tables know it. */
export interface KnownEnvironment {
  readonly name: string;
  /** As its table writes it; absent: that table does not know it. */
  readonly offset?: string;
  /** Mappings of businesses; 0: that table does not know it. */
  readonly businesses: number;
}

/** All environments of either table, by name. Errors: OP_CONFIG_INVALID for rows without a name. */
export function knownEnvironments(rows: EnvironmentRows): KnownEnvironment[] {
  const offsets = parseOrRefuse(z.array(named), rows.offsets, OFFSETS);
  const businesses = parseOrRefuse(z.array(namedBusiness), rows.businesses, BUSINESSES);
  const names = new Set([...offsets.map(({ env }) => env), ...businesses.map(({ bk_env }) => bk_env)]);
  return [...names].sort().map((name) => {
    const offset = offsets.find(({ env }) => env === name)?.offset;
    return {
      name,
      ...(offset === undefined || offset === null ? {} : { offset: String(offset) }),
      businesses: businesses.filter(({ bk_env }) => bk_env === name).length,
    };
  });
}

function rowsOf<T>(environment: string, rows: readonly T[], nameOf: (row: T) => string, table: string): readonly T[] {
  const own = rows.filter((row) => nameOf(row) === environment);
  if (own.length > 0) return own;
  const known = [...new Set(rows.map(nameOf))].sort();
  throw new OperationError('OP_CONFIG_INVALID', `${table} has no environment ${environment}`, {
    details: { object: table, environment, known },
    remedy: known.length > 0 ? `Choose one of ${known.join(', ')}.` : `Fill ${table}: it has no rows.`,
  });
}

/** The id map of a JSON text. Errors: OP_CONFIG_INVALID. */
export function idMapFromJson(text: string, object = 'id map'): IdMap {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new OperationError('OP_CONFIG_INVALID', `${object} is not JSON`, { details: { object }, cause });
  }
  return toIdMap(document, object);
}

/** The texts of lines `old,new`; a first line without a digit is their heading. */
export interface CsvTexts {
  readonly environment: string;
  readonly offset: number | string | bigint | undefined;
  readonly businesses: string;
  readonly spaces?: string;
  readonly dynamicGroups?: string;
  readonly storageClusters?: string;
  readonly indexSets?: string;
  readonly collectors?: string;
  readonly viewRoles?: string;
}

/** The id map of one CSV text per kind. Errors: OP_CONFIG_INVALID naming the line. */
export function idMapFromCsv({ environment, offset, ...texts }: CsvTexts): IdMap {
  const lists = Object.entries(texts).map(([kind, text]) => [kind, readPairs(text, kind)]);
  return toIdMap({ environment, offset, ...Object.fromEntries(lists) }, `id map of ${environment}`);
}

const LINE = /^\s*(?:"([^"]*)"|([^",;\t]*))\s*[,;\t]\s*(?:"([^"]*)"|([^",;\t]*))\s*$/;

function readPairs(text: string, kind: string): { from: string; to: string }[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const first = lines.findIndex((line) => line.trim() !== '');
  return lines.flatMap((line, at) => {
    if (line.trim() === '' || (at === first && isHeading(line, kind))) return [];
    const [, ...cells] = LINE.exec(line) ?? [];
    const from = (cells[0] ?? cells[1])?.trim();
    const to = (cells[2] ?? cells[3])?.trim();
    if (from && to) return [{ from, to }];
    throw new OperationError('OP_CONFIG_INVALID', `${kind}: line ${at + 1} is not old,new`, {
      details: { object: kind, line: at + 1 },
      remedy: 'Write one old id, a comma and one new id per line, or give the id map as JSON.',
    });
  });
}

const TEXT_HEADING = /^\W*(?:old|from|source)(?:_\w+)?\W+(?:new|to|target)(?:_\w+)?\W*$/i;

/** Of kinds whose ids are text only well-known words are a heading. */
function isHeading(line: string, kind: string): boolean {
  return kind === 'spaces' || kind === 'dynamicGroups' ? TEXT_HEADING.test(line) : !/\d/.test(line);
}
