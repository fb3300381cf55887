/** The steps of an exported collector whose log agent was told `local`. */
export function stepsOf(local: unknown, id = 'bkunifylogbeat'): unknown[] {
  return [{ id, params: { context: { dataid: 1500586, local: [local] } } }];
}
export const AT = 'steps[0].params.context.local[0]';
