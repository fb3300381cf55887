import { type BackOff, DEFAULT_BACK_OFF } from '../support/back-off';

export interface StoreTuning {
  /** Bytes of the first parts of an upload to S3; they double every thousand, up to eight times as much. */
  readonly partBytes: number;
  /** Bytes of a block of an upload to BKREPO. */
  readonly blockBytes: number;
  /** Silence on a connection after which a request counts as lost. */
  readonly silenceMs: number;
  readonly backOff: BackOff;
}

/** 10,000 parts, three of them in memory at a time, are enough for 500 GB. */
const DEFAULT_TUNING: StoreTuning = {
  partBytes: 8 * 1024 * 1024,
  blockBytes: 16 * 1024 * 1024,
  silenceMs: 60_000,
  backOff: DEFAULT_BACK_OFF,
};

let tuning = DEFAULT_TUNING;

export function storeTuning(): StoreTuning {
  return tuning;
}

/** For tests: small parts and short waits. Without changes it is as it was. */
export function tuneStores(changes: Partial<StoreTuning> = {}): void {
  tuning = { ...DEFAULT_TUNING, ...changes };
}
