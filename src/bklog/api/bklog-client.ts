import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { isOperationError, OperationError } from '../../errors/operation-error';
import type { ApiSettings } from '../../model/api-settings';
import { NoAnswer, Wire } from './exchange';
import { Pace } from './pace';
import { type Call, readAnswer, readSilence } from './read-answer';

const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface ApiCall extends Call {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Acts for this user; absent: the user of the settings. A token of a user cannot act for another. */
  readonly user?: string;
}

/**
 * Calls BK-LOG through the API gateway (bklog `support-files/apigw`). What passes is tried again with growing, random
 * pauses, or as long as the gateway asks for; a write only where it surely did not happen. Errors: OP_API_*, OP_ABORTED.
 */
export class BkLogClient {
  readonly #pace: Pace;

  private constructor(
    private readonly settings: ApiSettings,
    private readonly wire: Wire,
    private readonly signal: AbortSignal,
    private readonly firstPauseMs: number,
  ) {
    this.#pace = new Pace(settings.callsPerSecond);
  }

  static async open(settings: ApiSettings, signal: AbortSignal, firstPauseMs = FIRST_PAUSE_MS): Promise<BkLogClient> {
    return new BkLogClient(settings, await Wire.open(settings), signal, firstPauseMs);
  }

  close(): void {
    this.wire.close();
  }

  /** Makes the call and parses its payload. */
  async call<T>(call: ApiCall, schema: z.ZodType<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return parsePayload(call, await this.#once(call), schema);
      } catch (error) {
        if (attempt === ATTEMPTS || !isPassing(call, error)) throw error;
        await sleep(this.#pause(attempt, error), undefined, { signal: this.signal }).catch(() => undefined);
        this.signal.throwIfAborted();
      }
    }
  }

  #pause(attempt: number, error: unknown): number {
    const asked = isOperationError(error) ? Number(error.details.retryAfterSeconds) * 1000 : Number.NaN;
    const growing = Math.min(LONGEST_PAUSE_MS, this.firstPauseMs * 2 ** (attempt - 1)) * (0.5 + Math.random());
    return Number.isFinite(asked) ? Math.min(LONGEST_PAUSE_MS * 2, Math.max(asked, growing)) : growing;
  }

  async #once(call: ApiCall): Promise<unknown> {
    const query = new URLSearchParams(
      Object.entries(call.query ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
    ).toString();
    const request = {
      method: call.method,
      path: query ? `${call.path}?${query}` : call.path,
      headers: {
        ...this.#headers(call.user),
        ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
    };
    await this.#pace.turn(this.signal);
    try {
      return readAnswer(call, await this.wire.exchange(request, this.signal));
    } catch (error) {
      throw error instanceof NoAnswer ? readSilence(call, error) : error;
    }
  }

  #headers(user = this.settings.user): Record<string, string> {
    const { appCode, appSecret, accessToken, tenant } = this.settings;
    const who = accessToken
      ? { access_token: accessToken }
      : { bk_app_code: appCode, bk_app_secret: appSecret, bk_username: user };
    return {
      'X-Bkapi-Authorization': JSON.stringify(who).replace(/[\u0080-\uffff]/g, escaped),
      Accept: 'application/json',
      ...(tenant ? { 'X-Bk-Tenant-Id': tenant } : {}),
    };
  }
}

/** A header holds ASCII only; in JSON any character may be written so. */
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

function isPassing({ method }: ApiCall, error: unknown): boolean {
  if (isOperationError(error, 'OP_API_BUSY') || isOperationError(error, 'OP_API_UNREACHABLE')) return true;
  return method === 'GET' && isOperationError(error, 'OP_API_ANSWER_INVALID');
}

function parsePayload<T>(call: ApiCall, data: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const { path = [], message = '' } = parsed.error.issues[0] ?? {};
  const code = call.method === 'GET' ? 'OP_API_ANSWER_INVALID' : 'OP_API_UNCERTAIN';
  throw new OperationError(
    code,
    `${call.doing}: the payload has another form: ${path.join('.') || '(whole)'}: ${message}`,
    {
      details: { method: call.method, path: call.path, field: path.join('.') },
    },
  );
}
