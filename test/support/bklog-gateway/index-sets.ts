import { z } from 'zod';
import type { Call } from './call';
import { now } from './collector';
import { failure, refuse } from './envelope';
import type { Environment } from './environment';
import { BEAT_TIME, type IndexRow, type IndexSet, newIndexSet } from './index-set';
import { choice, flag, integer, invalid, list, text, validated } from './serializer-fields';

const bodySchema = z.object({
  index_set_name: text(),
  space_uid: text({ pattern: /__/ }),
  scenario_id: text(),
  storage_cluster_id: integer().nullable().optional(),
  category_id: text().default('application_check'),
  indexes: list(z.unknown()),
  time_field: text().nullable().optional(),
  time_field_type: choice(['date', 'long']).nullable().optional(),
  time_field_unit: choice(['second', 'millisecond', 'microsecond']).nullable().optional(),
  is_trace_log: flag().default(false),
  is_editable: flag().default(true),
  target_fields: list(z.unknown()).default([]),
  sort_fields: list(z.unknown()).default([]),
  view_roles: list(z.unknown()).default([]),
});
type Body = z.output<typeof bodySchema>;

const indexSchema = z.looseObject({
  result_table_id: text(),
  bk_biz_id: integer().nullable().optional(),
  time_field: text().nullable().optional(),
  time_field_type: text().nullable().optional(),
  time_field_unit: text().nullable().optional(),
  scenario_id: text().nullable().optional(),
  storage_cluster_id: integer().nullable().optional(),
});
type GivenIndex = z.output<typeof indexSchema>;

const LONGEST_NAME = 64;
const living = (environment: Environment) => [...environment.indexSets.values()].filter((set) => !set.is_deleted);

/** 4.4. Not atomic: a set whose indexes have no `bk_biz_id` key stays without indexes, and the call fails. */
export function createIndexSet(environment: Environment, call: Call): unknown {
  const body = validated(bodySchema, call.body);
  environment.demand(call, 'create_indices', environment.bizOf(body.space_uid));
  if (body.indexes.length === 0) refuse(failure('3623322', 'an index set needs indexes'));
  const time = timeOf(body);
  const indexes = readIndexes(body);
  if (living(environment).some((set) => set.space_uid === body.space_uid && set.index_set_name === body.index_set_name))
    refuse(failure('3623305', `the space already has an index set named "${body.index_set_name}"`));
  // No rule of the serializer: the column is shorter.
  if (body.index_set_name.length > LONGEST_NAME) refuse(failure('3600500', 'Data too long for column'));

  const { indexes: _, view_roles: __, ...fields } = body;
  const clusterId = body.scenario_id === 'bkdata' ? null : (body.storage_cluster_id ?? null);
  const set = newIndexSet({ ...fields, storage_cluster_id: clusterId, ...time }, call.caller, () =>
    environment.newId(),
  );
  environment.indexSets.set(set.index_set_id, set);
  if (indexes.some((index) => !('bk_biz_id' in index))) {
    refuse(failure('3600500', "'bk_biz_id'", { errors: "KeyError: 'bk_biz_id'" }));
  }
  set.indexes = indexes.map((index) => newIndex(environment, set, index));
  return shown(set);
}

/** 4.4: bkdata and log sets are forced; an es set needs a field, and a unit when that is a number. */
function timeOf(body: Body): Pick<IndexSet, 'time_field' | 'time_field_type' | 'time_field_unit'> {
  if (body.scenario_id !== 'es') return BEAT_TIME;
  if (!body.storage_cluster_id) invalid('storage_cluster_id is required');
  const { time_field = null, time_field_type = null, time_field_unit = null } = body;
  if (!time_field) invalid('time_field is required');
  if (time_field_type === 'long' && !time_field_unit) invalid('time_field_unit is required');
  return { time_field, time_field_type, time_field_unit };
}

function readIndexes({ indexes, storage_cluster_id }: Body): GivenIndex[] {
  const read = list(indexSchema).safeParse(indexes);
  if (!read.success) return refuse(failure('3623313', 'the list of indexes is wrong'));
  const names = read.data.map(({ result_table_id }) => result_table_id);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) refuse(failure('3623307', `result table ${twice} is there twice`));
  const clusters = new Set(read.data.map((index) => index.storage_cluster_id ?? storage_cluster_id ?? null));
  if (clusters.size > 1) refuse(failure('3623312', 'the indexes are in several clusters'));
  return read.data;
}

function newIndex(environment: Environment, set: IndexSet, index: GivenIndex): IndexRow {
  const isUnreadable =
    set.scenario_id === 'bkdata' && environment.settings.unreadableTables.includes(index.result_table_id);
  return {
    index_id: environment.newId(),
    index_set_id: set.index_set_id,
    bk_biz_id: index.bk_biz_id ?? null,
    result_table_id: index.result_table_id,
    time_field: index.time_field ?? set.time_field,
    time_field_type: index.time_field_type ?? set.time_field_type,
    time_field_unit: index.time_field_unit ?? set.time_field_unit,
    scenario_id: index.scenario_id ?? set.scenario_id,
    storage_cluster_id: index.storage_cluster_id ?? set.storage_cluster_id,
    apply_status: isUnreadable ? 'pending' : 'normal',
    created_at: set.created_at,
    created_by: set.created_by,
  };
}

const shown = ({ is_deleted: _, deleted_at: __, deleted_by: ___, ...set }: IndexSet) => set;

/** 4.4: collector-owned sets and groups are not found here. */
function existing(environment: Environment, call: Call, action: 'view_business' | 'manage_indices'): IndexSet {
  const found = environment.indexSets.get(call.id);
  if (!found || found.is_deleted || found.is_group || found.collector_config_id !== null) {
    return refuse(failure('3600404', 'the object does not exist'));
  }
  environment.demand(call, action, environment.bizOf(found.space_uid));
  return found;
}

export function retrieveIndexSet(environment: Environment, call: Call): unknown {
  return shown(existing(environment, call, 'view_business'));
}

export function deleteIndexSet(environment: Environment, call: Call): unknown {
  const set = existing(environment, call, 'manage_indices');
  Object.assign(set, { is_deleted: true, deleted_at: now(), deleted_by: call.caller.user });
  return null;
}

/** 4.4: an array, limited to the sets the user may search; collector-owned sets are among them. */
export function searchIndexSets(environment: Environment, call: Call): unknown {
  const { space_uid } = validated(z.object({ space_uid: text({ pattern: /__/ }) }), call.query);
  const bizId = environment.bizOf(space_uid);
  environment.demand(call, 'view_business', bizId);
  const isWanted = (set: IndexSet) => call.query.is_group === undefined || String(set.is_group) === call.query.is_group;
  return living(environment)
    .filter((set) => set.space_uid === space_uid && environment.may(call.caller, 'search_log', bizId))
    .filter(isWanted)
    .map((set) => ({
      index_set_id: set.index_set_id,
      index_set_name: set.index_set_name,
      space_uid: set.space_uid,
      is_group: set.is_group,
      scenario_id: set.scenario_id,
      storage_cluster_id: set.storage_cluster_id,
      indices: set.indexes.map(({ result_table_id, bk_biz_id }) => ({ result_table_id, bk_biz_id })),
      time_field: set.time_field,
      time_field_type: set.time_field_type,
      time_field_unit: set.time_field_unit,
      tags: [],
      permission: { search_log: true },
    }));
}

const routerSchema = z.object({
  page: integer({ min: 1 }),
  pagesize: integer({ min: 1 }),
  space_uid: text().optional(),
  scenario_id: text().optional(),
});

/** 4.4: the router's list, by pages. */
export function listRouter(environment: Environment, call: Call): unknown {
  const { page, pagesize, space_uid, scenario_id } = validated(routerSchema, call.query);
  const sets = living(environment)
    .filter((set) => space_uid === undefined || set.space_uid === space_uid)
    .filter((set) => scenario_id === undefined || set.scenario_id === scenario_id);
  return { total: sets.length, list: sets.slice((page - 1) * pagesize, page * pagesize).map(shown) };
}
