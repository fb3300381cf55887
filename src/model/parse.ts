import type { z } from 'zod';
import { OperationError } from '../errors/operation-error';

/** Parses what came across a border, or throws OP_CONFIG_INVALID naming every wrong field of `object`. Never echoes values. */
export function parseOrRefuse<T>(schema: z.ZodType<T>, value: unknown, object: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => ({
    field: issue.path.join('.') || '(whole)',
    problem: issue.message,
  }));
  const first = problems[0];
  throw new OperationError('OP_CONFIG_INVALID', `${object}: ${first?.field}: ${first?.problem}`, {
    details: { object, problems },
    remedy: `Correct ${problems.map((problem) => problem.field).join(', ')} of ${object}.`,
  });
}
