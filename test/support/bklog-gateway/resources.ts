import type { Call } from './call';
import { clusterGroups } from './clusters';
import {
  deleteCollector,
  fastCreate,
  listAllCollectors,
  listCollectors,
  preCheck,
  retrieveCollector,
  startCollector,
  stopCollector,
} from './collectors';
import type { Environment } from './environment';
import { createIndexSet, deleteIndexSet, listRouter, retrieveIndexSet, searchIndexSets } from './index-sets';

type Handler = (environment: Environment, call: Call) => unknown;

/** 4.5, helpers: what the caller sees of businesses. */
const bizs: Handler = ({ settings }) =>
  settings.businesses.map(({ bk_biz_id, bk_biz_name, space_uid }) => ({ bk_biz_id, bk_biz_name, space_uid }));
const spaces: Handler = ({ settings }) =>
  settings.businesses.map(({ bk_biz_id, bk_biz_name, space_uid }) => {
    const [space_type_id = '', space_id = ''] = space_uid.split('__');
    return { id: Math.abs(bk_biz_id), bk_biz_id, space_uid, space_type_id, space_id, space_name: bk_biz_name };
  });

/** The published resources that a migration needs. There is no GET on /index_set/ (4.4). */
const RESOURCES: Readonly<Record<string, Handler>> = {
  'GET /databus_collectors/pre_check/': preCheck,
  'POST /databus_collectors/fast_create/': fastCreate,
  'GET /databus_collectors/': listCollectors,
  'GET /databus_list_collectors/': listAllCollectors,
  'GET /databus_collectors/{id}/': retrieveCollector,
  'DELETE /databus_collectors/{id}/': deleteCollector,
  'POST /databus_collectors/{id}/stop/': stopCollector,
  'POST /databus_collectors/{id}/start/': startCollector,
  'POST /index_set/': createIndexSet,
  'GET /index_set/list_es_router/': listRouter,
  'GET /index_set/{id}/': retrieveIndexSet,
  'DELETE /index_set/{id}/': deleteIndexSet,
  'GET /search_index_set/': searchIndexSets,
  'GET /databus_storage/cluster_groups/': clusterGroups,
  'GET /bizs/': bizs,
  'GET /meta/spaces/mine/': spaces,
};

export interface FoundResource {
  /** As published, with its placeholder. */
  readonly name: string;
  readonly handle: Handler;
  readonly id: number;
}

/** 4.1: a path without its last slash is another path. */
export function findResource(method: string, path: string): FoundResource | undefined {
  const id = /\/(\d+)\//.exec(path)?.[1];
  const name = `${method} ${id === undefined ? path : path.replace(`/${id}/`, '/{id}/')}`;
  const handle = Object.hasOwn(RESOURCES, name) ? RESOURCES[name] : undefined;
  return handle && { name, handle, id: Number(id ?? 0) };
}
