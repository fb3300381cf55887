import type { IncomingMessage } from 'node:http';

const QUARTER_HOUR_MS = 15 * 60 * 1000;

/**
 * BKREPO writes local times of its server without their zone. Zones are learned from an object of which both are known:
 * the time in the header Last-Modified, which is UTC, and the local one. They differ by quarters of an hour.
 */
export function zoneOffsetMs(local: string, utc: string): number {
  const difference = Date.parse(`${local.replace(/Z$/, '')}Z`) - Date.parse(utc);
  return Number.isFinite(difference) ? Math.round(difference / QUARTER_HOUR_MS) * QUARTER_HOUR_MS : 0;
}

/** ISO 8601, UTC. */
export function toUtc(local: string, offsetMs: number): string {
  const at = Date.parse(`${local.replace(/Z$/, '')}Z`);
  return new Date(Number.isFinite(at) ? at - offsetMs : 0).toISOString();
}

/** How far the server's clock is ahead of ours, from the header Date of its answers. */
export class ServerClock {
  #aheadMs = 0;

  learn({ headers }: IncomingMessage): void {
    const there = Date.parse(headers.date ?? '');
    if (Number.isFinite(there)) this.#aheadMs = there - Date.now();
  }

  now(): Date {
    return new Date(Date.now() + this.#aheadMs);
  }
}
