import type { Call } from './call';
import type { Cluster } from './clusters';
import type { Collector } from './collector';
import { failure, middlewareFailure, refuse } from './envelope';
import type { IndexSet } from './index-set';

/** A business or, with a negative id, a space outside the CMDB (3.3: the negative of the space's key). */
export interface Business {
  readonly bk_biz_id: number;
  readonly bk_biz_name: string;
  readonly space_uid: string;
  /** Where multi-tenancy is on. Default "default". */
  readonly tenant?: string;
  /** Hosts that a static target may name, by id or address. Absent: any. */
  readonly hosts?: readonly { readonly bk_host_id?: number; readonly ip?: string }[];
}

export const ACTIONS = [
  'view_business',
  'create_collection',
  'view_collection',
  'manage_collection',
  'create_indices',
  'manage_indices',
  'search_log',
] as const;
export type Action = (typeof ACTIONS)[number];

/** What a user may not do; without a business: nowhere. */
export interface Denial {
  readonly user: string;
  readonly action: Action;
  readonly bk_biz_id?: number;
}

export interface EnvironmentSettings {
  readonly businesses: readonly Business[];
  readonly clusters: readonly Cluster[];
  /** The users that exist; others are refused. Absent: everybody exists. */
  readonly users?: readonly string[];
  /** Tables of the data platform that the platform's token cannot read. */
  readonly unreadableTables: readonly string[];
  /** "actual": what the paginator sends; "documented": what the page of the interface promises (P3). */
  readonly listShape: 'actual' | 'documented';
  /** Whether the result table of a deleted collector goes on to exist and keeps its English name taken. */
  readonly resultTablesOutliveCollectors: boolean;
}

/** Everything one BK-LOG remembers. */
export class Environment {
  readonly settings: EnvironmentSettings;
  readonly denials: Denial[] = [];
  readonly collectors = new Map<number, Collector>();
  readonly indexSets = new Map<number, IndexSet>();
  /** What is taken, each as business and name: looked up for every call, so no list is searched. */
  readonly collectorNames = new Set<string>();
  readonly englishNames = new Set<string>();
  /** What the metadata service knows, with a collector or without one. */
  readonly dataNames = new Set<string>();
  readonly resultTables = new Set<string>();
  #lastId = 50_000;

  constructor(settings: EnvironmentSettings) {
    this.settings = settings;
  }

  /** One counter for everything, so that ids of different kinds are never equal by chance. */
  newId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** 4.2: an unknown business or space is refused before anything else looks at the call. */
  business({ query, body, caller }: Call): Business | undefined {
    const given = typeof body === 'object' && body !== null ? { ...query, ...body } : query;
    const { bk_biz_id: id, space_uid: space } = given as { bk_biz_id?: unknown; space_uid?: unknown };
    if (id === undefined && space === undefined) return undefined;
    if (id === undefined ? !String(space).includes('__') : !/^-?\d+$/.test(String(id))) return undefined;
    const isAsked = (business: Business) =>
      id === undefined ? business.space_uid === space : business.bk_biz_id === Number(id);
    const found = this.settings.businesses.find(isAsked);
    if (!found) return refuse(middlewareFailure(3600004, `business or space does not exist: ${String(id ?? space)}`));
    if (caller.tenant !== undefined && (found.tenant ?? 'default') !== caller.tenant) {
      return refuse(middlewareFailure(3641001, 'the business belongs to another tenant'));
    }
    return found;
  }

  /** 4.2: 3600007. */
  assertUser(user: string): void {
    const { users } = this.settings;
    if (users && !users.includes(user)) refuse(middlewareFailure(3600007, `user does not exist: ${user}`));
  }

  may({ user }: { readonly user: string }, action: Action, bizId: number): boolean {
    const isDenied = (denial: Denial) =>
      denial.user === user && denial.action === action && (denial.bk_biz_id ?? bizId) === bizId;
    return user !== '' && !this.denials.some(isDenied);
  }

  /** 4.2: 9900403 has the extra key `permission` and tells where to apply. */
  demand(call: Call, action: Action, bizId: number): void {
    if (this.may(call.caller, action, bizId)) return;
    const apply_url = 'https://bkiam.example.com/apply-custom-perm?cache_id=1';
    refuse(
      failure('9900403', `permission denied: ${action}`, {
        data: { apply_url },
        permission: { system_id: 'bk_log_search', actions: [{ id: action, related_resource_types: [] }] },
      }),
    );
  }

  spaceOf(bizId: number): string {
    return this.settings.businesses.find(({ bk_biz_id }) => bk_biz_id === bizId)?.space_uid ?? '';
  }

  bizOf(spaceUid: string): number {
    return this.settings.businesses.find(({ space_uid }) => space_uid === spaceUid)?.bk_biz_id ?? 0;
  }
}
