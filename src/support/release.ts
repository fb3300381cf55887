import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version in package.json, two folders above dist/src/support (and .test-build/src/support). */
export const TOOL_VERSION: string = (
  JSON.parse(readFileSync(join(__dirname, '..', '..', '..', 'package.json'), 'utf8')) as { version: string }
).version;
