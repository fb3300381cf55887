/** What goes back over the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Thrown by a handler to answer with a failure instead of data. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(answer.body);
    this.answer = answer;
  }
}

export function jsonAnswer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

/** 4.2: success is HTTP 200 with the integer code 0. */
export function success(data: unknown): Answer {
  return jsonAnswer(200, { result: true, code: 0, message: '', data });
}

/** 4.2: a failure of BK-LOG is HTTP 200 too; the code is a string and ends the message in full-width parentheses. */
export function failure(code: string, text: string, more: Readonly<Record<string, unknown>> = {}): Answer {
  return jsonAnswer(200, { result: false, code, message: `${text}（${code}）`, data: null, errors: null, ...more });
}

/** 4.2: the middleware that knows businesses, users and tenants answers with integer codes. */
export function middlewareFailure(code: number, text: string): Answer {
  return jsonAnswer(200, { result: false, code, message: text, data: null });
}

/** 4.2: uncaught outside the REST layer. */
export function crash(): Answer {
  return jsonAnswer(500, { result: false, code: '50000', message: 'system error（50000）', data: null, errors: null });
}

/** 4.2: a failure of the gateway itself: a real HTTP status, an integer code, and the two error headers. */
export function gatewayFailure(
  status: number,
  code: number,
  codeName: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return jsonAnswer(
    status,
    { code, code_name: codeName, message, result: false, data: null },
    { 'X-Bkapi-Error-Code': String(code), 'X-Bkapi-Error-Message': message, ...headers },
  );
}

/** 4.2: also the answer to wrong or missing credentials. */
export function invalidArguments(reason: string): Answer {
  return gatewayFailure(400, 1640001, 'INVALID_ARGS', `Parameters error [reason="${reason}"]`);
}

export function refuse(answer: Answer): never {
  throw new Refusal(answer);
}
