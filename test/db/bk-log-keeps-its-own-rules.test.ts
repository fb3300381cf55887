import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { BKLOG_CONTENT_RULES } from '../../src/bklog/content-rules';
import { BKLOG_CORE_TABLES } from '../../src/bklog/core-tables';
import { newRunId } from '../../src/model/ids';
import { carryOut } from '../../src/operations/carry-out';
import { backUp } from '../support/backup';
import { settingsFor, sourceOf, withWorkplace } from '../support/database';
import { withPrivateServer } from '../support/private-server';

test("BK-LOG's schema has every table and column of the default rules, and its sample rows keep them all", async () => {
  await withPrivateServer({ label: 'bklog' }, async ({ host, port, user, password }) => {
    const script = pathToFileURL(join(process.cwd(), 'scripts/demo-data/load-demo-data.mjs')).href;
    const { loadDemoData } = (await import(script)) as { loadDemoData(url: string): Promise<unknown> };
    await loadDemoData(`mysql://${user}:${encodeURIComponent(password)}@${host}:${port}`);
    await withWorkplace(async (workplace) => {
      const sources = Object.entries(BKLOG_CORE_TABLES).map(([database, tables]) =>
        sourceOf(database, tables, settingsFor(database, { name: database, host, port, user, password })),
      );
      await backUp(workplace, sources);
      // As rules of one's own, because those say so when a table or a column is missing.
      const rulesPath = join(workplace.folder, 'rules.json');
      writeFileSync(rulesPath, JSON.stringify({ ...BKLOG_CONTENT_RULES, defaults: false }));
      const request = { ...workplace, runId: newRunId(), set: 'latest', level: 'readable' as const, rulesPath };
      const { verification } = await carryOut('verifySet', request, new AbortController().signal, () => {});
      assert.deepEqual([verification.findings, verification.suspicions ?? []], [[], []]);
    });
  });
});
