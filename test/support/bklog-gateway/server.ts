import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { authenticate, type Credentials } from './authentication';
import type { Caller } from './call';
import { type Answer, failure, gatewayFailure, jsonAnswer, Refusal, success } from './envelope';
import type { Environment } from './environment';
import {
  type ArmedMisbehaviour,
  answerInstead,
  dueMisbehaviour,
  type MisbehaviourKind,
  timedOut,
} from './misbehaviour';
import { type FoundResource, findResource } from './resources';

/** Gateway name and stage (4.1). */
const PREFIX = '/api/bk-log-search/prod';

/** A call as it arrived, also when it was refused. Secrets are not kept. */
export interface RecordedRequest {
  readonly method: string;
  /** Without the gateway's prefix. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly app: string;
  readonly user: string;
  readonly tenant?: string;
  readonly atMs: number;
  readonly misbehaviour?: MisbehaviourKind;
  /** Absent while there is no answer, and for ever when there is none. */
  readonly status?: number;
  /** Of the envelope, where there is one. */
  readonly code?: unknown;
}

export interface ServerSettings {
  readonly environment: Environment;
  readonly credentials: Credentials;
  readonly armed: readonly ArmedMisbehaviour[];
  readonly requests: RecordedRequest[];
  /** Milliseconds that a call takes before it has its effect. The effect comes also when the client is gone by then. */
  latencyMs: number;
  /** More calls at a time are refused with 429 (4.2: 1642904). */
  readonly concurrencyLimit: number;
  readonly watchers: Watcher[];
}

/** Told of every call that a test wants to interrupt at an exact place. */
export interface Watcher {
  /** Arrived; nothing has happened yet. */
  readonly onCall?: (request: RecordedRequest) => void;
  /** Its effect, if it has one, is there; the answer is not sent yet. */
  readonly onAnswer?: (request: RecordedRequest) => void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The listening half of the stand-in: what the gateway does with a call before and after BK-LOG sees it. */
export class GatewayServer {
  readonly settings: ServerSettings;
  maxConcurrent = 0;
  #concurrent = 0;
  readonly #closing = new AbortController();
  readonly #server = createServer((request, response) => {
    this.#concurrent += 1;
    this.maxConcurrent = Math.max(this.maxConcurrent, this.#concurrent);
    response.once('close', () => {
      this.#concurrent -= 1;
    });
    // A client that hangs up is part of the tests.
    request.on('error', () => {});
    response.on('error', () => {});
    this.#serve(request, response).catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.failures.push(error);
      response.destroy();
    });
  });
  /** Defects of the stand-in itself; thrown when it is closed. */
  readonly failures: unknown[] = [];

  constructor(settings: ServerSettings) {
    this.settings = settings;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  /** The host; the health check of 4.8 is at its root. */
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `${this.origin}${PREFIX}`;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    if (this.failures.length > 0) throw new AggregateError(this.failures, 'the stand-in for the gateway failed');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin);
    const host = hostAnswer(url);
    if (host) return send(response, host);
    const { method = 'GET' } = request;
    const path = url.pathname.startsWith(`${PREFIX}/`) ? url.pathname.slice(PREFIX.length) : url.pathname;
    const query = Object.fromEntries(url.searchParams);
    const body = await readBody(request);
    if (body === CUT_OFF) return;
    const record: Mutable<RecordedRequest> = { method, path, query, body, app: '', user: '', atMs: Date.now() };
    this.settings.requests.push(record);
    for (const { onCall } of this.settings.watchers) onCall?.(record);
    const answer = await this.#answer(request, response, record);
    if (answer) Object.assign(record, { status: answer.status, code: envelopeCode(answer) });
    for (const { onAnswer } of this.settings.watchers) onAnswer?.(record);
    if (!answer) return;
    send(response, answer);
  }

  /** Undefined when the connection itself is the answer. */
  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    record: Mutable<RecordedRequest>,
  ): Promise<Answer | undefined> {
    const { armed, credentials, concurrencyLimit } = this.settings;
    const isInside = (request.url ?? '').startsWith(`${PREFIX}/`);
    const resource = isInside ? findResource(record.method, record.path) : undefined;
    if (!resource) return gatewayFailure(404, 1640401, 'API_NOT_FOUND', 'API not found');
    let caller: Caller;
    try {
      caller = authenticate(request.headers, resource.name, credentials);
    } catch (error) {
      return refusalOf(error);
    }
    Object.assign(record, caller);
    if (this.#concurrent > concurrencyLimit) {
      return gatewayFailure(429, 1642904, 'CONCURRENCY_LIMIT_RESTRICTION', 'Request concurrency exceeds');
    }
    if (record.body === NOT_JSON) return failure('3600400', 'JSON parse error');

    const misbehaviour = dueMisbehaviour(armed, record);
    if (misbehaviour) record.misbehaviour = misbehaviour.kind;
    await this.#pause(this.settings.latencyMs);
    const instead = misbehaviour && answerInstead(misbehaviour, record);
    if (instead) return instead;
    switch (misbehaviour?.kind) {
      case 'silent-before':
        return undefined;
      case 'reset-before':
        response.socket?.resetAndDestroy();
        return undefined;
      case 'slow':
        await this.#pause(misbehaviour.delayMs ?? 1000);
        return this.#carryOut(resource, caller, record);
      case 'half-created':
        return this.#carryOut(resource, caller, record, { failsAtSubscription: true });
    }
    const answer = this.#carryOut(resource, caller, record);
    switch (misbehaviour?.kind) {
      case 'silent-after':
        return undefined;
      case 'reset-after':
        response.socket?.resetAndDestroy();
        return undefined;
      case 'gateway-timeout-after':
        return timedOut();
      case 'half-json':
        return { ...answer, body: answer.body.slice(0, answer.body.length / 2) };
    }
    return answer;
  }

  #carryOut(
    { handle, id }: FoundResource,
    caller: Caller,
    { query, body }: RecordedRequest,
    { failsAtSubscription } = { failsAtSubscription: false },
  ): Answer {
    const { environment } = this.settings;
    const call = { caller, query, body, id, failsAtSubscription };
    try {
      environment.assertUser(caller.user);
      const business = environment.business(call);
      return success(handle(environment, business ? completed(call, business) : call));
    } catch (error) {
      return refusalOf(error);
    }
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.#closing.signal });
  }
}

/** 4.1: a middleware completes the business from the space and the other way round, in query and body. */
function completed<T extends { readonly query: Readonly<Record<string, string>>; readonly body: unknown }>(
  call: T,
  { bk_biz_id, space_uid }: { readonly bk_biz_id: number; readonly space_uid: string },
): T {
  const query = { bk_biz_id: String(bk_biz_id), space_uid, ...call.query };
  const { body } = call;
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  return { ...call, query, body: isObject ? { bk_biz_id, space_uid, ...body } : body };
}

function refusalOf(error: unknown): Answer {
  if (error instanceof Refusal) return error.answer;
  throw error;
}

const NOT_JSON = Symbol('not JSON');
/** The client died while it was sending: there was no call. */
const CUT_OFF = Symbol('cut off');

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return CUT_OFF;
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return NOT_JSON;
  }
}

/** 4.8: only the host has a health check, and it asks for no credentials. */
function hostAnswer(url: URL): Answer | undefined {
  if (url.pathname === '/readiness/') return jsonAnswer(200, { server_up: 1 });
  if (url.pathname !== '/healthz/') return undefined;
  if (url.searchParams.get('format_type') === 'json') return jsonAnswer(200, { status: true, data: [], message: 'ok' });
  return { status: 200, headers: { 'Content-Type': 'text/plain' }, body: '[+] bk_log_search\n' };
}

function envelopeCode({ headers, body }: Answer): unknown {
  if (headers['Content-Type'] !== 'application/json') return undefined;
  try {
    return (JSON.parse(body) as { code?: unknown }).code;
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
