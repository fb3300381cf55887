import { OperationError } from '../errors/operation-error';
import type { Finding } from '../model/verification';
import { itemKey } from '../plan/plan-migration';
import type { PrepareMigrationResult } from './contract';

/** Most items that a failure names. */
const MOST_NAMED = 20;

/** What a preparation found, one finding for each item that it tells; the last one counts the others. */
export function unmappedFindings({ unmapped, unmappedCount }: PrepareMigrationResult): Finding[] {
  const findings = unmapped.map((item) => ({
    code: 'OP_ID_UNMAPPED',
    object: itemKey(item),
    message: `${itemKey(item)} (${item.name}): ${item.reasons.join('; ')}`,
  }));
  const others = unmappedCount - unmapped.length;
  if (others === 0) return findings;
  const message = `${others} more items name ids without a counterpart`;
  return [...findings, { code: 'OP_ID_UNMAPPED', object: 'documents', message }];
}

/** Why a preparation wrote nothing. Undefined: it wrote what was asked for. */
export function stoppedByUnmapped(result: PrepareMigrationResult): OperationError | undefined {
  if (!result.isStopped) return undefined;
  const { environment, unmapped, unmappedCount, collectors, indexSets } = result;
  return new OperationError(
    'OP_ID_UNMAPPED',
    `${unmappedCount} of ${collectors + indexSets} records of ${environment} name ids without a counterpart; nothing was prepared`,
    {
      details: {
        environment,
        collectors,
        indexSets,
        unmapped: unmappedCount,
        items: unmapped.slice(0, MOST_NAMED).map(itemKey),
      },
    },
  );
}
