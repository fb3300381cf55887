import { existsSync } from 'node:fs';
import { OperationError } from '../errors/operation-error';
import { describeLocation } from '../model/location-settings';
import type { Finding } from '../model/verification';
import { readConnectionSection, readConnectionSections } from '../mysql/config-file';
import { carryOut } from '../operations/carry-out';
import { chooseTables } from '../operations/choose-tables';
import type { ExportSource, ListedSet, VerifyResult } from '../operations/contract';
import type { Command } from './arguments';
import { cleanExports } from './clean-exports-command';
import {
  type CommandOf,
  type CommandResult,
  type CommandRun,
  formatBytes,
  surroundings,
  targetServer,
} from './command-run';
import { documentSources, exportDocuments } from './export-command';
import { migrateDocuments } from './migrate-command';
import { restore } from './restore-command';

export async function runCommand(command: Command, run: CommandRun): Promise<CommandResult> {
  switch (command.command) {
    case 'backup':
      return await backUp(command, run);
    case 'export':
      return await exportDocuments(command, run);
    case 'migrate':
      return await migrateDocuments(command, run);
    case 'list':
      return await list(command, run);
    case 'verify':
      return await verify(command, run);
    case 'restore':
      return await restore(command, run);
    case 'prune':
      return await prune(command, run);
    case 'clean-exports':
      return await cleanExports(command, run);
    default:
      return command satisfies never;
  }
}

async function chooseSources(command: CommandOf<'backup'>, run: CommandRun): Promise<ExportSource[]> {
  const sections = command.section ?? (await readConnectionSections(command.config));
  const sources: ExportSource[] = [];
  const found = new Set<string>();
  for (const section of sections) {
    const settings = await readConnectionSection(command.config, section);
    const described = await carryOut('describeConnection', { settings }, run.signal, run.onProgress);
    const base = { connection: section, name: section, database: settings.database, settings };
    if (!command.tables) {
      const tables = chooseTables(described, { kind: command.allTables ? 'all' : 'core' });
      sources.push({ ...base, tables });
      continue;
    }
    const mine = command.tables.filter((wanted) => {
      const isHere = described.tables.some(({ name }) => wanted === name || wanted === `${settings.database}.${name}`);
      if (isHere) found.add(wanted);
      return isHere;
    });
    if (mine.length === 0) continue;
    const names = mine.map((name) =>
      name.startsWith(`${settings.database}.`) ? name.slice(settings.database.length + 1) : name,
    );
    sources.push({ ...base, tables: chooseTables(described, { kind: 'named', tables: names }) });
  }
  const missing = command.tables?.filter((name) => !found.has(name)) ?? [];
  if (missing.length > 0) {
    throw new OperationError('OP_SOURCE_MISSING', `no table ${missing.join(', ')} in ${sections.join(', ')}`, {
      details: { tables: missing, sections },
    });
  }
  return sources;
}

async function backUp(command: CommandOf<'backup'>, run: CommandRun): Promise<CommandResult> {
  const startedAt = new Date();
  const around = surroundings(command);
  await carryOut('checkLocation', { location: command.location }, run.signal, run.onProgress);
  const sources = command.contents.includes('tables') ? await chooseSources(command, run) : [];
  const collectors = command.contents.includes('collectors') ? await documentSources(command.config) : undefined;
  const exported = await carryOut(
    'exportTables',
    {
      ...around,
      app: command.app,
      name: command.name,
      timeZone: command.timeZone,
      sources,
      ...(collectors ? { collectors } : {}),
      ...(command.parallel ? { parallel: command.parallel } : {}),
      ...(command.level ? { compressionLevel: command.level } : {}),
    },
    run.signal,
    run.onProgress,
  );
  const { setId, workDirectory, manifest } = exported;
  const store = { ...around, location: command.location, workDirectory, setId };
  const { sealed } = await carryOut('storeSet', store, run.signal, run.onProgress);
  const check = { ...around, location: command.location, set: sealed.archive.key, level: 'intact' as const };
  const { verification, openSuspicions } = await carryOut('verifySet', check, run.signal, run.onProgress);
  const tables = manifest.files.filter(({ kind }) => kind === 'table');
  const rows = tables.reduce((sum, file) => sum + (file.rows ?? 0), 0);
  const findings = [...verification.findings, ...openSuspicions];
  const hasFindings = findings.length > 0;
  const records = manifest.files.filter(({ kind }) => kind === 'document').map((file) => file.rows ?? 0);
  const documents = collectors ? `, ${records.join(' collectors and ')} index sets` : '';
  return {
    hasFindings,
    report: {
      runId: around.runId,
      operation: 'backup',
      outcome: hasFindings ? 'completed-with-findings' : 'completed',
      startedAt: startedAt.toISOString(),
      finishedAt: new Date().toISOString(),
      setId,
      tables: tables.length,
      rows,
      bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
      archive: { ...sealed.archive, location: describeLocation(command.location) },
      snapshots: manifest.snapshots,
      notes: manifest.notes,
      verification: { level: verification.level, outcome: verification.outcome },
      findings,
    },
    text: [
      `${sealed.archive.key}`,
      `  ${tables.length} tables, ${rows} rows${documents}, ${formatBytes(sealed.archive.bytes)} in ${describeLocation(command.location)}`,
      `  snapshot ${manifest.snapshotAt}, verified: ${verification.level} ${verification.outcome}`,
      ...manifest.notes.map((note) => `  note: ${note}`),
      ...findings.map(({ code, message }) => `  ${code}: ${message}`),
    ].join('\n'),
  };
}

async function list({ location }: CommandOf<'list'>, run: CommandRun): Promise<CommandResult> {
  const { sets, findings } = await carryOut('listSets', { location }, run.signal, run.onProgress);
  const lines = sets.map((set) => {
    const { setId, name, snapshotAt, tables, rows, bytes } = set;
    return [setId, name, snapshotAt, `${tables} tables`, `${rows} rows`, formatBytes(bytes), proofOf(set)].join('  ');
  });
  return {
    hasFindings: findings.length > 0,
    report: {
      operation: 'list',
      outcome: findings.length > 0 ? 'completed-with-findings' : 'completed',
      sets,
      findings,
    },
    text: [
      ...(lines.length > 0 ? lines : [`no sealed set in ${describeLocation(location)}`]),
      ...findings.map(({ code, message }) => `${code}: ${message}`),
    ].join('\n'),
  };
}

/** What proves a set and what speaks against it. */
function proofOf({ verification, certificate, suspicious }: ListedSet): string {
  return [
    verification ? `${verification.level} ${verification.outcome}` : 'not verified',
    ...(certificate ? [`restored in ${formatDuration(certificate.recoveryMs)}`] : []),
    ...(suspicious ? ['suspicious'] : []),
    ...(suspicious === 'accepted' ? ['accepted'] : []),
  ].join(', ');
}

async function verify(command: CommandOf<'verify'>, run: CommandRun): Promise<CommandResult> {
  const { subject, location, level } = command;
  const around = surroundings(command);
  let result: VerifyResult;
  if (location) {
    const scratch = await targetServer(command);
    const { accept, rules } = command;
    const more = { accept, ...(scratch ? { scratch } : {}), ...(rules ? { rulesPath: rules } : {}) };
    const request = { ...around, location, set: subject, level, ...more };
    result = await carryOut('verifySet', request, run.signal, run.onProgress);
  } else {
    if (!existsSync(subject)) {
      throw new OperationError('OP_CONFIG_INVALID', `no file ${subject}`, {
        remedy: 'Name an archive or a .json table file, or add --location for a set.',
      });
    }
    result = await carryOut('verifyFile', { ...around, path: subject, level }, run.signal, run.onProgress);
  }
  const { verification, openSuspicions, certificate, recorded, rows, bytes, sealed, notes = [] } = result;
  const { suspicions = [] } = verification;
  const findings = [...verification.findings, ...openSuspicions];
  const hasFindings = findings.length > 0;
  const isOpen = (item: Finding) => openSuspicions.some(({ message }) => message === item.message);
  return {
    hasFindings,
    report: {
      runId: around.runId,
      operation: 'verify',
      outcome: hasFindings ? 'completed-with-findings' : 'completed',
      setId: verification.setId,
      archive: sealed?.archive.key,
      level,
      rows,
      bytes,
      findings,
      ...(suspicions.length > 0 ? { suspicions } : {}),
      ...(certificate ? { certificate } : {}),
      ...(notes.length > 0 ? { notes } : {}),
      verifiedAt: verification.verifiedAt,
      recorded,
    },
    text: [
      `${sealed?.archive.key ?? subject}: ${level} ${verification.outcome === 'passed' ? 'passed' : 'has findings'}`,
      ...(certificate ? [`  restored in ${formatDuration(certificate.recoveryMs)}: ${certificate.key}`] : []),
      ...(sealed && !recorded ? ['  not recorded: the location cannot be written to, so prune will not count it'] : []),
      ...notes.map((note) => `  note: ${note}`),
      ...verification.findings.map(({ code, message }) => `  ${code}: ${message}`),
      ...suspicions.map((item) => `  ${isOpen(item) ? item.code : 'accepted'}: ${item.message}`),
      ...(command.accept && suspicions.length === 0 ? ['  nothing suspicious to accept'] : []),
    ].join('\n'),
  };
}

async function prune(command: CommandOf<'prune'>, run: CommandRun): Promise<CommandResult> {
  const { location, retention: policy, dryRun } = command;
  const around = surroundings(command);
  const withZone = { ...policy, timeZone: command.timeZone };
  const request = { ...around, location, policy: withZone, dryRun };
  const { plan, removed, freedBytes } = await carryOut('prune', request, run.signal, run.onProgress);
  const line = (action: string, what: string, reasons: readonly string[]) =>
    `${action.padEnd(6)}  ${what}  (${reasons.join('; ')})`;
  return {
    hasFindings: false,
    report: { runId: around.runId, operation: 'prune', outcome: 'completed', dryRun, plan, removed, freedBytes },
    text: [
      ...plan.sets.map(({ action, archiveKey, reasons }) => line(action, archiveKey, reasons)),
      ...plan.remains.map(({ action, key, reasons }) => line(action, key, reasons)),
      dryRun
        ? `would remove ${plan.removeCount}, ${formatBytes(plan.freedBytes)}`
        : `removed ${removed.length}, ${formatBytes(freedBytes)}`,
    ].join('\n'),
  };
}

function formatDuration(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
