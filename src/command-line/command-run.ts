import { join } from 'node:path';
import type { ConnectionSettings } from '../model/connection-settings';
import { newRunId } from '../model/ids';
import { readConnectionSection, readConnectionSections } from '../mysql/config-file';
import type { RunSurroundings } from '../operations/contract';
import type { ProgressListener } from '../support/progress';
import type { Command } from './arguments';

export type CommandOf<Name extends Command['command']> = Extract<Command, { command: Name }>;

/** What a command printed and whether it found something: the exit status follows from it. */
export interface CommandResult {
  readonly report: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly hasFindings: boolean;
}

export interface CommandRun {
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
}

export function surroundings({ work }: { readonly work: string }): RunSurroundings {
  return { runId: newRunId(), workRoot: join(work, 'work'), journalPath: join(work, 'runs.jsonl') };
}

/** The server that a set is restored into: the named section, or the first of the file. */
export async function targetServer({
  config,
  section,
}: Pick<CommandOf<'verify'>, 'config' | 'section'>): Promise<ConnectionSettings | undefined> {
  if (!config) return undefined;
  const [name = ''] = section ?? (await readConnectionSections(config));
  return await readConnectionSection(config, name);
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
