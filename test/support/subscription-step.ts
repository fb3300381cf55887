import assert from 'node:assert/strict';
import { type ParsedSteps, parseSteps } from '../../src/bklog/steps/parse-steps';
import { isRefused } from '../../src/bklog/steps/step-result';
import { readCollectorBody } from './bklog-gateway/collector-body';
import { Refusal } from './bklog-gateway/envelope';

/** The steps of an exported collector whose log agent was told `local`. */
export function stepsOf(local: unknown, id = 'bkunifylogbeat'): unknown[] {
  return [{ id, params: { context: { dataid: 1500586, local: [local] } } }];
}
export const AT = 'steps[0].params.context.local[0]';

/** The parameters of steps that must not be refused; BK-LOG has to take them as they are. */
export function accepted(scenario: string, steps: unknown): ParsedSteps {
  const result = parseSteps({ scenario, steps });
  assert.ok(!isRefused(result), JSON.stringify(result));
  assertTaken(scenario, result);
  return result;
}

/** The refusal of steps: reason, field and why. `~` stands for `local[0]`. */
export function refused(scenario: string, steps: unknown): string {
  const result = parseSteps({ scenario, steps });
  assert.ok(isRefused(result), JSON.stringify(result));
  return `${result.refusal.reason} ${result.refusal.text.replace(AT, '~')}`;
}

export const lossesOf = ({ losses }: ParsedSteps): string[] =>
  losses.map(({ field, reason }) => `${field.replace(AT, '~')}: ${reason}`);

/**
 * The stand-in for BK-LOG takes the parameters, and keeps each of them as it was sent: only blanks around a text go, and
 * of them a loss tells. `encoding` goes beside them, as `data_encoding`.
 */
export function assertTaken(scenario: string, { params, losses }: ParsedSteps): void {
  const { encoding: _, ...sent } = params;
  const kept = takenParams(scenario, sent);
  const isTrimmed = losses.some(({ reason }) => reason.includes('which the target takes off'));
  const asCompared = (value: unknown) => (isTrimmed ? trimmed(value) : value);
  for (const [key, value] of Object.entries(sent)) {
    assert.deepEqual(asCompared(kept[key]), asCompared(value), `${scenario}: ${key}`);
  }
}

function takenParams(scenario: string, params: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    return readCollectorBody({
      ...{ bk_biz_id: 7, collector_config_name: 'name', collector_config_name_en: 'name_en' },
      ...{ collector_scenario_id: scenario, target_object_type: 'HOST', target_node_type: 'TOPO', target_nodes: [] },
      params,
    }).params;
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    return assert.fail(`${scenario}: ${refusal.answer.body} ${JSON.stringify(params)}`);
  }
}

function trimmed(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return key === 'separator' ? value : value.trim();
  if (Array.isArray(value)) return value.map((item) => trimmed(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, trimmed(inner, name)]));
}
