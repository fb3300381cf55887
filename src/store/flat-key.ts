import { OperationError } from '../errors/operation-error';

/** Rejects anything that could leave the folder or the prefix; keys are flat names. */
export function assertFlat(key: string): void {
  if (key === '' || key === '.' || key === '..' || /[/\\\0]/.test(key)) {
    throw new OperationError('OP_CONFIG_INVALID', `"${key}" is no object of this location`, { details: { key } });
  }
}
