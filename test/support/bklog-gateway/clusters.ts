import { z } from 'zod';
import type { Call } from './call';
import type { Environment } from './environment';
import { integer, validated } from './serializer-fields';

/** A storage cluster as 4.5 lists it. */
export interface Cluster {
  readonly storage_cluster_id: number;
  readonly storage_cluster_name: string;
  readonly storage_display_name: string;
  readonly storage_version: string;
  readonly storage_type: 'elasticsearch' | 'doris';
  /** 0 private, 1 default public, 2 public. */
  readonly priority: 0 | 1 | 2;
  /** "_default" is a public cluster. */
  readonly registered_system: string;
  /** Owner of a private cluster, 0 of a public one. */
  readonly bk_biz_id: number;
  readonly enable_hot_warm: boolean;
  readonly setup_config: {
    readonly retention_days_max: number;
    readonly retention_days_default: number;
    readonly number_of_replicas_max: number;
    readonly number_of_replicas_default: number;
    readonly es_shards_default: number;
    readonly es_shards_max: number;
  };
  readonly admin: readonly string[];
  readonly description: string;
  readonly source_type: string;
  readonly enable_assessment: boolean;
  readonly enable_archive: boolean;
  readonly is_platform: boolean;
  readonly visible_editable: boolean;
  /** Percent. */
  readonly storage_usage: number;
  readonly storage_total: number;
  readonly index_count: number;
  readonly biz_count: number;
}

export function cluster(id: number, priority: 0 | 1 | 2, change: Partial<Cluster> = {}): Cluster {
  return {
    storage_cluster_id: id,
    storage_cluster_name: `es_${id}`,
    storage_display_name: `es_${id}`,
    storage_version: '7.10.1',
    storage_type: 'elasticsearch',
    priority,
    registered_system: priority === 0 ? 'log-search-4' : '_default',
    bk_biz_id: 0,
    enable_hot_warm: false,
    setup_config: {
      retention_days_max: 30,
      retention_days_default: 7,
      number_of_replicas_max: 3,
      number_of_replicas_default: 1,
      es_shards_default: 3,
      es_shards_max: 64,
    },
    admin: ['admin'],
    description: '',
    source_type: 'other',
    enable_assessment: false,
    enable_archive: false,
    is_platform: priority !== 0,
    visible_editable: true,
    storage_usage: 40,
    storage_total: 1_000_000_000_000,
    index_count: 12,
    biz_count: 3,
    ...change,
  };
}

const isPublic = ({ registered_system }: Cluster) => registered_system === '_default';

/** 3.8, 4.5: the public clusters and the business's own, by priority. */
export function visibleClusters({ settings }: Environment, bizId: number): Cluster[] {
  return settings.clusters
    .filter((cluster) => isPublic(cluster) || cluster.bk_biz_id === bizId)
    .sort((a, b) => a.priority - b.priority);
}

/** 3.8: the first ES cluster with an id other than zero; free space is not looked at. */
export function pickCluster(environment: Environment, bizId: number): Cluster | undefined {
  return visibleClusters(environment, bizId).find(
    ({ storage_cluster_id, storage_type }) => storage_cluster_id !== 0 && storage_type === 'elasticsearch',
  );
}

/** 4.5. The three capacity keys are absent when the business sees no public cluster. */
export function clusterGroups(environment: Environment, call: Call): unknown {
  const { bk_biz_id } = validated(z.object({ bk_biz_id: integer() }), call.query);
  environment.demand(call, 'view_business', bk_biz_id);
  const { cluster_type = 'elasticsearch', enable_archive } = call.query;
  const clusters = visibleClusters(environment, bk_biz_id)
    .filter(({ storage_type }) => cluster_type === 'all' || storage_type === cluster_type)
    .filter((cluster) => enable_archive !== 'true' || cluster.enable_archive);
  const capacity = clusters.some(isPublic) ? { storage_capacity: 0, storage_used: 0, max_retention: 30 } : {};
  return clusters.map((cluster) => ({ ...cluster, ...capacity, permission: { manage_es_source: true } }));
}
