import { pack } from 'tar-stream';
import { OperationError } from '../errors/operation-error';

const TAR_BLOCK = 512;
/** Offsets of the fields that tell a file's header from the pax records before it. */
const TYPE_AT = 156;
const MAGIC_AT = 257;
const REGULAR_FILE = 0x30;

/**
 * The header bytes of one file of `size` bytes, long and non-ASCII names included (pax records then come first). The
 * library writes them; the body is not given to it, because it goes into the archive compressed already.
 */
export async function tarHeader(path: string, size: number, modifiedAt: Date): Promise<Buffer> {
  const packer = pack();
  const entry = packer.entry({ name: path, size, mode: 0o600, mtime: modifiedAt });
  entry.on('error', () => {}); // the body that never comes
  const parts: Buffer[] = [];
  for await (const chunk of packer as AsyncIterable<Buffer>) {
    parts.push(chunk);
    const isHeader =
      chunk.length === TAR_BLOCK &&
      chunk[TYPE_AT] === REGULAR_FILE &&
      chunk.toString('latin1', MAGIC_AT, MAGIC_AT + 5) === 'ustar';
    // Without pax records the header is the first chunk; with them it follows their header, body and padding.
    if (isHeader && (parts.length === 1 || parts.length > 2)) return Buffer.concat(parts);
  }
  throw new OperationError('OP_BUG', `no tar header for ${path}`);
}

/** The zero bytes that fill the last block of a file. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK);
}

/** Two empty blocks end an archive. */
export const TAR_END = Buffer.alloc(2 * TAR_BLOCK);
