import { createHash } from 'node:crypto';
import type { PutResult } from './object-store';

/** Passes bytes on and knows, once the last has passed, how many they were and their hash. */
export function counted(content: AsyncIterable<Buffer>): {
  readonly content: AsyncIterable<Buffer>;
  /** Undefined until the last byte has passed. */
  result(): PutResult | undefined;
} {
  const hash = createHash('sha256');
  let bytes = 0;
  let result: PutResult | undefined;
  async function* pass(): AsyncGenerator<Buffer> {
    for await (const chunk of content) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
    result = { bytes, sha256: hash.digest('hex') };
  }
  return { content: pass(), result: () => result };
}
