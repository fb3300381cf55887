import { escapeId } from 'mysql2/promise';
import type { Chance } from './chance';
import {
  ENVIRONMENT,
  type EnvironmentOddity,
  environmentRows,
  type Projects,
  randomProjects,
  spaceRows,
} from './random-bklog/businesses';
import { collectorRow } from './random-bklog/collectors';
import { indexRow, indexSetRow, tableIds } from './random-bklog/index-sets';
import type { Oddity, OddRecord } from './random-bklog/oddity';
import { DATABASE_NAMES, type DatabaseNames } from './random-bklog/schema';
import { SCENARIOS, type Scenario, subscriptionSteps } from './random-bklog/steps';
import type { Cell, Row } from './random-bklog/words';
import { quoteText } from './random-column';

export { ENVIRONMENT_ODDITIES, type EnvironmentOddity } from './random-bklog/businesses';
export { ODDITIES, type Oddity, type OddRecord } from './random-bklog/oddity';
export { bkLogSchema, DATABASE_NAMES, type DatabaseNames } from './random-bklog/schema';
export type { Cell, Row } from './random-bklog/words';

export interface RandomBkLogOptions {
  /** Default 12. */
  readonly collectors?: number;
  /** Sets without a collector. Default 8. */
  readonly indexSets?: number;
  readonly names?: DatabaseNames;
  /** Whether `params` of a step may be anything, as in LONGTEXT columns of the past. Default: by chance. */
  readonly hasTextParams?: boolean;
  /** What is wrong with the environment tables. Default nothing. */
  readonly environmentOddity?: EnvironmentOddity;
}

/** One source environment. Rows are in the order of their primary keys; cells are what the column holds. */
export interface RandomBkLog {
  readonly databases: {
    readonly bk_nodeman: { readonly node_man_subscriptionstep: readonly Row[] };
    readonly bk_log_search: {
      readonly log_databus_collectorconfig: readonly Row[];
      readonly log_search_projectinfo: readonly Row[];
      readonly log_search_logindexset: readonly Row[];
      readonly log_search_logindexsetdata: readonly Row[];
      readonly log_search_space: readonly Row[];
    };
    readonly sg_migration: { readonly cc_EnvIDOffset: readonly Row[]; readonly cc_EnvBizMap: readonly Row[] };
  };
  /** Empties the tables of {@link bkLogSchema} and fills them, one statement each. */
  readonly sql: readonly string[];
  /** The code that the environment tables know this environment by. */
  readonly environment: string;
  /** Everything odd, also in deleted records and in steps that nobody refers to. */
  readonly oddRecords: readonly OddRecord[];
  /** Where export.py ends with a traceback: E3 before it wrote anything, E1 after the first file. */
  readonly originalFails: { readonly collectors: boolean; readonly indexSets: boolean };
}

class Content {
  readonly steps: Row[] = [];
  readonly collectors: Row[] = [];
  readonly indexSets: Row[] = [];
  readonly indexes: Row[] = [];
  readonly oddRecords: OddRecord[] = [];
  readonly #chance: Chance;
  readonly #projects: Projects;
  readonly #isTextColumn: boolean;
  #lastId: number;

  constructor(chance: Chance, projects: Projects, isTextColumn: boolean) {
    this.#chance = chance;
    this.#projects = projects;
    this.#isTextColumn = isTextColumn;
    this.#lastId = chance.int(100, 9000);
  }

  newId = () => {
    this.#lastId += this.#chance.int(1, 5);
    return this.#lastId;
  };

  noteFor(table: string, id: number): (oddity: Oddity) => void {
    return (oddity) => this.oddRecords.push({ table, id, oddity });
  }

  addCollector(): void {
    const chance = this.#chance;
    const id = this.newId();
    const scenario = chance.pick<Scenario>([...SCENARIOS, 'row', 'row', 'row', 'section']);
    const dataId = 1_500_000 + id;
    const isDeleted = chance.is(0.1);
    const note = this.noteFor('log_databus_collectorconfig', id);
    const subscriptionId = this.#addSubscription(id, scenario, dataId, note);
    const indexSetId = this.#addOwnedSet(id, isDeleted, note);
    this.collectors.push(collectorRow(chance, { id, scenario, dataId, subscriptionId, indexSetId, isDeleted, note }));
  }

  #addSubscription(
    collectorId: number,
    scenario: Scenario,
    dataId: number,
    note: (oddity: Oddity) => void,
  ): number | null {
    const chance = this.#chance;
    const isWithout = scenario === 'custom' || scenario === 'client' ? chance.is(0.8) : chance.is(0.05);
    if (isWithout) {
      note('collector-without-subscription');
      return null;
    }
    const subscriptionId = collectorId + 100_000;
    if (chance.is(0.05)) {
      note('collector-subscription-unknown');
      return subscriptionId;
    }
    const isMainOnly = chance.is(0.03);
    if (isMainOnly) note('collector-step-unknown');
    const steps = subscriptionSteps(chance, {
      subscriptionId,
      scenario,
      dataId,
      isTextColumn: this.#isTextColumn,
      isMainOnly,
      newId: this.newId,
      note: (stepId, oddity) => this.noteFor('node_man_subscriptionstep', stepId)(oddity),
    });
    this.steps.push(...steps);
    return subscriptionId;
  }

  #addOwnedSet(collectorId: number, isDeleted: boolean, note: (oddity: Oddity) => void): number | null {
    const kind = this.#chance.pick(['own', 'own', 'own', 'own', 'own', 'own', 'own', 'own', 'null', 'unknown']);
    if (kind === 'null') {
      note('collector-index-set-null');
      return null;
    }
    if (kind === 'unknown') {
      note('collector-index-set-unknown');
      return this.newId();
    }
    const isSetDeleted = isDeleted || this.#chance.is(0.03);
    if (isSetDeleted && !isDeleted) note('collector-index-set-deleted');
    return this.addIndexSet('log', collectorId, isSetDeleted);
  }

  addIndexSet(scenario: 'log' | 'bkdata' | 'es', collectorId: number | null = null, isDeleted = false): number {
    const chance = this.#chance;
    const id = this.newId();
    const note = this.noteFor('log_search_logindexset', id);
    const { row, bizId } = indexSetRow(chance, {
      id,
      scenario,
      collectorId,
      isDeleted,
      projects: this.#projects,
      note,
    });
    this.indexSets.push(row);
    const tables = chance.some(tableIds(bizId), collectorId === null ? chance.pick([0, 1, 1, 2, 3]) : 1);
    if (tables.length === 0) note('index-set-without-indexes');
    for (const tableId of tables) this.#addIndex(id, bizId, scenario, tableId);
    return id;
  }

  addStrayIndex(): void {
    const setId = this.newId();
    const id = this.#addIndex(setId, 2, 'bkdata', '2_stray');
    this.noteFor('log_search_logindexsetdata', id)('index-set-unknown');
  }

  #addIndex(indexSetId: number, bizId: number, scenario: string, tableId: string): number {
    const id = this.newId();
    const note = this.noteFor('log_search_logindexsetdata', id);
    this.indexes.push(indexRow(this.#chance, { id, indexSetId, bizId, scenario, tableId, note }));
    return id;
  }
}

/** The source environment of a seed: always the same one. */
export function randomBkLog(chance: Chance, options: RandomBkLogOptions = {}): RandomBkLog {
  const hasTextParams = options.hasTextParams ?? chance.is(0.5);
  const projects = randomProjects(chance);
  const content = new Content(chance, projects, hasTextParams);
  for (let count = options.collectors ?? 12; count > 0; count -= 1) content.addCollector();
  for (let count = options.indexSets ?? 8; count > 0; count -= 1) {
    content.addIndexSet(chance.pick(['bkdata', 'bkdata', 'es', 'log']), null, chance.is(0.1));
  }
  if (chance.is(0.3)) content.addStrayIndex();
  const environment = environmentRows(chance, options.environmentOddity);
  const databases: RandomBkLog['databases'] = {
    bk_nodeman: { node_man_subscriptionstep: sorted(content.steps, 'id') },
    bk_log_search: {
      log_databus_collectorconfig: content.collectors,
      log_search_projectinfo: sorted(projects.rows, 'project_id'),
      log_search_logindexset: content.indexSets,
      log_search_logindexsetdata: content.indexes,
      log_search_space: sorted(spaceRows(chance), 'id'),
    },
    sg_migration: {
      cc_EnvIDOffset: environment.offsets,
      cc_EnvBizMap: environment.businesses.map((row, place) => ({ id: place + 1, ...row })),
    },
  };
  return {
    databases,
    sql: toSql(databases, options.names ?? DATABASE_NAMES, hasTextParams),
    environment: ENVIRONMENT,
    oddRecords: content.oddRecords,
    originalFails: originalFails(databases, content.oddRecords),
  };
}

const sorted = (rows: readonly Row[], key: string) => rows.toSorted((a, b) => Number(a[key]) - Number(b[key]));

/** 1.7: E3 for any step of the beat, E1 for any exported set whose project has no row. */
function originalFails(
  { bk_log_search: log }: RandomBkLog['databases'],
  oddRecords: readonly OddRecord[],
): RandomBkLog['originalFails'] {
  const known = new Set(log.log_search_projectinfo.map(({ project_id }) => project_id));
  return {
    collectors: oddRecords.some(({ oddity }) => oddity === 'step-params-null' || oddity === 'step-params-not-json'),
    indexSets: log.log_search_logindexset.some(
      (row) => row.is_deleted === 0 && row.scenario_id !== 'log' && !known.has(row.project_id ?? null),
    ),
  };
}

function toSql(databases: RandomBkLog['databases'], names: DatabaseNames, hasTextParams: boolean): string[] {
  const tables = Object.entries(databases).flatMap(([database, content]) =>
    Object.entries(content as Record<string, readonly Row[]>).map(([table, rows]) => ({
      name: `${escapeId(names[database as keyof DatabaseNames], true)}.${escapeId(table, true)}`,
      rows,
    })),
  );
  const steps = `${escapeId(names.bk_nodeman, true)}.node_man_subscriptionstep`;
  return [
    ...tables.map(({ name }) => `DELETE FROM ${name}`),
    `ALTER TABLE ${steps} MODIFY \`params\` ${hasTextParams ? 'longtext NULL' : 'json NOT NULL'}`,
    ...tables.filter(({ rows }) => rows.length > 0).map(({ name, rows }) => insert(name, rows)),
  ];
}

function insert(table: string, rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => `(${columns.map((column) => literal(row[column] ?? null)).join(', ')})`);
  return `INSERT INTO ${table} (${columns.map((column) => escapeId(column, true)).join(', ')}) VALUES\n  ${lines.join(',\n  ')}`;
}

const literal = (cell: Cell) => (cell === null ? 'NULL' : typeof cell === 'number' ? String(cell) : quoteText(cell));
