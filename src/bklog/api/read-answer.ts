import { z } from 'zod';
import type { ErrorCode } from '../../errors/error-catalogue';
import { OperationError } from '../../errors/operation-error';
import type { NoAnswer, RawAnswer } from './exchange';

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** What it does, for messages: "creating collector nginx". */
  readonly doing: string;
}

/** BK-LOG answers with a number as code where it is well, and a string where not (bklog `apps/generic.py`). */
const envelopeSchema = z.object({
  result: z.boolean(),
  code: z.union([z.number(), z.string()]).transform(String),
  message: z.string().nullish(),
  data: z.unknown().optional(),
  errors: z.unknown().optional(),
});

/** Codes of BK-LOG about who is calling: IAM, no app behind the gateway, authentication. */
const DENIED = new Set(['9900403', '3612902', '3600401', '3600403', '1640001']);
/** After these something may have been made: an unexpected exception, an upstream service, a subscription, a data id. */
const HALF_DONE = new Set(['3600500', '500001', '50000', '3600002', '3600015', '3631109', '3631110']);
const THROTTLED = new Set(['3600429']);

const isWrite = ({ method }: Call) => method !== 'GET';

/**
 * The payload of an answer. Errors: OP_API_DENIED, OP_API_REFUSED, OP_API_BUSY (nothing happened, try again), OP_API_UNCERTAIN
 * (a write that may or may not have happened), OP_API_ANSWER_INVALID.
 */
export function readAnswer(call: Call, { status, retryAfter, requestId, text }: RawAnswer): unknown {
  const fail = (code: ErrorCode, what: string, more: Record<string, unknown> = {}) =>
    new OperationError(code, `${call.doing}: ${what}`, {
      details: {
        ...{ method: call.method, path: call.path, status },
        ...(requestId ? { requestId } : {}),
        ...(retryAfter === undefined ? {} : { retryAfterSeconds: retryAfter }),
        ...more,
      },
    });
  const envelope = parseEnvelope(text);
  if (!envelope) {
    const what = `the answer (HTTP ${status}) is not one of BK-LOG: ${JSON.stringify(text.slice(0, 80))}`;
    if (status === 401 || status === 403) throw fail('OP_API_DENIED', what);
    if (status === 429) throw fail('OP_API_BUSY', what);
    throw fail(isWrite(call) ? 'OP_API_UNCERTAIN' : 'OP_API_ANSWER_INVALID', what);
  }
  const { result, code, message, data, errors } = envelope;
  if (status < 400 && result) return data;
  const what = `${message?.trim() || 'no reason given'}${message?.includes(code) ? '' : ` (${code})`}`;
  const more = { apiCode: code, ...(errors ? { errors } : {}) };
  if (status === 401 || status === 403 || DENIED.has(code)) throw fail('OP_API_DENIED', what, more);
  if (status === 429 || status === 503 || THROTTLED.has(code)) throw fail('OP_API_BUSY', what, more);
  if (status >= 500 || HALF_DONE.has(code)) {
    throw fail(isWrite(call) ? 'OP_API_UNCERTAIN' : 'OP_API_BUSY', what, more);
  }
  throw fail('OP_API_REFUSED', what, more);
}

function parseEnvelope(text: string): z.infer<typeof envelopeSchema> | undefined {
  try {
    const parsed = envelopeSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** What a missing answer means. A write that was sent may have happened. */
export function readSilence(call: Call, { wasSent, message, cause }: NoAnswer): OperationError {
  const code = wasSent && isWrite(call) ? 'OP_API_UNCERTAIN' : 'OP_API_UNREACHABLE';
  return new OperationError(code, `${call.doing}: ${message}`, {
    cause,
    details: { method: call.method, path: call.path },
  });
}
