import { z } from 'zod';

/** What a plausible set looks like. Tables are meant by name alone: deployments name their databases differently. */
export const CONTENT_RULE_KINDS = ['rows', 'required', 'range', 'one-of', 'relation'] as const;
export type ContentRuleKind = (typeof CONTENT_RULE_KINDS)[number];

const name = z.string().min(1, 'is empty');
/** A number of a JSON file is exact up to 2^53 only; beyond that it has to be text. */
const exactNumber = z
  .number()
  .refine((value) => !Number.isInteger(value) || Number.isSafeInteger(value), 'is too large: write it as text');
const value = z.union([z.string(), exactNumber, z.boolean()]);
/** Rows a rule looks at: those that have these values. */
const where = z.record(name, value.nullable()).optional();
const field = z.strictObject({ table: name, column: name });

const rowsRuleSchema = z.strictObject({
  kind: z.literal('rows'),
  /** Absent: every table without a rule of its own. */
  table: name.optional(),
  /** A table may lose this share of its rows since the set it is compared with; losing more is suspicious. */
  maxDropPercent: z.number().min(0).max(100).default(30),
  /** A table that had rows must not be empty, whatever may be lost. */
  notEmpty: z.boolean().default(true),
});
const requiredRuleSchema = z.strictObject({ kind: z.literal('required'), ...field.shape, where });
const rangeRuleSchema = z
  .strictObject({
    kind: z.literal('range'),
    ...field.shape,
    /** Numbers, or text that is compared as text, such as a date. */
    min: z.union([z.string(), exactNumber]).optional(),
    max: z.union([z.string(), exactNumber]).optional(),
    where,
  })
  .refine(({ min, max }) => min !== undefined || max !== undefined, 'needs min or max');
const oneOfRuleSchema = z.strictObject({
  kind: z.literal('one-of'),
  ...field.shape,
  values: z.array(value).min(1, 'is empty'),
  where,
});
const relationRuleSchema = z.strictObject({ kind: z.literal('relation'), from: field, to: field, where });

export const contentRuleSchema = z.discriminatedUnion('kind', [
  rowsRuleSchema,
  requiredRuleSchema,
  rangeRuleSchema,
  oneOfRuleSchema,
  relationRuleSchema,
]);
export type ContentRule = z.infer<typeof contentRuleSchema>;
export type RowsRule = z.infer<typeof rowsRuleSchema>;
/** A rule about cells: it needs the rows, not only their number. */
export type CellRule = Exclude<ContentRule, RowsRule>;

/** A file of rules, as an operator writes it. */
export const contentRuleFileSchema = z.strictObject({
  /** Check the rules of BK-LOG as well. */
  defaults: z.boolean().default(true),
  rules: z.array(contentRuleSchema),
});
export type ContentRuleFile = z.infer<typeof contentRuleFileSchema>;

/** Asks a table file for some of its columns while it is read. A cell is its text, numbers by their digits. */
export interface CellWatch {
  readonly columns: readonly string[];
  /** The cells in the order of `columns`. */
  readonly onRow: (cells: readonly (string | null)[]) => void;
}
