import type { IncomingMessage } from 'node:http';
import { isOperationError, OperationError } from '../errors/operation-error';
import type { ObjectKey } from '../model/ids';
import { noAnswer, notBkrepo } from './bkrepo-answer';
import type { BkrepoWire } from './bkrepo-wire';
import type { ObjectPart } from './object-store';

export interface ReadTarget {
  readonly wire: BkrepoWire;
  readonly place: string;
  /** `/{project}/{repository}/{folder}/{key}`, encoded. */
  readonly path: string;
  readonly key: ObjectKey;
}

/** The bytes of an object, or those of a part of it. Errors: OP_ARCHIVE_MISSING, OP_STORE_*. */
export async function* readFromBkrepo(
  { wire, place, path, key }: ReadTarget,
  signal?: AbortSignal,
  part?: ObjectPart,
): AsyncGenerator<Buffer> {
  const step = `reading ${key}`;
  const range = part ? { headers: { Range: `bytes=${part.at}-${part.at + part.bytes - 1}` } } : {};
  let answer: IncomingMessage;
  try {
    answer = await wire.open({ method: 'GET', path: `/generic${path}`, ...range, signal, step });
  } catch (error) {
    if (isOperationError(error) && error.details.status === 416) return; // begins behind the end
    if (!isOperationError(error, 'OP_ARCHIVE_MISSING')) throw error;
    throw new OperationError('OP_ARCHIVE_MISSING', `no ${key} in ${place}`, { details: { key, location: place } });
  }
  if (!answer.headers['x-checksum-sha256']) {
    answer.destroy();
    throw notBkrepo(step, place);
  }
  // A server that does not know ranges sends all from the beginning.
  let skip = part && answer.statusCode !== 206 ? part.at : 0;
  let left = part ? part.bytes : Number.POSITIVE_INFINITY;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      const wanted = chunk.subarray(Math.min(skip, chunk.length)).subarray(0, left);
      skip -= Math.min(skip, chunk.length);
      left -= wanted.length;
      if (wanted.length > 0) yield wanted;
      if (left === 0) break;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw noAnswer(error, step, place);
  }
}
