import type { Answer } from './envelope';
import { crash, failure, gatewayFailure, success } from './envelope';

/** What the gateway can be told to do instead of answering. */
export const MISBEHAVIOURS = [
  // Nothing happens in BK-LOG:
  'unauthorized',
  'forbidden',
  'rate-limited',
  'server-error',
  'bad-gateway',
  'refused',
  'html',
  'duplicate-name',
  'no-clusters',
  'silent-before',
  'reset-before',
  // The call is carried out:
  'slow',
  'silent-after',
  'reset-after',
  'gateway-timeout-after',
  'half-json',
  // The first half of it is carried out:
  'half-created',
] as const;
export type MisbehaviourKind = (typeof MISBEHAVIOURS)[number];

/** Every field that is there must fit. */
export interface CallMatch {
  readonly method?: string;
  /** The path of the resource without the gateway's prefix, with its slashes. */
  readonly path?: string | RegExp;
  readonly user?: string;
  readonly body?: (body: unknown) => boolean;
}

export interface Misbehaviour {
  readonly kind: MisbehaviourKind;
  /** Default every call. */
  readonly match?: CallMatch;
  /** How often. Default 1. */
  readonly times?: number;
  /** How many matching calls are served well before the first bad one. Default 0. */
  readonly after?: number;
  /** For "rate-limited": the header Retry-After in seconds. Default 1. */
  readonly retryAfterSeconds?: number;
  /** For "slow". Default 1000. */
  readonly delayMs?: number;
  /** For "refused". Default 3600500. */
  readonly code?: string;
  /** For "html". Default 200, as the login page answers. */
  readonly status?: number;
}

/** A misbehaviour and how often it has happened. */
export interface ArmedMisbehaviour extends Misbehaviour {
  seen: number;
  done: number;
}

export interface MatchedCall {
  readonly method: string;
  readonly path: string;
  readonly user: string;
  readonly body: unknown;
}

function fits({ method, path, user, body }: CallMatch, call: MatchedCall): boolean {
  if (method !== undefined && method !== call.method) return false;
  if (typeof path === 'string' ? path !== call.path : path && !path.test(call.path)) return false;
  if (user !== undefined && user !== call.user) return false;
  return body === undefined || body(call.body);
}

/** The first misbehaviour that is due for this call; counts it. */
export function dueMisbehaviour(armed: readonly ArmedMisbehaviour[], call: MatchedCall): Misbehaviour | undefined {
  for (const misbehaviour of armed) {
    const { match = {}, times = 1, after = 0 } = misbehaviour;
    if (misbehaviour.done >= times || !fits(match, call)) continue;
    misbehaviour.seen += 1;
    if (misbehaviour.seen <= after) continue;
    misbehaviour.done += 1;
    return misbehaviour;
  }
  return undefined;
}

const HTML = '<!DOCTYPE html><html><head><title>登录</title></head><body>Please log in</body></html>';

/** The answer of those that never reach BK-LOG; undefined for the others. */
export function answerInstead(misbehaviour: Misbehaviour, { path }: MatchedCall): Answer | undefined {
  switch (misbehaviour.kind) {
    case 'unauthorized':
      return gatewayFailure(401, 1640101, 'APP_VERIFY_FAILED', 'App verify failed');
    case 'forbidden':
      return gatewayFailure(403, 1640301, 'APP_NO_PERMISSION', 'App has no permission to the resource');
    case 'rate-limited':
      return gatewayFailure(429, 1642902, 'RATE_LIMIT_RESTRICTION', 'API rate limit exceeded', {
        'Retry-After': String(misbehaviour.retryAfterSeconds ?? 1),
      });
    case 'server-error':
      return crash();
    case 'bad-gateway':
      return gatewayFailure(502, 1650200, 'BAD_GATEWAY', 'Bad gateway');
    case 'refused':
      return failure(misbehaviour.code ?? '3600500', 'system error');
    case 'html':
      return { status: misbehaviour.status ?? 200, headers: { 'Content-Type': 'text/html' }, body: HTML };
    case 'duplicate-name':
      return duplicateName(path);
    case 'no-clusters':
      return success([]);
    default:
      return undefined;
  }
}

function duplicateName(path: string): Answer {
  if (path === '/databus_collectors/pre_check/') return success({ allowed: false, message: 'the name already exists' });
  if (path === '/index_set/') return failure('3623305', 'the space already has an index set of that name');
  return failure('3631112', 'collector_config_name_en already exists');
}

/** 4.2: the outcome of a write is unknown, for BK-LOG goes on working. */
export function timedOut(): Answer {
  return gatewayFailure(504, 1650401, 'REQUEST_BACKEND_TIMEOUT', 'Request backend timeout');
}
