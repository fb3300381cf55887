import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { OperationError } from '../errors/operation-error';
import { BACKUP_SET_ID_PATTERN } from '../model/ids';
import { manifestSchema } from '../model/manifest';
import type { Remains } from '../model/retention-policy';
import { durableStep } from '../support/durable-step';

/** Says whose folder this is; a folder without it is never removed. */
const OWNER_FILE = 'work.json';
const SET_FILE = 'set.json';

const ownerSchema = z.object({
  kind: z.literal('bklog-backup-work'),
  setId: z.string(),
  runId: z.string(),
  host: z.string(),
  pid: z.number().int(),
  startedAt: z.string(),
});

const spooledSetSchema = z.object({
  manifest: manifestSchema,
  /** In the order of `manifest.files`. */
  spool: z.array(z.object({ name: z.string(), spoolBytes: z.number(), spoolSha256: z.string() })),
});
/** An exported set that waits to be packed. */
export type SpooledSet = z.infer<typeof spooledSetSchema>;

async function writeJson(path: string, value: unknown): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(JSON.stringify(value));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Creates the private folder of one run. */
export async function createWorkDirectory(root: string, setId: string, runId: string): Promise<string> {
  const directory = join(root, setId);
  await durableStep('work-directory.create', async () => {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await mkdir(directory, { mode: 0o700 });
    await writeJson(join(directory, OWNER_FILE), {
      kind: 'bklog-backup-work',
      setId,
      runId,
      host: hostname(),
      pid: process.pid,
      startedAt: new Date().toISOString(),
    });
  });
  return directory;
}

export async function describeSpooledSet(directory: string, set: SpooledSet): Promise<void> {
  await durableStep('work-directory.describe', () => writeJson(join(directory, SET_FILE), set));
}

async function isOurs(directory: string): Promise<z.infer<typeof ownerSchema> | undefined> {
  try {
    const parsed = ownerSchema.safeParse(JSON.parse(await readFile(join(directory, OWNER_FILE), 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // no owner file, or not JSON: not ours
  }
}

/** Reads what an export left. Errors: OP_CONFIG_INVALID when the folder is not the finished work of `setId`. */
export async function readSpooledSet(directory: string, setId: string): Promise<SpooledSet> {
  const owner = await isOurs(directory);
  const refuse = (why: string) =>
    new OperationError('OP_CONFIG_INVALID', `${directory} ${why}`, {
      details: { workDirectory: directory, setId },
      remedy: 'Pass on the message of table-export unchanged, and store each set once.',
    });
  if (owner?.setId !== setId) throw refuse(`is not the work directory of set ${setId}`);
  let parsed: ReturnType<typeof spooledSetSchema.safeParse>;
  try {
    parsed = spooledSetSchema.safeParse(JSON.parse(await readFile(join(directory, SET_FILE), 'utf8')));
  } catch (cause) {
    throw Object.assign(refuse('holds no finished export'), { cause });
  }
  if (!parsed.success) throw refuse('describes no set that this release can pack');
  return parsed.data;
}

/** Removes a work directory of ours; anything else is left alone. Idempotent. */
export async function removeWorkDirectory(directory: string): Promise<void> {
  if (!(await isOurs(directory))) return;
  await durableStep('work-directory.remove', async () => {
    // The owner file goes last: a crash in between leaves a folder that the next prune still recognises.
    for (const name of await readdir(directory)) {
      if (name !== OWNER_FILE) await rm(join(directory, name), { recursive: true });
    }
    await rm(directory, { recursive: true });
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Work directories under `root` with the age and the life of their run. */
export async function listWorkDirectories(root: string): Promise<Remains[]> {
  let names: string[];
  try {
    names = await readdir(root);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const found: Remains[] = [];
  for (const name of names.filter((entry) => BACKUP_SET_ID_PATTERN.test(entry))) {
    const directory = join(root, name);
    const owner = await isOurs(directory);
    if (!owner) continue;
    const sizes = await Promise.all((await readdir(directory)).map(async (file) => stat(join(directory, file))));
    const newest = Math.max(...sizes.map(({ mtimeMs }) => mtimeMs), Date.parse(owner.startedAt));
    found.push({
      key: directory,
      kind: 'work-directory',
      modifiedAt: new Date(newest).toISOString(),
      bytes: sizes.reduce((sum, { size }) => sum + size, 0),
      // A living process may have forgotten a folder (a flow without archive-store): after a day it counts as dead.
      inUse: owner.host === hostname() && isAlive(owner.pid) && Date.now() - newest < 24 * 60 * 60 * 1000,
    });
  }
  return found;
}
