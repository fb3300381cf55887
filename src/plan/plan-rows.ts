import { ROW_TABLES } from '../bklog/row-tables';
import type { Blocker } from './blocker';
import type { PlanNote } from './plan-adaptation';
import { type RestorePlan, type RestoreStep, withHash } from './restore-plan';
import type { MappedRowCounts, RowMapping } from './row-mapping';

/** Keys of left out rows that a plan names, of each table and reason. */
export const NAMED_KEYS = 10;

const REASONS: Readonly<Record<string, string>> = {
  conflict: 'meet another row of the target',
  unmapped: 'have an id that the id map does not name',
  ambiguous: 'have what may be an id or not',
  'out-of-range': 'have an id that cannot be, or that the column has no room for',
  'already-mapped': 'have an id of the target',
  unreadable: 'have something else where an id should be',
  dangling: 'name a row that is not there',
};

/** The plan once its rows are mapped and compared. Under policy fail every row that is left out blocks it. */
export function planRows(plan: RestorePlan, rows: RowMapping): RestorePlan {
  const { hash: _, ...before } = plan;
  const notes = [...(plan.notes ?? []), ...notesOf(rows)];
  return withHash({
    ...before,
    steps: [...plan.steps, ...stepsOf(rows)],
    ...(notes.length > 0 ? { notes } : {}),
    rows,
    blockers: plan.options.policy === 'fail' ? [...plan.blockers, ...blockersOf(rows)] : plan.blockers,
  });
}

function stepsOf({ environment, target, tables, floors }: RowMapping): RestoreStep[] {
  const sum = (of: (table: MappedRowCounts) => number) => tables.reduce((total, table) => total + of(table), 0);
  const leftOut = sum((table) => table.leftOut.reduce((total, { rows }) => total + rows, 0));
  const filled = tables.filter(({ inserted }) => inserted > 0).length;
  const told = [`${sum(({ same }) => same)} rows are there already`, `${leftOut} are left out`];
  return [
    {
      action: 'map',
      target,
      text: `map the ids of ${sum(({ rows, deleted }) => rows - deleted)} rows from ${environment}; ${told.join(', ')}`,
    },
    ...floors.map(({ table, from, to }) => ({
      action: 'floor' as const,
      target,
      text: `raise AUTO_INCREMENT of ${target}.${table} from ${from} to ${to}`,
    })),
    {
      action: 'fill',
      target,
      text: `insert ${sum(({ inserted }) => inserted)} rows into ${filled} tables of ${target} in one transaction`,
    },
  ];
}

function notesOf({ target, tables }: RowMapping): PlanNote[] {
  return tables.flatMap(({ table, deleted, inserted }) => {
    const object = `${target}.${table}`;
    const { foreignIds = [] } = ROW_TABLES.find(({ name }) => name === table) ?? {};
    return [
      ...(deleted > 0 ? [{ object, note: `${deleted} rows that are marked as deleted stay out` }] : []),
      ...(inserted > 0 && foreignIds.length > 0
        ? [{ object, note: `${foreignIds.join(', ')} come as they are: ids of other systems, which number anew` }]
        : []),
    ];
  });
}

function blockersOf({ target, tables }: RowMapping): Blocker[] {
  return tables.flatMap(({ table, leftOut }) =>
    leftOut.map(({ reason, rows, keys }) => ({
      object: `${target}: table ${table}`,
      reason: `has ${rows} rows in the set that ${REASONS[reason] ?? reason}: ${keys.join(', ')}${rows > keys.length ? ', …' : ''}`,
    })),
  );
}
