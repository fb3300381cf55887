import { OperationError, type PreparedMigration, parseOrRefuse, preparedMigrationSchema } from '../../src/index';

/** Undefined when the payload is of another kind. Errors: OP_CONFIG_INVALID for one that is of this kind and not whole. */
export function findPrepared(payload: unknown): PreparedMigration | undefined {
  const isPrepared =
    typeof payload === 'object' && payload !== null && 'kind' in payload && payload.kind === 'migration';
  return isPrepared ? parseOrRefuse(preparedMigrationSchema, payload, 'msg.payload') : undefined;
}

export function readPrepared(payload: unknown, name: string): PreparedMigration {
  const prepared = findPrepared(payload);
  if (prepared) return prepared;
  throw new OperationError('OP_CONFIG_INVALID', `${name} got a message that carries no prepared migration`, {
    details: { field: 'msg.payload' },
    remedy: 'Put id-mapper before it.',
  });
}

/** The hash of the plan that somebody has seen. Undefined: nobody has; what would happen is told instead. */
export function readConfirmation(confirm: unknown, name: string): string | undefined {
  if (confirm === undefined) return undefined;
  if (typeof confirm === 'string' && /^[0-9a-f]{64}$/.test(confirm)) return confirm;
  throw new OperationError('OP_CONFIG_INVALID', `${name} does not understand msg.confirm`, {
    details: { field: 'msg.confirm' },
    remedy: 'Send payload.plan.hash of the plan as msg.confirm.',
  });
}
