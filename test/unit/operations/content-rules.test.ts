import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BKLOG_CONTENT_RULES } from '../../../src/bklog/content-rules';
import { isOperationError } from '../../../src/errors/operation-error';
import { CONTENT_RULE_KINDS } from '../../../src/model/content-rule';
import { readContentRules } from '../../../src/operations/content-rules';

async function withFile<T>(content: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bklog-rules-'));
  const path = join(folder, 'rules.json');
  try {
    writeFileSync(path, content);
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a file adds its rules to BK-LOG's, or stands alone when it says so", async () => {
  const rules = [{ kind: 'rows', table: 't' }];
  const read = (document: object) => withFile(JSON.stringify(document), (path) => readContentRules(path, 'intact'));
  const own = [{ kind: 'rows', table: 't', maxDropPercent: 30, notEmpty: true }];
  assert.deepEqual(await read({ rules }), { defaults: BKLOG_CONTENT_RULES.rules, own });
  assert.deepEqual(await read({ defaults: false, rules }), { defaults: [], own });
  assert.deepEqual(await readContentRules(undefined, 'present'), { defaults: BKLOG_CONTENT_RULES.rules, own: [] });
});

test('the rules of operations.md are rules, one of each kind', async () => {
  const [, text = ''] =
    /<!-- example: rules -->\n```json\n([\s\S]*?)```/.exec(readFileSync('docs/operations.md', 'utf8')) ?? [];
  const { own } = await withFile(text, (path) => readContentRules(path, 'readable'));
  assert.deepEqual(
    own.map(({ kind }) => kind),
    CONTENT_RULE_KINDS,
  );
});

test('a mistake in a file is OP_CONFIG_INVALID with its place, before anything is read', async () => {
  const cases: [string, RegExp][] = [
    ['{', /are not JSON/],
    ['[]', /rules\.json: \(whole\)/],
    ['{"rules":[{"kind":"rows","maxDropPercent":130}]}', /rules\.json: rules\.0\.maxDropPercent/],
    ['{"rules":[{"kind":"rows"},{"kind":"require","table":"t","column":"c"}]}', /rules\.1\.kind/],
    ['{"rules":[{"kind":"required","table":"t","colum":"c"}]}', /rules\.0/],
    ['{"rules":[{"kind":"range","table":"t","column":"c"}]}', /rules\.0: needs min or max/],
    [
      '{"rules":[{"kind":"range","table":"t","column":"c","min":9007199254740993}]}',
      /rules\.0\.min: .*write it as text/,
    ],
    ['{"rules":[{"kind":"relation","from":{"table":"a"},"to":{"table":"b","column":"c"}}]}', /rules\.0\.from\.column/],
  ];
  for (const [content, message] of cases) {
    await withFile(content, async (path) => {
      await assert.rejects(readContentRules(path, 'readable'), (error) => {
        assert.ok(isOperationError(error, 'OP_CONFIG_INVALID'), String(error));
        assert.match(error.message, message, content);
        return true;
      });
    });
  }
  await assert.rejects(readContentRules('/nowhere/rules.json', 'readable'), (error) =>
    isOperationError(error, 'OP_CONFIG_INVALID'),
  );
});

test('rules about cells are refused at a level that reads none: they would be left unchecked in silence', async () => {
  await withFile('{"rules":[{"kind":"required","table":"t","column":"c"}]}', async (path) => {
    assert.equal((await readContentRules(path, 'restorable')).own.length, 1);
    await assert.rejects(
      readContentRules(path, 'intact'),
      (error) => isOperationError(error, 'OP_CONFIG_INVALID') && /readable/.test(error.remedy),
    );
  });
});
