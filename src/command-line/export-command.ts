import { resolve } from 'node:path';
import { readConnectionSection } from '../mysql/config-file';
import { carryOut } from '../operations/carry-out';
import type { DocumentSources } from '../operations/collector-documents';
import { type CommandOf, type CommandResult, type CommandRun, surroundings } from './command-run';

/** The sections that export.py's config file must have. */
const SECTIONS = { nodeman: 'bk_nodeman', log: 'bk_log_search' } as const;
/** Findings that are printed; the report has more of them. */
const SHOWN = 20;

/** Errors: OP_CONFIG_INVALID for a file without these sections. */
export async function documentSources(config: string): Promise<DocumentSources> {
  return {
    nodeman: await readConnectionSection(config, SECTIONS.nodeman),
    log: await readConnectionSection(config, SECTIONS.log),
  };
}

export async function exportDocuments(command: CommandOf<'export'>, run: CommandRun): Promise<CommandResult> {
  const around = surroundings(command);
  const request = {
    ...around,
    ...(await documentSources(command.config)),
    directory: resolve(command.out),
  };
  const { documents, findings, findingCount, snapshots } = await carryOut(
    'exportCollectors',
    request,
    run.signal,
    run.onProgress,
  );
  const hasFindings = findingCount > 0;
  const outcome = hasFindings ? 'completed-with-findings' : 'completed';
  return {
    hasFindings,
    report: { runId: around.runId, operation: 'export', outcome, documents, snapshots, findings, findingCount },
    text: [
      ...documents.map(({ path, records, bytes }) => `${path}: ${records} records, ${bytes} bytes`),
      ...findings.slice(0, SHOWN).map(({ code, message }) => `  ${code}: ${message}`),
      ...(findingCount > SHOWN ? [`  and ${findingCount - SHOWN} more findings: --json has them`] : []),
    ].join('\n'),
  };
}
