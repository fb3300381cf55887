import { z } from 'zod';
import type { Loss } from './step-result';
import { wholeNumber as id, isBlank, isObject, withoutNulls } from './values';

/** Where a collector collects. `node` is the object as it came, with keys that nobody here knows. */
export type TargetNode = { readonly node: Readonly<Record<string, unknown>> } & (
  | { readonly kind: 'topo'; readonly objId: string; readonly instId: number }
  | { readonly kind: 'template'; readonly objId: string; readonly instId: number }
  /** Its id is text, and another one in every environment. */
  | { readonly kind: 'dynamic-group'; readonly objId: string; readonly instId: string }
  | { readonly kind: 'host'; readonly hostId: number; readonly ip?: string; readonly cloudId?: number }
  | { readonly kind: 'address'; readonly ip: string; readonly cloudId: number }
  | { readonly kind: 'service-instance'; readonly id: number }
);

export interface ParsedTargetNodes {
  readonly nodes: readonly TargetNode[];
  /** What is no node, and left out. */
  readonly findings: readonly Loss[];
}

const FIELD = 'target_nodes';
const TEMPLATES = ['SERVICE_TEMPLATE', 'SET_TEMPLATE'];
const DYNAMIC_GROUP = 'DYNAMIC_GROUP';

const name = z.string('is not text').refine((value) => !isBlank(value), 'is blank');
const groupId = z.union([name, z.int().transform(String)], 'is neither text nor a number');

/**
 * The column `target_nodes` of a collector: JSON text in an export, a list in an answer of the API. `nodeType` is the
 * `target_node_type` beside it: it decides where the nodes themselves do not say what they are.
 */
export function parseTargetNodes(value: unknown, nodeType?: unknown): ParsedTargetNodes {
  const list = listOf(value);
  if (typeof list === 'string') return { nodes: [], findings: [{ field: FIELD, reason: list }] };
  const nodes: TargetNode[] = [];
  const findings: Loss[] = [];
  for (const [i, item] of list.entries()) {
    const field = `${FIELD}[${i}]`;
    const result = isObject(item) ? toNode(item, nodeType) : { wrong: '', reason: 'is not an object' };
    if ('kind' in result) nodes.push(result);
    else findings.push({ field: `${field}${result.wrong && `.${result.wrong}`}`, reason: result.reason });
  }
  return { nodes, findings };
}

/** The list, or why there is none. */
function listOf(value: unknown): readonly unknown[] | string {
  if (value === undefined || value === null) return 'is missing';
  if (typeof value !== 'string') return Array.isArray(value) ? value : 'is not a list';
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) ? list : 'is not a list';
  } catch {
    return 'is text and not JSON';
  }
}

type NoNode = { readonly wrong: string; readonly reason: string };

/** `TargetNodeSerializer` in `apps/log_databus/serializers.py` takes every mixture of keys; node management does not. */
function toNode(node: Readonly<Record<string, unknown>>, nodeType: unknown): TargetNode | NoNode {
  const known = withoutNulls(node);
  const has = (key: string) => Object.hasOwn(known, key);
  if (has('bk_host_id')) {
    return read(
      z.object({ bk_host_id: id, ip: name.optional(), bk_cloud_id: id.optional() }),
      known,
      ({ bk_host_id, ip, bk_cloud_id }) => ({
        kind: 'host',
        hostId: bk_host_id,
        ...(ip === undefined ? {} : { ip }),
        ...(bk_cloud_id === undefined ? {} : { cloudId: bk_cloud_id }),
        node,
      }),
    );
  }
  if (has('ip')) {
    return read(z.object({ ip: name, bk_cloud_id: id }), known, ({ ip, bk_cloud_id }) => ({
      kind: 'address',
      ip,
      cloudId: bk_cloud_id,
      node,
    }));
  }
  if (has('bk_obj_id') || has('bk_inst_id')) return toInstance(node, known, nodeType);
  if (has('id')) return read(z.object({ id }), known, ({ id }) => ({ kind: 'service-instance', id, node }));
  return { wrong: '', reason: 'names neither a host nor a node of the topology' };
}

function toInstance(
  node: Readonly<Record<string, unknown>>,
  known: Readonly<Record<string, unknown>>,
  nodeType: unknown,
): TargetNode | NoNode {
  const isTemplate = TEMPLATES.some((type) => type === known.bk_obj_id || type === nodeType);
  if (known.bk_obj_id === DYNAMIC_GROUP || (nodeType === DYNAMIC_GROUP && !isTemplate)) {
    // A group knows what it groups, hosts or sets; older rows leave it out.
    const group = z.object({ bk_obj_id: name.default(DYNAMIC_GROUP), bk_inst_id: groupId });
    return read(group, known, (value) => ({
      kind: 'dynamic-group',
      objId: value.bk_obj_id,
      instId: value.bk_inst_id,
      node,
    }));
  }
  return read(z.object({ bk_obj_id: name, bk_inst_id: id }), known, (value) => ({
    kind: isTemplate ? 'template' : 'topo',
    objId: value.bk_obj_id,
    instId: value.bk_inst_id,
    node,
  }));
}

function read<T>(schema: z.ZodType<T>, node: unknown, make: (value: T) => TargetNode): TargetNode | NoNode {
  const parsed = schema.safeParse(node);
  if (parsed.success) return make(parsed.data);
  const issue = parsed.error.issues[0];
  const wrong = String(issue?.path[0] ?? '');
  const isMissing = isObject(node) && node[wrong] === undefined;
  return { wrong, reason: isMissing ? 'is missing' : (issue?.message ?? 'is not what BK-LOG writes') };
}
