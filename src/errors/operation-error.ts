import { ERROR_CATALOGUE, type ErrorCode, type RetryClass } from './error-catalogue';

/** Plain JSON about the failure: names, counts, limits. Never a password, a token or row content. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

export interface OperationErrorOptions {
  readonly details?: ErrorDetails;
  /** Replaces the catalogue's remedy where the place of birth knows better. */
  readonly remedy?: string;
  readonly retry?: RetryClass;
  readonly cause?: unknown;
}

/**
 * The one error class. All properties are own properties: a Catch node copies only own `code` and `cause`.
 * Recognise it with `isOperationError`, never by `instanceof`: two copies of a package in one Node-RED are normal.
 */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly remedy: string;
  readonly retry: RetryClass;
  /** Failures of the clean-up that followed; they never replace the first reason. */
  readonly suppressed: unknown[] = [];

  constructor(code: ErrorCode, message: string, options: OperationErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
    this.remedy = options.remedy ?? ERROR_CATALOGUE[code].remedy;
    this.retry = options.retry ?? ERROR_CATALOGUE[code].retry;
  }
}

export function isOperationError(error: unknown, code?: ErrorCode): error is OperationError {
  return error instanceof Error && error.name === 'OperationError' && 'code' in error && (!code || error.code === code);
}

/** Throws OP_BUG when something that must hold does not. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new OperationError('OP_BUG', message);
}

/** Runs a clean-up whose failure must not hide `reason`; the failure is kept in `suppressed`. */
export async function cleanUpAfter(reason: unknown, cleanUp: () => Promise<unknown>): Promise<void> {
  try {
    await cleanUp();
  } catch (failure) {
    if (isOperationError(reason)) reason.suppressed.push(failure);
  }
}

/** What crosses a thread or a message: the fields of an error without its class. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly retry: RetryClass;
  readonly details: ErrorDetails;
  readonly stack?: string;
  readonly cause?: string;
}

export function serializeError(error: OperationError): SerializedError {
  return {
    code: error.code,
    message: error.message,
    remedy: error.remedy,
    retry: error.retry,
    details: error.details,
    ...(error.stack ? { stack: error.stack } : {}),
    ...(error.cause instanceof Error ? { cause: error.cause.message } : {}),
  };
}

export function deserializeError(from: SerializedError): OperationError {
  const error = new OperationError(from.code, from.message, {
    details: from.details,
    remedy: from.remedy,
    retry: from.retry,
    ...(from.cause ? { cause: new Error(from.cause) } : {}),
  });
  if (from.stack) error.stack = from.stack;
  return error;
}
