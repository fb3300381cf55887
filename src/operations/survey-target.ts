import { OperationError } from '../errors/operation-error';
import type { TargetState } from '../model/target-state';
import { quoteName, type SourceConnection } from '../mysql/connection';
import type { RecordedDatabase, RestoreRecord } from '../mysql/restore-record';
import { exportSchema } from '../mysql/schema-export';
import { readSetDefinitions } from '../mysql/set-definitions';
import { readTableSchema } from '../mysql/table-schema';
import { readTargetState } from '../mysql/target-state';
import { beforeSchema, planRestore } from '../plan/plan-restore';
import type { PlannedDatabase, RestorePlan, WantedDatabase } from '../plan/restore-plan';
import { sequenceNames } from './move-into-place';
import type { Run } from './staged-set';

/** A plan, and what it was made from. */
export interface Situation {
  readonly plan: RestorePlan;
  readonly live: readonly TargetState[];
  /** The set's tables use sequences, which have to be in the target before the tables are built. */
  readonly hasSequences: boolean;
}

/**
 * Looks at the target and plans. `pending` is the record of an earlier restore of this set; `begun` are those of restores
 * that died before their move: what they created is not counted, it goes before anything else; `before` is what this
 * run found first: the sequences that it has created since are not counted.
 */
export async function surveyTarget(
  keeper: SourceConnection,
  { sealed, options, selection, definitions, server: about, adapter }: Run,
  known: {
    readonly pending?: RestoreRecord | undefined;
    readonly begun?: readonly RestoreRecord[];
    readonly before?: Situation;
  },
): Promise<Situation> {
  const wanted = selection.map((item): WantedDatabase => {
    // Into tables of another BK-LOG go rows alone.
    if (options.idMap) return { ...item, objects: [] };
    const { objects } = definitions.get(item.database)!;
    const seen = new Set<string>();
    const named = objects.flatMap(({ kind, name, table }) => {
      if (!kind || kind === 'other' || !name || seen.has(`${kind} ${name}`)) return [];
      seen.add(`${kind} ${name}`);
      return [{ kind, name, ...(table === undefined ? {} : { table }) }];
    });
    const sequences = sequenceNames(definitions.get(item.database)!).map((name) => ({
      kind: 'sequence' as const,
      name,
    }));
    return { ...item, objects: [...sequences, ...named] };
  });
  const live: TargetState[] = [];
  for (const { target, tables, objects } of wanted) {
    const found = await readTargetState(
      keeper,
      target,
      tables.map(({ table = '' }) => table),
    );
    const state = withoutBegun(found, known.begun ?? []);
    const was = known.before?.live.find(({ database }) => database === target);
    live.push(known.before?.hasSequences && was ? withoutOwn(state, was, objects) : state);
  }
  const { finishedAt: restoredAt } = known.pending ?? {};
  const server = { ...about, ...(restoredAt ? { restoredAt } : {}) };
  const adaptations = [...adapter.adaptations.values()];
  const hasSequences = wanted.some(({ objects }) => objects.some(({ kind }) => kind === 'sequence'));
  return { plan: planRestore({ sealed, options, wanted, live, server, adaptations }), live, hasSequences };
}

/** As takeBack will leave it. */
function withoutBegun(state: TargetState, begun: readonly RestoreRecord[]): TargetState {
  const databases = begun.flatMap((record) => record.databases.filter(({ target }) => target === state.database));
  const gone = new Set(databases.flatMap(({ sequences }) => sequences));
  const objects = state.objects.filter(({ kind, name }) => kind !== 'sequence' || !gone.has(name));
  const isGone = objects.length === 0 && databases.some(({ isNew }) => isNew);
  return { ...state, objects, exists: state.exists && !isGone };
}

function withoutOwn(state: TargetState, was: TargetState, wanted: WantedDatabase['objects']): TargetState {
  const own = new Set(wanted.filter(({ kind }) => kind === 'sequence').map(({ name }) => name));
  const objects = state.objects.filter(({ kind, name }) => kind !== 'sequence' || !own.has(name));
  return { ...state, exists: was.exists, objects };
}

/** What has to be remembered before tables move. Errors: OP_SOURCE_DENIED when something replaced could not be undone. */
export async function buildRecord(
  keeper: SourceConnection,
  run: Run,
  { plan, live }: Situation,
): Promise<RestoreRecord> {
  const databases: RecordedDatabase[] = [];
  for (const planned of plan.targets) {
    const state = live.find(({ database }) => database === planned.target)!;
    const withTriggers = new Set(
      state.objects.flatMap(({ kind, table }) => (kind === 'trigger' && table ? [table] : [])),
    );
    const tables = planned.tables
      .filter(({ action }) => action === 'create' || action === 'replace')
      .map(({ name, live: spelled, action, rows }, index) => {
        const replaces = action === 'replace' ? (spelled ?? name) : undefined;
        const stopover = replaces && withTriggers.has(replaces) ? `_before_${plan.setId}_${index}` : undefined;
        const counted = run.options.where ? {} : { rows };
        return { name, ...(replaces ? { replaces } : {}), ...(stopover ? { stopover } : {}), ...counted };
      });
    databases.push({
      database: planned.database,
      target: planned.target,
      isNew: !planned.exists,
      before: beforeSchema(plan.setId, planned.target),
      tables,
      objects: planned.objects
        .filter(({ kind, action }) => kind !== 'sequence' && (action === 'create' || action === 'replace'))
        .map(({ kind, name }) => ({ kind, name })),
      sequences: sequenceNames(run.definitions.get(planned.database)!),
      script: await scriptOf(
        keeper,
        planned,
        tables.flatMap(({ replaces }) => (replaces ? [replaces] : [])),
      ),
    });
  }
  const { setId, archiveKey } = plan;
  const startedAt = new Date().toISOString();
  return {
    ...{ kind: 'restore-record' as const, formatVersion: 1 as const, setId, archiveKey, startedAt },
    ...{ options: run.options, databases, isMoved: false },
  };
}

/** The definitions of what makes place, as a schema file; empty when nothing does. */
async function scriptOf(keeper: SourceConnection, { target, objects }: PlannedDatabase, tables: readonly string[]) {
  const replaced = objects.filter(({ action }) => action === 'replace');
  if (tables.length === 0 && replaced.length === 0) return '';
  await keeper.query(`USE ${quoteName(target)}`);
  const schemas = [];
  for (const table of tables) schemas.push(await readTableSchema(keeper, target, table));
  const { sql, notes } = await exportSchema(keeper, target, schemas, { whole: true });
  const kept = readSetDefinitions(sql, new Map(), { keepDefiners: true }).objects;
  const lost = replaced.filter(
    ({ kind, name }) => !kept.some((object) => object.kind === kind && object.name === name),
  );
  if (lost.length > 0) {
    const named = lost.map(({ kind, name }) => `${kind} ${name}`).join(', ');
    throw new OperationError('OP_SOURCE_DENIED', `the definition of ${named} in ${target} cannot be read`, {
      details: { objects: lost, notes },
      remedy: `Nothing was changed: what is replaced must be undoable. ${notes.join('; ')}`,
    });
  }
  return sql;
}
