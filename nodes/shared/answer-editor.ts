import type { Request, Response } from 'express';
import { toOperationError } from '../../src/index';

/** The editor waits no longer for the live server or the location. */
const EDITOR_PATIENCE_MS = 8_000;

/** Answers one request of a form with JSON: what `look` found, or what went wrong and what to do. */
export function answerEditor(
  look: (request: Request, signal: AbortSignal) => Promise<unknown>,
  patienceMs = EDITOR_PATIENCE_MS,
): (request: Request, response: Response) => void {
  return (request, response) => {
    look(request, AbortSignal.timeout(patienceMs)).then(
      (found) => response.json(found),
      (thrown: unknown) => {
        const { code, message, remedy } = toOperationError(thrown, 'answering the editor');
        response.status(code === 'OP_BUG' ? 500 : 422).json({ code, message, remedy });
      },
    );
  };
}
