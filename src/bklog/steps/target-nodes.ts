import { z } from 'zod';
import { isRefused, type Loss, parseShape, type Refused, refuse } from './step-result';
import { wholeNumber as id, isBlank, isObject, text, unreadLosses, unsupported } from './values';

const FIELD = 'target_nodes';
const DYNAMIC_GROUP = 'DYNAMIC_GROUP';
const TEMPLATES = ['SERVICE_TEMPLATE', 'SET_TEMPLATE'];
/** Room for an IPv4 address. */
const LONGEST_IP = 15;

const ip = text.refine(
  (value) => value.length <= LONGEST_IP,
  unsupported(`is longer than the ${LONGEST_IP} characters that the target takes`),
);
/** Every key is optional to the API (`TargetNodeSerializer` in `apps/log_databus/serializers.py`). */
const node = z.object({
  id: id.optional(),
  bk_obj_id: text.optional(),
  bk_inst_id: id.optional(),
  bk_host_id: id.optional(),
  ip: ip.optional(),
  bk_cloud_id: id.optional(),
  bk_supplier_id: text.optional(),
  bk_biz_id: id.optional(),
});
/** Its id is text, and another one in every environment. */
const groupNode = node.extend({ bk_inst_id: z.union([z.string(), z.int().transform(String)], 'is not text') });

/** Where a collector collects, as `fast_create` takes it. */
export type TargetNode = Readonly<z.infer<typeof node> | z.infer<typeof groupNode>>;

export interface TargetNodes {
  readonly nodes: readonly TargetNode[];
  readonly losses: readonly Loss[];
}

/**
 * The column `target_nodes` of a collector: JSON text in an export, a list in an answer of the API. `nodeType` is the
 * `target_node_type` beside it: it decides where the nodes themselves do not say what they are. A column that holds no
 * list counts as an empty one. A list with something that is no node is refused: the target would collect from less.
 */
export function readTargetNodes(value: unknown, nodeType: string): TargetNodes | Refused {
  const list = listOf(value);
  if (typeof list === 'string') {
    return { nodes: [], losses: [{ field: FIELD, reason: `${list}; the target collects from nowhere` }] };
  }
  const nodes: TargetNode[] = [];
  const losses: Loss[] = [];
  for (const [i, item] of list.entries()) {
    const at = `${FIELD}[${i}]`;
    if (!isObject(item)) return refuse('malformed_definition', at, 'is not an object');
    const known = withoutEmpty(item);
    const isGroup =
      known.bk_obj_id === DYNAMIC_GROUP || (nodeType === DYNAMIC_GROUP && !TEMPLATES.includes(String(known.bk_obj_id)));
    const parsed = parseShape<TargetNode>(isGroup ? groupNode : node, known, at);
    if (isRefused(parsed)) return parsed;
    const missing = isGroup ? undefined : missingKey(parsed.value);
    if (missing !== undefined) return refuse('malformed_definition', `${at}${missing && `.${missing}`}`, NO_NODE);
    nodes.push(parsed.value);
    losses.push(...unreadLosses(known, Object.keys(node.shape), at));
  }
  return { nodes, losses };
}

const NO_NODE = 'is missing: it names neither a host nor a node of the topology';

/** The target takes every mixture of keys; node management does not. Empty: all of them are missing. */
function missingKey(node: TargetNode): string | undefined {
  const has = (key: string) => Object.hasOwn(node, key);
  if (has('bk_host_id') || has('id')) return undefined;
  if (has('ip')) return has('bk_cloud_id') ? undefined : 'bk_cloud_id';
  if (!has('bk_obj_id') && !has('bk_inst_id')) return '';
  return ['bk_obj_id', 'bk_inst_id'].find((key) => !has(key));
}

/** The list, or why there is none. */
function listOf(value: unknown): readonly unknown[] | string {
  if (value === undefined || value === null || value === '') return 'is missing';
  if (typeof value !== 'string') return Array.isArray(value) ? value : 'is not a list';
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) ? list : 'is not a list';
  } catch {
    return 'is text and not JSON';
  }
}

/** To BK-LOG an empty key is an absent one, and its API takes neither null nor empty text. */
function withoutEmpty(node: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(node).filter(
      ([, value]) => value !== null && value !== undefined && !(typeof value === 'string' && isBlank(value)),
    ),
  );
}
