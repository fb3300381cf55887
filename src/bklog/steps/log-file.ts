import { z } from 'zod';
import { conditionsOf } from './conditions';
import { amount, type CollectorParams, refuse, take, text, texts, unread } from './step-local';

const PATHS = ['paths', 'exclude_files', 'tail_files'];
/** Seconds, bytes and counts that are carried as they are. */
const AMOUNTS = [
  ...['ignore_older', 'max_bytes', 'scan_frequency', 'close_inactive', 'harvester_limit', 'clean_inactive'],
] as const;
const MULTILINE = ['multiline_pattern', 'multiline_max_lines', 'multiline_timeout'];
/** BK-LOG's limits. */
const MOST_LINES = 5000;
const LONGEST_WAIT_S = 10;

/** Log files, a record a line (bklog `collector_scenario/row.py`). */
export function rowParams(local: Readonly<Record<string, unknown>>, more: readonly string[] = []): CollectorParams {
  const paths = take(texts, local.paths ?? [], 'paths');
  if (paths.length === 0) refuse('its step names no paths');
  const amounts = AMOUNTS.filter((key) => local[key] !== undefined && local[key] !== null);
  const encoding = take(text.optional(), local.encoding ?? undefined, 'encoding');
  return {
    params: {
      paths,
      exclude_files: take(texts, local.exclude_files ?? [], 'exclude_files'),
      conditions: conditionsOf(local),
      tail_files: take(z.boolean().default(true), local.tail_files ?? undefined, 'tail_files'),
      ...Object.fromEntries(amounts.map((key) => [key, take(amount, local[key], key)])),
    },
    ...(encoding ? { encoding: encoding.toUpperCase() } : {}),
    losses: unread(local, [...PATHS, ...AMOUNTS, ...more]),
  };
}

/** Log files, a record of several lines (bklog `collector_scenario/section.py`). */
export function sectionParams(local: Readonly<Record<string, unknown>>): CollectorParams {
  const missing = MULTILINE.find((key) => local[key] === undefined || local[key] === null || local[key] === '');
  if (missing) refuse(`its step has no ${missing}`);
  const lines = take(amount, local.multiline_max_lines, 'multiline_max_lines');
  const wait = take(amount, local.multiline_timeout, 'multiline_timeout');
  if (lines > MOST_LINES) refuse(`its records have up to ${lines} lines, the API takes ${MOST_LINES}`);
  if (wait > LONGEST_WAIT_S) refuse(`it waits ${wait} s for the end of a record, the API takes ${LONGEST_WAIT_S}`);
  const { params, ...rest } = rowParams(local, MULTILINE);
  const pattern = take(text, local.multiline_pattern, 'multiline_pattern');
  return {
    ...rest,
    params: { ...params, multiline_pattern: pattern, multiline_max_lines: lines, multiline_timeout: wait },
  };
}
