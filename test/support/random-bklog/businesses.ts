import type { Chance } from '../chance';
import { audited, type Row, TEXTS } from './words';

/** 2 and 21 begin with the same digit; -17 is a space outside the CMDB; 99 is in no map. */
export const BUSINESSES = [2, 3, 21, 222, 100_147, -17, 99] as const;
export const UNMAPPED = new Set<number>([-17, 99]);
export const ENVIRONMENT = 'ee';

export const spaceUid = (bizId: number) => (bizId < 0 ? `bkci__project${-bizId}` : `bkcc__${bizId}`);

export interface Projects {
  readonly rows: readonly Row[];
  readonly byBusiness: ReadonlyMap<number, number>;
  /** Their business is NULL. */
  readonly homeless: readonly number[];
}

/** Soft-deleted projects count too (E11). */
export function randomProjects(chance: Chance): Projects {
  const homeless = [13];
  const row = (project_id: number, bk_biz_id: number | null): Row => ({
    ...audited(chance, { isDeleted: chance.is(0.15) }),
    project_id,
    project_name: `${chance.pick(TEXTS)} ${project_id}`,
    bk_biz_id,
    bk_app_code: 'bk_log_search',
    time_zone: chance.pick(['Asia/Shanghai', 'UTC', '']),
    description: chance.pick([null, '', ...TEXTS]),
    ip_topo_switch: chance.int(0, 1),
    is_v3_biz: chance.int(0, 1),
    is_v3_mixed: 0,
    feature_toggle: chance.pick([null, 'scenario_es,bkdata']),
  });
  const owned = BUSINESSES.filter((bizId) => bizId > 0).map((bizId, place) => [bizId, 101 + place] as const);
  return {
    rows: [...owned.map(([bizId, id]) => row(id, bizId)), ...homeless.map((id) => row(id, null))],
    byBusiness: new Map(owned),
    homeless,
  };
}

export function spaceRows(chance: Chance): Row[] {
  return BUSINESSES.map((bizId) => {
    const uid = spaceUid(bizId);
    const [type = '', id = ''] = uid.split('__');
    return {
      ...audited(chance),
      id: bizId < 0 ? -bizId : 1000 + bizId,
      space_uid: uid,
      bk_biz_id: bizId,
      space_type_id: type,
      space_type_name: type === 'bkcc' ? '业务' : '研发项目',
      space_id: id,
      space_name: chance.pick(TEXTS),
      space_code: null,
      properties: '{}',
      bk_tenant_id: 'system',
    };
  });
}

/** What an operator can have forgotten or mistyped in the environment tables. */
export const ENVIRONMENT_ODDITIES = ['no-offset', 'zero-offset', 'no-businesses', 'two-to-one'] as const;
export type EnvironmentOddity = (typeof ENVIRONMENT_ODDITIES)[number];

export interface EnvironmentRows {
  readonly offsets: readonly Row[];
  readonly businesses: readonly Row[];
}

/** 2.2: ours, and another environment whose rows must not count. */
export function environmentRows(chance: Chance, oddity?: EnvironmentOddity): EnvironmentRows {
  const map = (bk_env: string, bk_old_biz_id: number, bk_new_biz_id: number): Row => ({
    bk_env,
    bk_old_biz_id,
    bk_old_biz_name: chance.pick(['', ...TEXTS]),
    bk_new_biz_id,
    bk_new_biz_name: chance.pick(['', ...TEXTS]),
  });
  const mapped = BUSINESSES.filter((bizId) => !UNMAPPED.has(bizId));
  // The new ids are among the old ones of others: mapping twice would be seen.
  const targets = chance.some([3, 21, 7, 1003, 2_000_147, 100], mapped.length);
  if (oddity === 'two-to-one') targets[1] = targets[0]!;
  const offset = oddity === 'zero-offset' ? 0 : chance.pick([2_000_000, 1, 10_000_000_000]);
  const own = mapped.map((bizId, place) => map(ENVIRONMENT, bizId, targets[place]!));
  const others = mapped.map((bizId, place) => map('sg', bizId, 9000 + place));
  return {
    offsets: [...(oddity === 'no-offset' ? [] : [{ env: ENVIRONMENT, offset }]), { env: 'sg', offset: 5_000_000 }],
    businesses: [...(oddity === 'no-businesses' ? [] : own), ...others],
  };
}
