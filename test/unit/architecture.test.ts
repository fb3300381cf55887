import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';
import { ERROR_CATALOGUE, ERROR_CODES } from '../../src/errors/error-catalogue';

/** Each layer may import itself and what stands after it; layers on one line do not know each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['command-line'],
  ['operations'],
  ['plan'],
  ['bklog'],
  ['catalog'],
  ['mysql', 'archive', 'store'],
  ['model'],
  ['support'],
  ['errors'],
];
/** Pure layers: no I/O of their own. */
const PURE = new Set(['plan', 'bklog']);
const rank = (layer: string) => LAYERS.findIndex((names) => names.includes(layer));

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

function imports(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!);
}

test('every import in src/ goes to the same layer or to one below', () => {
  const wrong: string[] = [];
  for (const path of sourceFiles('src')) {
    const layer = relative('src', path).split('/')[0]!;
    if (layer.endsWith('.ts')) continue; // the entries may use everything
    assert.notEqual(rank(layer), -1, `src/${layer} is no known layer: add it to LAYERS or move its files`);
    for (const target of imports(path).filter((name) => name.startsWith('.'))) {
      const other = relative('src', normalize(join(dirname(path), target))).split('/')[0]!;
      const isAllowed = other === layer || rank(other) > rank(layer);
      if (!isAllowed) wrong.push(`${path}: ${layer} imports ${other}: only layers below`);
      if (PURE.has(layer) && ['mysql', 'archive', 'store', 'catalog'].includes(other)) {
        wrong.push(`${path}: ${layer} is pure and imports ${other}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('the drivers are imported where they belong and Node-RED nowhere in src/', () => {
  const wrong: string[] = [];
  for (const path of sourceFiles('src')) {
    for (const name of imports(path)) {
      if (/^mysql2/.test(name) && !/src\/mysql\/(connection|row-packets)\.ts$/.test(path))
        wrong.push(`${path}: ${name}`);
      if (/node-red/.test(name)) wrong.push(`${path}: ${name}`);
      if (name === 'tar-stream' && !path.startsWith('src/archive/')) wrong.push(`${path}: ${name}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('a node imports src/index, its own folder and nodes/shared, and every admin endpoint asks for a permission', () => {
  const wrong: string[] = [];
  for (const path of sourceFiles('nodes')) {
    const own = relative('nodes', path).split('/')[0]!;
    for (const target of imports(path).filter((name) => name.startsWith('.'))) {
      const file = normalize(join(dirname(path), target));
      const folder = file.split('/')[1]!;
      const isAllowed = file === 'src/index' || (file.startsWith('nodes/') && (folder === own || folder === 'shared'));
      if (!isAllowed) wrong.push(`${path}: ${file}`);
    }
    for (const [, first = ''] of readFileSync(path, 'utf8').matchAll(/httpAdmin\.\w+\(\s*'[^']+',\s*([\w.]+)/g)) {
      if (first !== 'RED.auth.needsPermission') wrong.push(`${path}: an admin endpoint without a permission`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('every error code stands in docs/operations.md with its remedy', () => {
  const page = readFileSync('docs/operations.md', 'utf8');
  assert.deepEqual(
    ERROR_CODES.filter((code) => {
      const { meaning, retry, remedy } = ERROR_CATALOGUE[code];
      return !page.includes(`| \`${code}\` | ${meaning} | ${retry} | ${remedy} |`);
    }),
    [],
  );
});
