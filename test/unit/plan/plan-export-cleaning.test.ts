import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ExportTask, FoundFile } from '../../../src/model/export-task';
import { type CleaningMoment, planExportTask } from '../../../src/plan/plan-export-cleaning';
import { reasonKey } from '../../support/reason-key';

const NOW = '2026-03-10 12:00:00.000000';
const TASK: ExportTask = {
  ...{ id: '7', createdAt: '2026-03-01 00:00:00.000000', completedAt: '2026-03-01 00:10:00.000000', state: 'success' },
  ...{ type: 'async', fileName: 'a.tar.gz', isClean: false, store: 'folder' },
};
const FILE: FoundFile = { kind: 'file', bytes: 5 };
const reasons = new Set<string>();

function planned(change: Partial<ExportTask>, found: FoundFile = FILE, moment: Partial<CleaningMoment> = {}): string {
  const task = { ...TASK, ...change };
  const verdict = planExportTask(task, task.fileName ? found : undefined, {
    ...{ now: NOW, keepDays: 2, defaultStore: 'folder' as const },
    ...moment,
  });
  assert.ok(verdict.reasons.length > 0, 'a verdict has a reason');
  for (const reason of verdict.reasons) reasons.add(reason);
  return [verdict.file, ...verdict.marks, verdict.refused ?? ''].join(' ').trim();
}

/** A stored time so many microseconds away from one. */
const at = (day: string, micros: number) => `${day}.${String(micros).padStart(6, '0')}`;

test('a file goes when its task was created more than two days ago by the server clock, to the microsecond', () => {
  assert.equal(planned({}), 'remove clean');
  assert.equal(planned({ createdAt: at('2026-03-08 11:59:59', 999_999) }), 'remove clean');
  assert.equal(planned({ createdAt: at('2026-03-08 12:00:00', 0) }), 'leave');
  assert.equal(planned({}, FILE, { keepDays: 9 }), 'remove clean');
  assert.equal(planned({}, FILE, { keepDays: 10 }), 'leave');
  assert.equal(planned({ createdAt: '0000-00-00 00:00:00.000000' }), 'leave');
});

test('every state but a running one is cleaned; what is marked as clean is left', () => {
  for (const state of ['success', 'download_expired', 'failed', 'something_new']) {
    assert.equal(planned({ state }), 'remove clean', state);
    assert.equal(planned({ state, isClean: true }), 'leave', state);
  }
});

test('a row without a file name is marked', () => {
  for (const fileName of [null, '']) assert.equal(planned({ fileName, type: 'sync' }), 'none clean');
});

test('an async task that runs for more than a day has failed, clean or not; one that runs for less keeps its file', () => {
  const old = { createdAt: at('2026-03-09 11:59:59', 999_999), completedAt: null };
  for (const state of [null, 'download_log', 'export_package', 'export_upload']) {
    assert.equal(planned({ state }), 'remove failed clean', String(state));
    assert.equal(planned({ state, ...old }), 'leave failed', String(state));
    assert.equal(planned({ state, isClean: true }), 'leave failed', String(state));
    assert.equal(planned({ state, createdAt: at('2026-03-09 12:00:00', 0) }), 'leave', String(state));
    assert.equal(planned({ state, type: 'sync' }), 'remove clean', String(state));
  }
  for (const state of ['success', 'failed', 'download_expired'])
    assert.equal(planned({ state, ...old }), 'leave', state);
});

test('the file of a long task stays as long as its link works', () => {
  const completedAt = at('2026-03-09 12:00:00', 1);
  assert.equal(planned({ completedAt }), 'leave');
  assert.equal(planned({ completedAt, state: 'download_expired' }), 'remove clean');
  assert.equal(planned({ completedAt: at('2026-03-09 12:00:00', 0) }), 'remove clean');
});

test('a file that has gone is marked only where it must have been in this folder', () => {
  const absent: FoundFile = { kind: 'absent' };
  assert.equal(planned({}, absent), 'gone clean');
  assert.equal(planned({ store: 'elsewhere' }, absent), 'leave');
  assert.equal(planned({ store: 'elsewhere' }), 'leave');
  const { store: _, ...noLink } = TASK;
  const about = (found: FoundFile, defaultStore?: 'folder') => {
    const verdict = planExportTask(noLink, found, { now: NOW, keepDays: 2, ...(defaultStore ? { defaultStore } : {}) });
    for (const reason of verdict.reasons) reasons.add(reason);
    return verdict.file;
  };
  assert.deepEqual([about(absent, 'folder'), about(absent), about(FILE)], ['gone', 'leave', 'remove']);
  planned({ createdAt: '2026-03-10 00:00:00.000000' }, FILE, { keepDays: 1 });
  planned({}, FILE, { keepDays: 1 });
});

test('a name that leads out of the folder, a link and what cannot be looked at are refused', () => {
  for (const fileName of ['../a', '/etc/passwd', 'a/b', '..', '.', 'a\\b', 'a\0']) {
    assert.equal(planned({ fileName }), 'leave OP_EXPORT_UNSAFE', fileName);
  }
  assert.equal(planned({}, { kind: 'other' }), 'leave OP_EXPORT_UNSAFE');
  assert.equal(planned({}, { kind: 'unreadable', code: 'EACCES' }), 'leave OP_STORE_DENIED');
});

test('every reason has a translation', () => {
  assert.ok(reasons.size > 12, 'the tests before have met them');
  const { reason: texts } = JSON.parse(readFileSync('nodes/retention/locales/zh-CN/retention.json', 'utf8')).retention;
  assert.deepEqual(
    [...reasons].filter((reason) => !(reasonKey(reason).split('.')[2]! in texts)),
    [],
  );
});
