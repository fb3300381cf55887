import type { KnownEnvironment } from '../bklog/read-id-map';
import type { SerializedError } from '../errors/operation-error';
import type { ApiSettings } from '../model/api-settings';
import type { BackupSet, SetSource } from '../model/backup-set';
import type { RecoveryCertificate } from '../model/certificate';
import type { ConnectionSettings } from '../model/connection-settings';
import type { ExportCleaning } from '../model/export-task';
import type { LocationSettings } from '../model/location-settings';
import type { Manifest, SealedManifest, SnapshotCoordinates } from '../model/manifest';
import type { MigrationKind } from '../model/migration';
import type { RestoreOptions } from '../model/restore-options';
import type { RetentionPolicy } from '../model/retention-policy';
import type { Finding, Suspicion, Verification, VerifyLevel } from '../model/verification';
import type { EnvironmentTables } from '../mysql/environment-tables';
import type { MigrationChoice, MigrationPlan } from '../plan/plan-migration';
import type { MigrationUndoPlan } from '../plan/plan-migration-undo';
import type { RetentionPlan } from '../plan/plan-retention';
import type { RestorePlan } from '../plan/restore-plan';
import type { CleanExportsResult } from './cleaned-exports';
import type { DocumentSources } from './collector-documents';
import type { FilledTable } from './fill-tables';
import type { IdMapSource } from './id-map-source';
import type { TableDifference } from './preview-rows';

/** What every run needs from its surroundings, besides the abort signal and the progress listener. */
export interface RunSurroundings {
  readonly runId: string;
  /** Folder for work directories; created when absent. */
  readonly workRoot: string;
  /** The run journal, a file of JSON lines; created when absent. */
  readonly journalPath: string;
}

/** A source of a set together with how to reach it. */
export interface ExportSource extends SetSource {
  readonly settings: ConnectionSettings;
}

export interface ExportTablesRequest extends RunSurroundings {
  readonly app: string;
  readonly name: string;
  readonly timeZone: string;
  readonly sources: readonly ExportSource[];
  /** Also the documents of export.py, from these databases. */
  readonly collectors?: DocumentSources;
  /** Reading connections per server; default 2. */
  readonly parallel?: number;
  /** gzip level 1..9; default 1, see docs/decisions. */
  readonly compressionLevel?: number;
}
export interface ExportTablesResult {
  readonly setId: string;
  readonly workDirectory: string;
  readonly manifest: Manifest;
}

export interface StoreSetRequest extends RunSurroundings {
  readonly location: LocationSettings;
  /** As table-export left it; removed afterwards, on success and on failure. */
  readonly workDirectory: string;
  readonly setId: string;
}
export interface StoreSetResult {
  readonly sealed: SealedManifest;
}

/** One line of a listing, newest first. */
export interface ListedSet {
  readonly setId: string;
  readonly name: string;
  readonly archiveKey: string;
  readonly bytes: number;
  readonly snapshotAt: string;
  readonly sealedAt: string;
  readonly tables: number;
  readonly rows: number;
  readonly verification?: Pick<Verification, 'level' | 'outcome' | 'verifiedAt'>;
  /** Its newest verification found lost rows; `accepted`: somebody says that this is right. */
  readonly suspicious?: 'open' | 'accepted';
  /** All that the newest verification found suspicious, accepted or not. */
  readonly suspicions?: readonly Suspicion[];
  /** The newest proof of a restore. */
  readonly certificate?: Pick<RecoveryCertificate, 'verifiedAt' | 'recoveryMs' | 'server'>;
  readonly held: boolean;
}
export interface ListSetsResult {
  readonly sets: readonly ListedSet[];
  /** Seals that could not be read. */
  readonly findings: readonly Finding[];
}

export interface FetchSetRequest extends RunSurroundings {
  readonly location: LocationSettings;
  /** A set id, an archive name, or `latest`. */
  readonly set: string;
  readonly directory: string;
}
export interface FetchSetResult {
  readonly sealed: SealedManifest;
  readonly archivePath: string;
}

export interface VerifySetRequest extends RunSurroundings {
  readonly location: LocationSettings;
  readonly set: string;
  readonly level: VerifyLevel;
  /** For `restorable`: a server whose account may create schemas; nothing that is there is touched. */
  readonly scratch?: ConnectionSettings;
  /** A file of content rules, beside those of BK-LOG. */
  readonly rulesPath?: string;
  /** Somebody says that what is suspicious is right: written beside the archive. */
  readonly accept?: boolean;
}
export interface VerifyResult {
  readonly sealed?: SealedManifest;
  readonly verification: Verification;
  /** The suspicions nobody has accepted, now or before. */
  readonly openSuspicions: readonly Suspicion[];
  /** The proof of a restore that this run wrote. */
  readonly certificate?: { readonly key: string; readonly recoveryMs: number };
  /** The result stands beside the archive; without it retention does not count this verification. */
  readonly recorded: boolean;
  readonly rows: number;
  readonly bytes: number;
  /** What the server of the trial has under another name than the set, or does without. Absent: nothing. */
  readonly notes?: readonly string[];
}
/** An archive without its location, or any `.json` table file. */
export interface VerifyFileRequest extends RunSurroundings {
  readonly path: string;
  readonly level: VerifyLevel;
}

/** Where the records of migrations are kept. */
export interface MappingTable {
  readonly settings: ConnectionSettings;
  readonly table: string;
}

export interface ListEnvironmentsRequest {
  readonly settings: ConnectionSettings;
  readonly tables: EnvironmentTables;
}
export interface ListEnvironmentsResult {
  /** By name; those that one of the tables does not know included. */
  readonly environments: readonly KnownEnvironment[];
}

export interface PrepareMigrationRequest extends RunSurroundings {
  /** A fetched archive, its seal beside it, or the folder where export.py wrote. */
  readonly documents: { readonly archivePath: string } | { readonly folder: string };
  readonly idMap: IdMapSource;
  /** What becomes of records that name something without a counterpart: nothing is prepared, they stay out, they stay. */
  readonly unmapped: UnmappedPolicy;
  /** Where documents and id map are put for the migration. */
  readonly directory: string;
}
export const UNMAPPED_POLICIES = ['stop', 'skip', 'keep'] as const;
export type UnmappedPolicy = (typeof UNMAPPED_POLICIES)[number];

/** A record that cannot be migrated as it is, in ids of the source. */
export interface UnmappedItem {
  readonly kind: MigrationKind;
  readonly originId: number;
  readonly name: string;
  readonly business: number;
  readonly reasons: readonly string[];
}
export interface PrepareMigrationResult {
  readonly environment: string;
  readonly mapHash: string;
  readonly directory: string;
  /** Nothing was written: the policy is to stop. */
  readonly isStopped: boolean;
  readonly setId?: string;
  readonly collectors: number;
  readonly indexSets: number;
  /** The first 1,000. */
  readonly unmapped: readonly UnmappedItem[];
  readonly unmappedCount: number;
}

export interface MigrateRequest extends RunSurroundings {
  /** A folder that `prepareMigration` filled; or the documents of export.py (absent: none of that kind) with an id map. */
  readonly documents:
    | { readonly directory: string }
    | { readonly collectors?: string; readonly indexSets?: string; readonly idMap: IdMapSource };
  /** In ids of the source; absent: all. */
  readonly filter: {
    readonly business?: number;
    readonly collectorIds?: readonly number[];
    readonly indexSetIds?: readonly number[];
  };
  /** Clusters of the target for index sets of third-party clusters, by the source's id; `*` for all others. */
  readonly clusterMap: Readonly<Record<string, number>>;
  /** Of collectors; absent: chosen for each business. */
  readonly storageCluster?: number;
  readonly api: ApiSettings;
  readonly mapping: MappingTable;
  readonly retryFailed: boolean;
  /** What somebody decided for single items, by `kind id`. */
  readonly choices?: Readonly<Record<string, MigrationChoice>>;
  /** Plan, and change nothing. */
  readonly dryRun: boolean;
  /** Hash of the plan that somebody saw. */
  readonly confirm?: string;
}

export interface MigrateResult {
  readonly plan: MigrationPlan;
  readonly dryRun: boolean;
  readonly created: number;
  readonly findings: readonly Finding[];
}

export interface UndoMigrationRequest extends RunSurroundings {
  readonly environment: string;
  /** Id of the run, or `latest`: the one that wrote the newest record of the environment. */
  readonly run: string;
  readonly api: ApiSettings;
  readonly mapping: MappingTable;
  /** Plan, and change nothing. */
  readonly dryRun: boolean;
  /** Hash of the plan that somebody saw. */
  readonly confirm?: string;
}

export interface UndoMigrationResult {
  readonly plan: MigrationUndoPlan;
  readonly dryRun: boolean;
  readonly removed: number;
  readonly findings: readonly Finding[];
}

export interface ExportCollectorsRequest extends RunSurroundings, DocumentSources {
  /** Where the documents go; those of an earlier run are replaced. */
  readonly directory: string;
}

export interface WrittenDocument {
  readonly path: string;
  readonly records: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface ExportCollectorsResult {
  readonly documents: readonly WrittenDocument[];
  /** The first 1,000. */
  readonly findings: readonly Finding[];
  readonly findingCount: number;
  readonly snapshots: readonly SnapshotCoordinates[];
}

export interface RestoreSetRequest extends RunSurroundings {
  readonly location: LocationSettings;
  readonly set: string;
  /** The target server; its database does not matter, the set has its own. */
  readonly settings: ConnectionSettings;
  readonly options: RestoreOptions;
  /** Plan, and change nothing. */
  readonly dryRun: boolean;
  /** With a dry run: load the set beside the target and say what would become of each row. */
  readonly diff?: boolean;
  /** Hash of the plan that somebody saw; another plan is refused. */
  readonly confirm?: string;
  /** The plan that somebody saw; another one is refused, with what moved since. */
  readonly seen?: RestorePlan;
  /** Seconds without progress after which the running statement is told; absent: 60. */
  readonly patience?: number;
}
export interface RestoreSetResult {
  readonly plan: RestorePlan;
  readonly dryRun: boolean;
  /** Objects that the server refused after the tables were in place. */
  readonly findings: readonly Finding[];
  readonly tables: number;
  readonly rows: number;
  /** Tables that stayed and got rows, under policy skip. */
  readonly filled: readonly FilledTable[];
  /** What was finished is an earlier run, which died after its tables had moved. */
  readonly resumed: boolean;
  readonly differences?: readonly TableDifference[];
}

export interface UndoRestoreRequest extends RunSurroundings {
  readonly settings: ConnectionSettings;
  /** A set id, or `latest`: the last restore that can be undone. */
  readonly set: string;
  /** `undo`: what was replaced comes back; `discard`: it is dropped. */
  readonly action: 'undo' | 'discard';
  readonly dryRun: boolean;
}
export interface UndoRestoreResult {
  readonly setId: string;
  readonly action: 'undo' | 'discard';
  readonly dryRun: boolean;
  readonly steps: readonly string[];
  readonly findings: readonly Finding[];
  readonly tables: number;
}

export interface PruneRequest extends RunSurroundings {
  readonly location: LocationSettings;
  readonly policy: RetentionPolicy;
  readonly dryRun: boolean;
}
export interface PruneResult {
  readonly plan: RetentionPlan;
  readonly dryRun: boolean;
  readonly removed: readonly string[];
  readonly freedBytes: number;
}

export interface CleanExportsRequest extends RunSurroundings {
  /** The database of BK-LOG's application. */
  readonly settings: ConnectionSettings;
  readonly cleaning: ExportCleaning;
  /** Plan, and change nothing. */
  readonly dryRun: boolean;
}

/** A table, view or sequence as the live server describes it; estimates come from its statistics. */
export interface DescribedTable {
  readonly name: string;
  readonly type: 'table' | 'view' | 'sequence' | 'other';
  readonly engine: string;
  readonly rowsEstimate: number;
  readonly bytesEstimate: number;
  /** Belongs to BK-LOG's core tables. */
  readonly core: boolean;
}
export interface DescribeConnectionResult {
  readonly server: { readonly flavour: 'mariadb' | 'mysql'; readonly version: string };
  readonly database: string;
  /** Databases this user can see, without the server's own. */
  readonly databases: readonly string[];
  readonly tables: readonly DescribedTable[];
}

/** What a business of the target has, as far as the caller may see it. */
export interface CheckApiResult {
  readonly business: number;
  readonly clusters: number;
  readonly collectors: number;
}

/** Where BK-LOG puts its exports, without its keys. */
export interface DescribedStorage {
  readonly kind: 'nfs' | 'bkrepo' | 'cos';
  readonly notifyType: string;
  readonly region?: string;
  readonly bucket?: string;
}

/** What a location has to do for backups, in the order in which it is tried. */
export const TEST_STEPS = ['check', 'write', 'read', 'list', 'keep', 'delete'] as const;
export type TestStep = (typeof TEST_STEPS)[number];
export interface LocationTest {
  readonly place: string;
  /** The steps that worked. */
  readonly done: readonly TestStep[];
  /** The step that did not, and why; absent: all worked. */
  readonly failed?: { readonly step: TestStep } & Omit<SerializedError, 'stack' | 'cause'>;
  /** The probe, which could not be removed. */
  readonly left?: string;
}

/** Every operation by name: what goes in, what comes out. The worker, the nodes and the command line share it. */
export interface Operations {
  describeConnection: { request: { settings: ConnectionSettings }; result: DescribeConnectionResult };
  checkApi: { request: { api: ApiSettings; business: number }; result: CheckApiResult };
  checkLocation: { request: { location: LocationSettings }; result: { place: string } };
  testLocation: { request: { location: LocationSettings }; result: LocationTest };
  describeExportStorage: {
    request: { settings: ConnectionSettings; toggle: string };
    result: DescribedStorage;
  };
  exportTables: { request: ExportTablesRequest; result: ExportTablesResult };
  storeSet: { request: StoreSetRequest; result: StoreSetResult };
  listSets: { request: { location: LocationSettings }; result: ListSetsResult };
  fetchSet: { request: FetchSetRequest; result: FetchSetResult };
  verifySet: { request: VerifySetRequest; result: VerifyResult };
  verifyFile: { request: VerifyFileRequest; result: VerifyResult };
  listEnvironments: { request: ListEnvironmentsRequest; result: ListEnvironmentsResult };
  prepareMigration: { request: PrepareMigrationRequest; result: PrepareMigrationResult };
  migrate: { request: MigrateRequest; result: MigrateResult };
  undoMigration: { request: UndoMigrationRequest; result: UndoMigrationResult };
  exportCollectors: { request: ExportCollectorsRequest; result: ExportCollectorsResult };
  restoreSet: { request: RestoreSetRequest; result: RestoreSetResult };
  undoRestore: { request: UndoRestoreRequest; result: UndoRestoreResult };
  prune: { request: PruneRequest; result: PruneResult };
  cleanExports: { request: CleanExportsRequest; result: CleanExportsResult };
}
export type OperationName = keyof Operations;
export type RequestOf<Name extends OperationName> = Operations[Name]['request'];
export type ResultOf<Name extends OperationName> = Operations[Name]['result'];

export type WorkerMessage<Name extends OperationName = OperationName> =
  | { readonly kind: 'progress'; readonly progress: import('../support/progress').Progress }
  | { readonly kind: 'result'; readonly result: ResultOf<Name> }
  | { readonly kind: 'failure'; readonly failure: SerializedError };

export type { BackupSet };
