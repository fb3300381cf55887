import type { ErrorCode } from '../errors/error-catalogue';
import { isOperationError, OperationError, type OperationErrorOptions } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import { networkTrouble } from './network-trouble';

interface Told {
  readonly code: ErrorCode;
  readonly remedy?: string;
  /** Trying again at once can help. */
  readonly isPassing?: boolean;
}

const KEYS = 'Correct access key and secret key; the server does not know them.';
const REGION = 'Correct the region of this location: the bucket is in another one.';

/** What S3 servers call their refusals (AWS, Ceph, MinIO, COS). */
const BY_NAME: Readonly<Record<string, Told>> = {
  InvalidAccessKeyId: { code: 'OP_STORE_DENIED', remedy: KEYS },
  SignatureDoesNotMatch: { code: 'OP_STORE_DENIED', remedy: KEYS },
  InvalidToken: { code: 'OP_STORE_DENIED', remedy: 'Renew the session token.' },
  ExpiredToken: { code: 'OP_STORE_DENIED', remedy: 'Renew the session token; it has expired.' },
  AuthorizationHeaderMalformed: { code: 'OP_STORE_DENIED', remedy: REGION },
  AuthorizationQueryParametersError: { code: 'OP_STORE_DENIED', remedy: REGION },
  IllegalLocationConstraintException: { code: 'OP_STORE_DENIED', remedy: REGION },
  PermanentRedirect: { code: 'OP_STORE_UNREACHABLE', remedy: REGION },
  RequestTimeTooSkewed: { code: 'OP_STORE_DENIED', remedy: 'Set the clock of this machine.' },
  NoSuchBucket: { code: 'OP_STORE_UNREACHABLE', remedy: 'Create the bucket, or correct its name, address and region.' },
  QuotaExceeded: { code: 'OP_STORE_FULL' },
  EntityTooLarge: { code: 'OP_STORE_FULL', remedy: 'Raise the limit of the server for one object.' },
  InsufficientStorage: { code: 'OP_STORE_FULL' },
  PreconditionFailed: { code: 'OP_OBJECT_EXISTS' },
  ConditionalRequestConflict: { code: 'OP_OBJECT_EXISTS' },
  SlowDown: {
    code: 'OP_STORE_UNREACHABLE',
    isPassing: true,
    remedy: 'The server asks to call later: run again later.',
  },
  NoSuchUpload: { code: 'OP_STORE_UNREACHABLE', isPassing: true, remedy: 'The upload was ended by somebody else.' },
};

interface SdkError extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly ServerTime?: string;
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/**
 * What the server or the network said, typed. The original's text stays out: some servers put the request, with its
 * signature, into it. Errors: OP_STORE_*, OP_OBJECT_EXISTS, OP_ABORTED.
 */
export function toStoreError(error: unknown, step: string, place: string): OperationError {
  if (isOperationError(error)) return error;
  if (!(error instanceof Error)) return toOperationError(error, `${step} in ${place}`);
  const { name, code = '', $metadata } = error as SdkError;
  if (name === 'AbortError') return toOperationError(error, `${step} in ${place}`);
  const status = $metadata?.httpStatusCode;
  const told = BY_NAME[name] ?? byNetwork(code || name) ?? byStatus(status);
  if (!told) return toOperationError(error, `${step} in ${place}`);
  const said = [status ? `HTTP ${status}` : '', code || (name === 'Error' ? '' : name)].filter(Boolean).join(' ');
  const options: OperationErrorOptions = {
    cause: new Error(said),
    details: { location: place, answer: said, ...serverTime(error as SdkError, name) },
    ...(told.remedy ? { remedy: told.remedy } : {}),
    ...(told.isPassing ? { retry: 'now' } : {}),
  };
  return new OperationError(
    told.code,
    `${said || 'no answer'} while ${step} in ${place}${skewOf(error as SdkError, name)}`,
    options,
  );
}

function byNetwork(code: string): Told | undefined {
  const trouble = networkTrouble(code);
  return trouble && { code: 'OP_STORE_UNREACHABLE', ...trouble };
}

function byStatus(status: number | undefined): Told | undefined {
  if (status === undefined) return undefined;
  if (status >= 500 || status === 408 || status === 429) return { code: 'OP_STORE_UNREACHABLE', isPassing: true };
  if (status === 401 || status === 403) {
    return {
      code: 'OP_STORE_DENIED',
      remedy: 'Give these keys the rights that docs/operations.md lists for a bucket.',
    };
  }
  if (status === 409 || status === 412) return { code: 'OP_OBJECT_EXISTS' };
  if (status === 301 || status === 307) return { code: 'OP_STORE_UNREACHABLE', remedy: REGION };
  if (status === 404) return { code: 'OP_STORE_UNREACHABLE', remedy: 'Correct address and bucket.' };
  return {
    code: 'OP_STORE_DENIED',
    remedy: 'The server does not take this request: check address, region and addressing.',
  };
}

function serverTime(error: SdkError, name: string): { readonly serverTime?: string; readonly hereTime?: string } {
  if (name !== 'RequestTimeTooSkewed') return {};
  const told = error.ServerTime ?? error.$response?.headers?.date;
  return { hereTime: new Date().toISOString(), ...(told ? { serverTime: told } : {}) };
}

function skewOf(error: SdkError, name: string): string {
  const { serverTime: there, hereTime } = serverTime(error, name);
  return there ? `: the server's clock says ${there}, this machine's ${hereTime}` : '';
}
