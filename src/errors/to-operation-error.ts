import { isOperationError, OperationError } from './operation-error';

interface SystemError extends Error {
  readonly code: string;
  readonly path?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'syscall' in error && typeof (error as { code?: unknown }).code === 'string';
}

/**
 * Turns anything thrown into an OperationError, once, at the border of a run. `step` completes the sentence
 * "… while <step>". File system errors of the work directory and of a local store are translated here as well.
 */
export function toOperationError(error: unknown, step: string): OperationError {
  if (isOperationError(error)) return error;
  if (error instanceof Error && error.name === 'AbortError') {
    if (isOperationError(error.cause)) return error.cause;
    return new OperationError('OP_ABORTED', `stopped while ${step}`, { cause: error });
  }
  if (isSystemError(error)) {
    const at = error.path ? ` at ${error.path}` : '';
    const details = { errno: error.code, ...(error.path ? { path: error.path } : {}) };
    switch (error.code) {
      case 'ENOSPC':
      case 'EDQUOT':
        return new OperationError('OP_STORE_FULL', `no space left${at} while ${step}`, { cause: error, details });
      case 'EACCES':
      case 'EPERM':
      case 'EROFS':
        return new OperationError('OP_STORE_DENIED', `access refused${at} while ${step}`, { cause: error, details });
      case 'ENOENT':
      case 'ENOTDIR':
      case 'ESTALE':
      case 'EIO':
      case 'ENOTCONN':
      case 'EHOSTDOWN':
        return new OperationError('OP_STORE_UNREACHABLE', `cannot use the path${at} while ${step}`, {
          cause: error,
          details,
        });
      default:
    }
  }
  const message = error instanceof Error ? error.message : String(error);
  return new OperationError('OP_BUG', `${message} while ${step}`, { cause: error });
}
