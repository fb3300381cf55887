import type { SourceConnection } from './connection';

export interface RunningStatement {
  /** Without values: what stands in quotes is left out, and what is long is cut. */
  readonly text: string;
  /** The server's word for what it does or waits for; may be empty. */
  readonly state: string;
  readonly seconds: number;
}

const MOST_CHARACTERS = 160;

/** What the server is doing in, or to, schemas whose name is LIKE `schemas`, longest first. Own sessions need no privilege. */
export async function runningStatements(connection: SourceConnection, schemas: string): Promise<RunningStatement[]> {
  const rows = await connection.query(
    `SELECT INFO AS text, STATE AS state, TIME AS seconds FROM information_schema.PROCESSLIST
      WHERE COMMAND <> 'Sleep' AND ID <> CONNECTION_ID() AND INFO IS NOT NULL AND (DB LIKE ? OR INFO LIKE ?)
      ORDER BY TIME DESC`,
    [schemas, `%${schemas}%`],
  );
  return rows.map(({ text, state, seconds }) => ({
    text: withoutValues(text ?? ''),
    state: state ?? '',
    seconds: Number(seconds),
  }));
}

function withoutValues(statement: string): string {
  const text = statement
    .slice(0, 4 * MOST_CHARACTERS)
    .replace(/\bVALUES\b.*/s, 'VALUES …')
    .replace(/'[^']*(?:'|$)/g, "'…'")
    .replace(/\s+/g, ' ');
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}
