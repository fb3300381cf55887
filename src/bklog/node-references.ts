import { type Condition, id, type Place, type Reference } from './reference';

const DYNAMIC = ['DYNAMIC_GROUP'];
const TEMPLATES = ['SERVICE_TEMPLATE', 'SET_TEMPLATE'];

/**
 * A list of target nodes (BK-LOG: `target_nodes`). The type of the list is in `typeKey`, of the record or beside the
 * list. The original shifted businesses, skipped hosts and knew neither templates nor groups (migrate_tool.py).
 */
export function targetNodes(at: string, typeKey: string, place: Place = {}): Reference[] {
  const type = (condition: Omit<Condition, 'key'>) => [{ key: typeKey, ...condition }];
  const business = { key: 'bk_obj_id', is: ['biz'] };
  const noBusiness = { key: 'bk_obj_id', not: ['biz'] };
  const node = `${at}.*.bk_inst_id`;
  return [
    id('dynamic-group', node, { where: type({ is: DYNAMIC }) }),
    id('business', node, { where: type({ not: DYNAMIC }), beside: [business] }),
    id('template', node, { where: type({ is: TEMPLATES }), beside: [noBusiness] }),
    id('instance', node, { where: type({ not: [...DYNAMIC, ...TEMPLATES] }), beside: [noBusiness] }),
    id('business', `${at}.*.bk_biz_id`),
    id('cloud', `${at}.*.bk_cloud_id`),
    id('host', `${at}.*.bk_host_id`, place),
    // A service instance.
    id('instance', `${at}.*.id`),
  ];
}

/** Modules and hosts that somebody narrowed a search down to (BK-LOG: `host_scopes` and the older `ip_chooser`). */
export function chosenModules(at: string): Reference[] {
  return [
    id('business', `${at}.modules.*.bk_inst_id`, { beside: [{ key: 'bk_obj_id', is: ['biz'] }] }),
    id('instance', `${at}.modules.*.bk_inst_id`, { beside: [{ key: 'bk_obj_id', not: ['biz'] }] }),
  ];
}
