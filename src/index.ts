/**
 * The public surface of the engine; nothing else is public.
 *
 * Glossary. backup set: one sealed manifest and the archive it describes. seal: writing the manifest, the act that
 * makes a set exist. snapshot: one consistent read view of the sources, never a file. table file: the rows of one
 * table as a JSON array. location: a configured object store. run: one execution of an operation; it ends with a
 * report. finding: bad news established by a run that worked. suspicion: content that breaks a content rule, faithfully
 * kept, so no damage. acceptance: somebody says that it is right. recovery certificate: proof that a server took a set
 * and gave it back unchanged, and how long that took. verify level: present, intact, readable, restorable.
 * retention plan: keep with reasons, or remove, for every set. prune: carrying it out.
 */

// What BK-LOG means
export { BKLOG_CONTENT_RULES } from './bklog/content-rules';
export { BKLOG_CORE_TABLES, isCoreTable } from './bklog/core-tables';
// How things fail
export { ERROR_CATALOGUE, ERROR_CODES, type ErrorCode, type RetryClass } from './errors/error-catalogue';
export { isOperationError, OperationError, type SerializedError, serializeError } from './errors/operation-error';
export { toOperationError } from './errors/to-operation-error';
export { type ApiSettings, apiSettingsSchema } from './model/api-settings';
// Nouns
export { type BackupSet, backupSetSchema, type SelectedTable, type SetSource } from './model/backup-set';
export type { RecoveryCertificate } from './model/certificate';
export { type ConnectionSettings, connectionSettingsSchema, type TlsSettings } from './model/connection-settings';
export { type ContentRule, contentRuleFileSchema } from './model/content-rule';
export { type ExportCleaning, exportCleaningSchema } from './model/export-task';
export { type BackupSetId, newBackupSetId, newRunId, type ObjectKey, type RunId } from './model/ids';
export { describeLocation, type LocationSettings, locationSettingsSchema } from './model/location-settings';
export {
  type Manifest,
  type ManifestColumn,
  type ManifestFile,
  parseManifest,
  parseSeal,
  type SealedManifest,
} from './model/manifest';
export { parseOrRefuse } from './model/parse';
export { type PreparedMigration, preparedMigrationSchema } from './model/prepared-migration';
export { parseRowFilter, RESTORE_POLICIES, type RestoreOptions, restoreOptionsSchema } from './model/restore-options';
export { type RetentionPolicy, retentionPolicySchema } from './model/retention-policy';
export { type Operation, type RunReport, runReportSchema } from './model/run-report';
export { cosEndpoint } from './model/s3-location';
export {
  type Finding,
  isAtLeast,
  type Suspicion,
  VERIFY_LEVELS,
  type Verification,
  type VerifyLevel,
} from './model/verification';
// Connections
export { readConnectionSection, readConnectionSections } from './mysql/config-file';
export { carryOut } from './operations/carry-out';
export { chooseTables, type TableChoice } from './operations/choose-tables';
export type * from './operations/cleaned-exports';
export type * from './operations/contract';
export { TEST_STEPS, UNMAPPED_POLICIES } from './operations/contract';
export { type IdMapSource, readIdMapFile } from './operations/id-map-source';
export { stoppedByUnmapped, unmappedFindings } from './operations/unmapped-verdict';
export { MIGRATION_ACTIONS, type MigrationChoice, type MigrationPlan } from './plan/plan-migration';
export type { MigrationUndoPlan } from './plan/plan-migration-undo';
export type { RemainsVerdict, RetentionPlan, RetentionVerdict } from './plan/plan-retention';
export type { RestorePlan } from './plan/restore-plan';
// Running operations
export { runInWorker } from './run-in-worker';
export type { Progress, ProgressListener } from './support/progress';
export { TOOL_VERSION } from './support/release';
