/** Columns that two rows have to agree in to be the same one. */
export interface MatchPart {
  readonly columns: readonly string[];
  /** Rows, by the value of a column, for which these columns do not count. */
  readonly unless?: { readonly column: string; readonly is: readonly string[] };
}
