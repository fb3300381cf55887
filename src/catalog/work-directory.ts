import { mkdir, open, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { OperationError } from '../errors/operation-error';
import { BACKUP_SET_ID_PATTERN } from '../model/ids';
import { manifestSchema } from '../model/manifest';
import type { Remains } from '../model/retention-policy';
import { durableStep } from '../support/durable-step';

/** Says whose folder this is; a folder that holds anything else but not this is never removed. */
const OWNER_FILE = 'work.json';
const SET_FILE = 'set.json';
/** A folder without its owner file counts as left by a crash after a minute; writing the file takes milliseconds. */
const CLAIM_PATIENCE_MS = 60 * 1000;

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
  await mkdir(root, { recursive: true, mode: 0o700 });
  await durableStep('work-directory.create', () => mkdir(directory, { mode: 0o700 }));
  const owner = {
    kind: 'bklog-backup-work',
    setId,
    runId,
    host: hostname(),
    pid: process.pid,
    startedAt: new Date().toISOString(),
  };
  await durableStep('work-directory.create', () => writeJson(join(directory, OWNER_FILE), owner));
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

/** A crash while a folder was created or removed leaves it empty, or with an owner file that was cut. */
async function isHusk(directory: string): Promise<boolean> {
  if (!BACKUP_SET_ID_PATTERN.test(basename(directory))) return false;
  const names = await readdir(directory).catch(() => undefined); // gone meanwhile, or not a folder: no husk
  return names?.every((name) => name === OWNER_FILE) ?? false;
}

/** Removes a work directory of ours; anything else is left alone. Idempotent. */
export async function removeWorkDirectory(directory: string): Promise<void> {
  if (!(await isOurs(directory)) && !(await isHusk(directory))) return;
  // The owner file goes last: a crash in between leaves a folder that the next prune still recognises.
  const names = (await readdir(directory)).filter((name) => name !== OWNER_FILE);
  for (const name of [...names, OWNER_FILE]) {
    await durableStep('work-directory.remove', () => rm(join(directory, name), { recursive: true, force: true }));
  }
  await durableStep('work-directory.remove', () => rmdir(directory));
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
    if (!owner) {
      if (await isHusk(directory)) found.push(toHusk(directory, (await stat(directory)).mtime));
      continue;
    }
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

function toHusk(directory: string, modifiedAt: Date): Remains {
  return {
    key: directory,
    kind: 'work-directory',
    modifiedAt: modifiedAt.toISOString(),
    bytes: 0,
    inUse: Date.now() - modifiedAt.getTime() < CLAIM_PATIENCE_MS,
  };
}
