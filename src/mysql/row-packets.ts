import type { Query } from 'mysql2';
import { OperationError } from '../errors/operation-error';
import { quoteName, type SourceConnection } from './connection';
import { toSourceError } from './source-error';

/** A packet of the text protocol as the driver hands it to the state machine of a query. */
interface DriverPacket {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
  isEOF(): boolean;
}
type DriverState = (this: DriverQuery, packet: DriverPacket, connection: unknown) => unknown;
interface DriverQuery extends Query {
  row: DriverState;
}

/** Takes the bytes `start..end` of one row; they are valid only during the call. */
export type RowSink = (packet: Buffer, start: number, end: number) => void;

export interface RowFlow {
  pause(): void;
  resume(): void;
}

/**
 * Runs `sql` and hands every row's packet to `sink`; resolves with the row count once the server has said that the
 * result is complete, and in no other case. The driver's own streams end normally when a connection is lost
 * (docs/decisions/0003-row-packets.md), so this is the only way rows leave the database.
 * Uses of the driver's insides, each held by test/db/row-packets-contract.test.ts: the query state `row`, and
 * `buffer`, `offset`, `end`, `isEOF()` of a packet.
 * Errors: OP_SOURCE_LOST, OP_SOURCE_DENIED, OP_SCHEMA_CHANGED, OP_ABORTED, and whatever `sink` throws.
 */
export function readRowPackets(
  connection: SourceConnection,
  sql: string,
  options: { readonly object: string; readonly signal: AbortSignal; readonly onFlow?: (flow: RowFlow) => void },
  sink: RowSink,
): Promise<number> {
  const { object, signal } = options;
  return new Promise((resolve, reject) => {
    const { driver } = connection;
    let rows = 0;
    let announcedEnd = false;
    let settled = false;

    const settle = (act: () => void) => {
      if (settled) return;
      settled = true;
      driver.off('error', onLost);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const fail = (error: unknown) =>
      settle(() => {
        // Without this the driver would drain the rest of the result before noticing that nobody reads it.
        connection.cut(error instanceof Error ? error : new Error(String(error)));
        reject(error);
      });
    const lost = (error: unknown) => {
      const source = toSourceError(error, connection.settings, `reading ${object}`);
      return new OperationError(source.code, `${source.message} (${rows} rows read)`, {
        cause: error,
        details: { ...source.details, object, rowsRead: rows },
        remedy: source.remedy,
        retry: source.retry,
      });
    };
    const onLost = (error: unknown) => fail(lost(error));
    const onAbort = () => fail(signal.reason);

    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    driver.once('error', onLost);

    const query = driver.query({ sql }) as DriverQuery;
    const driverRow = query.row;
    query.row = function row(packet, state) {
      if (packet.isEOF()) {
        announcedEnd = true;
        return driverRow.call(this, packet, state);
      }
      if (!settled) {
        try {
          rows += 1;
          sink(packet.buffer, packet.offset, packet.end);
        } catch (error) {
          fail(error);
        }
      }
      return query.row;
    };
    query.on('error', (error) => fail(lost(error)));
    query.on('end', () => {
      if (announcedEnd) settle(() => resolve(rows));
      else fail(lost(new Error('the result stopped without the server announcing its end')));
    });
    options.onFlow?.({ pause: () => driver.pause(), resume: () => driver.resume() });
  });
}

/** `schema`.`table`, quoted. */
export function qualifiedName(database: string, table: string): string {
  return `${quoteName(database)}.${quoteName(table)}`;
}
