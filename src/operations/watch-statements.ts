import type { ConnectionSettings } from '../model/connection-settings';
import { withConnection } from '../mysql/connection';
import { runningStatements } from '../mysql/running-statements';
import type { ProgressListener } from '../support/progress';

/** Nothing has moved for this long before the running statement is told, and told again: 60 s. */
const PATIENCE_S = 60;

export interface Watch {
  readonly settings: ConnectionSettings;
  /** LIKE pattern of the schemas that the run works in. */
  readonly schemas: string;
  /** Seconds without progress. */
  readonly patience?: number | undefined;
  readonly onProgress: ProgressListener;
}

/**
 * Tells what the server is at whenever `use` reports nothing for a while: an index that is being built, or a lock that
 * somebody else holds. It only tells; a server that does not answer is not its business.
 */
export async function watchStatements<T>(
  { settings, schemas, patience = PATIENCE_S, onProgress }: Watch,
  use: (onProgress: ProgressListener) => Promise<T>,
): Promise<T> {
  let movedAt = performance.now();
  const look = async () => {
    const running = await withConnection(settings, undefined, (connection) => runningStatements(connection, schemas));
    for (const { text, state, seconds } of running.slice(0, 3)) {
      onProgress({ phase: 'waiting', statement: `${text}${state ? ` (${state})` : ''}`, seconds });
    }
  };
  const timer = setInterval(() => {
    if (performance.now() - movedAt < patience * 1000) return;
    movedAt = performance.now();
    look().catch(() => undefined);
  }, patience * 250);
  try {
    return await use((progress) => {
      movedAt = performance.now();
      onProgress(progress);
    });
  } finally {
    clearInterval(timer);
  }
}
