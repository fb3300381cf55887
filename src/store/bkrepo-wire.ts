import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { BkrepoLocation } from '../model/bkrepo-location';
import { agentTls } from './agent-tls';
import { type Envelope, noAnswer, readEnvelope, refusal } from './bkrepo-answer';
import { storeTuning } from './store-tuning';

export interface BkrepoRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** After the endpoint, encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Completes "… while"; for errors. */
  readonly step: string;
}

export interface BkrepoWire {
  /** An answer that was not refused; its body is still to be read. Errors: OP_STORE_*, OP_OBJECT_EXISTS, OP_ARCHIVE_MISSING. */
  open(request: BkrepoRequest): Promise<IncomingMessage>;
  /** The same, read to its end as BKREPO's envelope. */
  call(request: BkrepoRequest): Promise<Envelope>;
}

/** Connections to one BKREPO. Errors: OP_CONFIG_INVALID for a CA that cannot be read. */
export async function openBkrepoWire(settings: BkrepoLocation, place: string): Promise<BkrepoWire> {
  const { endpoint, tls } = settings;
  const isSecure = endpoint.startsWith('https:');
  const options = { keepAlive: true, maxSockets: 8 };
  const agent = isSecure ? new HttpsAgent({ ...options, ...(await agentTls(tls)) }) : new HttpAgent(options);
  const send = isSecure ? httpsRequest : httpRequest;
  const authorization = authorizationOf(settings);

  const exchange = ({ method, path, headers, body, signal }: BkrepoRequest) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const length =
        body || method === 'PUT' || method === 'POST' ? { 'Content-Length': String(body?.length ?? 0) } : {};
      const outgoing = send(`${endpoint}${path}`, {
        ...{ method, agent, headers: { ...authorization, ...length, ...headers } },
        ...(signal ? { signal } : {}),
      });
      const { silenceMs } = storeTuning();
      outgoing.setTimeout(silenceMs, () => {
        outgoing.destroy(Object.assign(new Error(`silent for ${silenceMs / 1000} s`), { code: 'ETIMEDOUT' }));
      });
      outgoing.once('response', resolve);
      outgoing.once('error', reject);
      outgoing.end(body);
    });

  async function open(request: BkrepoRequest): Promise<IncomingMessage> {
    const { step, signal } = request;
    let answer: IncomingMessage;
    try {
      answer = await exchange(request);
    } catch (error) {
      signal?.throwIfAborted();
      throw noAnswer(error, step, place);
    }
    const { statusCode = 0 } = answer;
    if (statusCode >= 200 && statusCode < 300) return answer;
    throw refusal(statusCode, await readAnswer(answer, step), step, place);
  }

  async function readAnswer(answer: IncomingMessage, step: string): Promise<string> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of answer) chunks.push(chunk as Buffer);
    } catch (error) {
      throw noAnswer(error, step, place);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  return {
    open,
    async call(request) {
      const answer = await open(request);
      return readEnvelope(answer.statusCode ?? 0, await readAnswer(answer, request.step), request.step, place);
    },
  };
}

/** Authentication of BKREPO (Basic; Platform with the acting user). */
function authorizationOf({ authorization: by }: BkrepoLocation): Record<string, string> {
  const encoded = (first: string, second: string) => Buffer.from(`${first}:${second}`).toString('base64');
  if (by.kind === 'basic') return { Authorization: `Basic ${encoded(by.user, by.password)}` };
  return { Authorization: `Platform ${encoded(by.accessKey, by.secretKey)}`, 'X-BKREPO-UID': by.user };
}
