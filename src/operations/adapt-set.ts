import type { ManifestFile } from '../model/manifest';
import { rewriteDefinitions } from '../mysql/rewrite-definitions';
import type { SetDefinitions } from '../mysql/set-definitions';
import { type Adaptation, type AdaptingServer, isReordered, planAdaptation } from '../plan/plan-adaptation';

/**
 * Fits the definitions of a set to the server they go to, and remembers by database what that took. The same for a
 * restore and for its trial: what can be restored can be proven.
 */
export class SetAdapter {
  readonly adaptations = new Map<string, Adaptation>();
  readonly #server: AdaptingServer;
  readonly #tables: readonly ManifestFile[];

  /** `tables` are those that are restored. */
  constructor(server: AdaptingServer, tables: readonly ManifestFile[]) {
    this.#server = server;
    this.#tables = tables;
  }

  adapt(database: string, definitions: SetDefinitions): SetDefinitions {
    const files = this.#tables.filter((file) => file.database === database);
    const adaptation = planAdaptation(definitions.demands, files, this.#server);
    this.adaptations.set(database, adaptation);
    return rewriteDefinitions(definitions, adaptation.rewrite);
  }

  /** Whether this server sorts the rows of a table otherwise than its file. Known once its definition was adapted. */
  isReordered(file: ManifestFile): boolean {
    const adaptation = this.adaptations.get(file.database);
    return adaptation !== undefined && isReordered(file, adaptation);
  }
}
