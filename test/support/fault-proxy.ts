import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Fault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers?: Record<string, string>;
    }
  /** The server sees nothing, half of the request, or all of it; the client sees a broken connection. */
  | { readonly kind: 'reset-before' | 'reset-middle' | 'reset-after' }
  /** The server has answered; the client gets half of that, or nothing and an open connection. */
  | { readonly kind: 'half-answer' | 'silence' }
  /** The request trickles to the server, and all is well. */
  | { readonly kind: 'slow' }
  /** Between the server's answer and the client's next request something else happens. */
  | { readonly kind: 'then'; readonly act: () => Promise<void> };

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
}

export interface FaultProxy {
  readonly url: string;
  /** All requests so far. */
  readonly seen: readonly SeenRequest[];
}

/** Stands between a client and a plain HTTP server and does to the n-th request (from 1) what `faultOf` says. */
export async function withFaultProxy<T>(
  target: string,
  faultOf: (nth: number, request: SeenRequest) => Fault | undefined,
  use: (proxy: FaultProxy) => Promise<T>,
): Promise<T> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const about = { method: request.method ?? '', path: request.url ?? '' };
    const fault = faultOf(seen.push(about), about);
    void serve(target, request, response, fault).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await use({ url: `http://127.0.0.1:${port}`, seen });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function serve(target: string, request: IncomingMessage, response: ServerResponse, fault: Fault | undefined) {
  const body = await bytesOf(request);
  const { kind } = fault ?? {};
  if (fault?.kind === 'answer') {
    response.writeHead(fault.status, { 'Content-Length': Buffer.byteLength(fault.body), ...fault.headers });
    response.end(request.method === 'HEAD' ? undefined : fault.body);
    return;
  }
  if (kind === 'reset-before') return void response.destroy();
  const outgoing = httpRequest(`${target}${request.url}`, {
    method: request.method,
    headers: request.headers,
    agent: false,
  });
  if (kind === 'reset-middle') {
    outgoing.on('error', () => {});
    outgoing.write(body.subarray(0, body.length / 2));
    await new Promise((resolve) => setTimeout(resolve, 20));
    outgoing.destroy();
    return void response.destroy();
  }
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    outgoing.once('response', resolve).once('error', reject),
  );
  if (kind === 'slow') {
    for (let at = 0; at < body.length; at += Math.ceil(body.length / 4)) {
      outgoing.write(body.subarray(at, at + Math.ceil(body.length / 4)));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    outgoing.end();
  } else outgoing.end(body);
  const answer = await answered;
  const content = await bytesOf(answer);
  if (kind === 'reset-after') return void response.destroy();
  if (kind === 'silence') return;
  if (fault?.kind === 'then') await fault.act();
  response.writeHead(answer.statusCode ?? 0, answer.headers);
  if (kind !== 'half-answer') return void response.end(content);
  response.write(content.subarray(0, content.length / 2), () => response.destroy());
  if (content.length < 2) response.destroy();
}

async function bytesOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
