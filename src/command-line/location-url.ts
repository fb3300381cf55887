import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { LocationSettings } from '../model/location-settings';

/** What `--location` names: a folder, or the URL of a store. Its credentials come from the environment alone. */
export function toLocation(url: string, context: z.RefinementCtx): LocationSettings {
  const scheme = /^([a-z0-9+.-]+):\/\//i.exec(url)?.[1];
  if (scheme && scheme !== 'file') {
    context.addIssue(`${scheme}:// is not supported by this release: name a folder or file://`);
    return z.NEVER;
  }
  const path = scheme ? fileURLToPath(url) : resolve(url);
  return { name: url, kind: 'folder', path, requireMount: false };
}
