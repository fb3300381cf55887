import { z } from 'zod';
import type { ErrorCode } from '../errors/error-catalogue';
import { OperationError } from '../errors/operation-error';
import { networkTrouble } from './network-trouble';

/** What BKREPO wraps its answers in: 0, or a number whose meaning is in its manual. */
const envelopeSchema = z.object({
  code: z.number().int(),
  message: z.string().nullish(),
  data: z.unknown().optional(),
});
export type Envelope = z.infer<typeof envelopeSchema>;

/** An object as BKREPO describes it. Times are local ones of the server, without their zone. */
export const nodeSchema = z.object({
  name: z.string(),
  fullPath: z.string(),
  folder: z.boolean(),
  size: z.number().int().nonnegative(),
  sha256: z.string().nullish(),
  lastModifiedDate: z.string(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});
export type BkrepoNode = z.infer<typeof nodeSchema>;
export const pageSchema = z.object({ totalPages: z.number().int(), records: z.array(nodeSchema) });
export const repositorySchema = z.object({ quota: z.number().nullish(), used: z.number().nullish() });
export const blockUploadSchema = z.object({ uploadId: z.string().min(1) });
export const addressesSchema = z.array(z.object({ url: z.string() })).min(1);

interface Told {
  readonly code: ErrorCode;
  readonly remedy?: string;
  readonly isPassing?: boolean;
}

const BY_CODE: Readonly<Record<number, Told>> = {
  250107: { code: 'OP_OBJECT_EXISTS' },
  250108: { code: 'OP_ARCHIVE_MISSING' },
  250113: { code: 'OP_STORE_DENIED', remedy: 'Give this user the right to read, write and delete in the repository.' },
  250114: { code: 'OP_STORE_DENIED', remedy: 'Correct user and password, or the platform keys.' },
  250124: { code: 'OP_STORE_UNREACHABLE', isPassing: true },
  250128: { code: 'OP_STORE_UNREACHABLE', isPassing: true },
  251003: {
    code: 'OP_STORE_UNREACHABLE',
    isPassing: true,
    remedy: 'Bytes changed on their way: run again, and look for a proxy.',
  },
  251006: {
    code: 'OP_STORE_UNREACHABLE',
    remedy: 'Correct project and repository, or create the repository as GENERIC.',
  },
  251010: { code: 'OP_ARCHIVE_MISSING' },
  251012: { code: 'OP_OBJECT_EXISTS' },
  251025: { code: 'OP_STORE_FULL', remedy: 'Raise the quota of the repository, or prune older sets, and run again.' },
  251027: { code: 'OP_STORE_FULL', remedy: 'Raise the limit of BKREPO for one object.' },
};

/** A refused request. The server's message stays out: it may quote what was sent. */
export function refusal(status: number, text: string, step: string, place: string): OperationError {
  const code = envelopeOf(text)?.code;
  const told = (code !== undefined && BY_CODE[code]) || byStatus(status, code !== undefined);
  const said = `HTTP ${status}${code === undefined ? '' : ` with code ${code}`}`;
  return new OperationError(told.code, `${said} while ${step} in ${place}`, {
    details: { location: place, status, ...(code === undefined ? {} : { code }) },
    ...(told.remedy ? { remedy: told.remedy } : {}),
    ...(told.isPassing ? { retry: 'now' } : {}),
  });
}

function byStatus(status: number, isBkrepo: boolean): Told {
  if (status >= 500 || status === 408 || status === 429) return { code: 'OP_STORE_UNREACHABLE', isPassing: true };
  if (status === 401 || status === 403) return BY_CODE[status === 401 ? 250114 : 250113]!;
  // A HEAD has no body: nothing says more than its status.
  if (status === 404) return { code: 'OP_ARCHIVE_MISSING' };
  if (status === 507 || status === 413) return { code: 'OP_STORE_FULL' };
  return isBkrepo
    ? { code: 'OP_STORE_DENIED', remedy: 'BKREPO does not take this request: check its release and the code.' }
    : { code: 'OP_STORE_UNREACHABLE', remedy: 'Correct the address: something else than BKREPO answers there.' };
}

/** Errors: OP_STORE_UNREACHABLE for an answer that is not BKREPO's, and the refusals inside of good ones. */
export function readEnvelope(status: number, text: string, step: string, place: string): Envelope {
  const envelope = envelopeOf(text);
  if (!envelope) throw notBkrepo(step, place);
  if (envelope.code !== 0) throw refusal(status, text, step, place);
  return envelope;
}

export function notBkrepo(step: string, place: string): OperationError {
  return new OperationError('OP_STORE_UNREACHABLE', `what answers at ${place} while ${step} is not BKREPO`, {
    details: { location: place },
    remedy: 'Correct the address: a login page, a proxy or another service may be answering.',
  });
}

function envelopeOf(text: string): Envelope | undefined {
  try {
    const parsed = envelopeSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // no JSON
  }
}

/** What is inside of an envelope. Errors: OP_STORE_UNREACHABLE. */
export function dataOf<T>(schema: z.ZodType<T>, { data }: Envelope, step: string, place: string): T {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw notBkrepo(step, place);
}

/** No answer, or half of one. */
export function noAnswer(error: unknown, step: string, place: string): OperationError {
  const { code = 'no answer' } = (error ?? {}) as { code?: string };
  const told = networkTrouble(code) ?? { isPassing: true };
  return new OperationError('OP_STORE_UNREACHABLE', `${code} while ${step} in ${place}`, {
    cause: new Error(code),
    details: { location: place, answer: code },
    ...(told.remedy ? { remedy: told.remedy } : {}),
    ...(told.isPassing ? { retry: 'now' } : {}),
  });
}
