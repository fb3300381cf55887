/** What is odd about a record, by the rule it breaks. Records without one are as BK-LOG writes them today. */
export const ODDITIES = [
  // A step of node manager (export: E3, and what 3.6 falls back from):
  'step-params-not-json',
  'step-params-null',
  'step-params-not-object',
  'step-context-missing',
  'step-local-missing',
  'step-local-empty',
  'step-local-object',
  'step-lines-missing',
  'step-kafka-lists',
  'step-line-index-integer',
  'step-operator-not-equal',
  'step-several-locals',
  // A collector:
  'collector-without-subscription',
  'collector-subscription-unknown',
  'collector-step-unknown',
  'collector-index-set-null',
  'collector-index-set-unknown',
  'collector-index-set-deleted',
  'collector-business-unmapped',
  'collector-scenario-not-creatable',
  'collector-table-null',
  'collector-table-without-dot',
  'collector-english-name-refused',
  'collector-description-too-long',
  'collector-name-too-long',
  'collector-targets-null',
  'collector-targets-not-json',
  'collector-target-host-only',
  'collector-target-template',
  'collector-target-dynamic-group',
  // An index set:
  'index-set-project-zero',
  'index-set-project-unknown',
  'index-set-project-without-business',
  'index-set-business-unmapped',
  'index-set-without-indexes',
  // An index row:
  'index-set-unknown',
  'index-business-null',
  'index-business-other',
] as const;
export type Oddity = (typeof ODDITIES)[number];

export interface OddRecord {
  readonly table: string;
  /** Primary key. */
  readonly id: number;
  readonly oddity: Oddity;
}
