import { readFile } from 'node:fs/promises';
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { ApiSettings } from '../../model/api-settings';

/** An answer longer than this is refused: 64 MiB. */
const MOST_BYTES = 64 * 1024 * 1024;

export interface Exchange {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** After the gateway's prefix, with its slashes and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface RawAnswer {
  readonly status: number;
  /** Seconds, from Retry-After. */
  readonly retryAfter: number | undefined;
  readonly requestId: string | undefined;
  readonly text: string;
}

/** No answer, or half of one. `wasSent`: the request may have reached BK-LOG. */
export class NoAnswer extends Error {
  constructor(
    readonly wasSent: boolean,
    message: string,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/** Connections to one gateway, kept open between calls. */
export class Wire {
  readonly #url: URL;
  readonly #settings: ApiSettings;
  readonly #agent: HttpAgent;

  private constructor(settings: ApiSettings, agent: HttpAgent) {
    this.#url = new URL(settings.url);
    this.#settings = settings;
    this.#agent = agent;
  }

  static async open(settings: ApiSettings): Promise<Wire> {
    const options = { keepAlive: true, maxSockets: settings.concurrency };
    if (!settings.url.startsWith('https:')) return new Wire(settings, new HttpAgent(options));
    const { rejectUnauthorized = true, ca } = settings.tls ?? {};
    const trusted = ca && (ca.includes('-----BEGIN') ? ca : await readFile(ca, 'utf8'));
    const secure = { ...options, rejectUnauthorized, ...(trusted ? { ca: trusted } : {}) };
    return new Wire(settings, new HttpsAgent(secure));
  }

  close(): void {
    this.#agent.destroy();
  }

  /** One request and its whole answer, whatever it says. Errors: NoAnswer, and the reason of `signal`. */
  async exchange({ method, path, headers, body }: Exchange, signal: AbortSignal): Promise<RawAnswer> {
    signal.throwIfAborted();
    const deadline = AbortSignal.timeout(this.#settings.timeoutMs);
    let wasSent = false;
    try {
      return await new Promise<RawAnswer>((resolve, reject) => {
        const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
        const outgoing: ClientRequest = send(
          `${this.#settings.url}${path}`,
          {
            method,
            agent: this.#agent,
            headers: { ...headers, ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }) },
            signal: AbortSignal.any([signal, deadline]),
          },
          (incoming) => readAnswer(incoming).then(resolve, reject),
        );
        outgoing.once('socket', (socket) => {
          const note = () => {
            wasSent = true;
          };
          // A connection that was kept open is written to at once.
          if (socket.connecting) socket.once('connect', note);
          else note();
        });
        outgoing.once('error', reject);
        outgoing.end(body);
      });
    } catch (error) {
      signal.throwIfAborted();
      const what = deadline.aborted ? `no answer after ${this.#settings.timeoutMs / 1000} s` : messageOf(error);
      throw new NoAnswer(wasSent, what, error);
    }
  }
}

async function readAnswer(incoming: IncomingMessage): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += (chunk as Buffer).length;
    if (bytes > MOST_BYTES) throw new Error(`an answer of more than ${MOST_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  const retryAfter = Number(incoming.headers['retry-after']);
  const requestId = incoming.headers['x-bkapi-request-id'] ?? incoming.headers['x-request-id'];
  return {
    status: incoming.statusCode ?? 0,
    retryAfter: Number.isFinite(retryAfter) && incoming.headers['retry-after'] ? retryAfter : undefined,
    requestId: typeof requestId === 'string' ? requestId : undefined,
    text: Buffer.concat(chunks).toString('utf8'),
  };
}

function messageOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' && message ? message : 'the connection failed';
  return typeof code === 'string' && !text.includes(code) ? `${code}: ${text}` : text;
}
