import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { reasonKey } from '../../support/reason-key';

/** What a new node has to bring; each failure names the file and the line to add. */

const LANGUAGES = ['en-US', 'zh-CN'];
const readText = (path: string) => readFileSync(path, 'utf8');
const readJson = (path: string) => JSON.parse(readText(path));
const listed: Record<string, string> = readJson('package.json')['node-red'].nodes;
const types = readdirSync('nodes').filter((name) => name !== 'shared');

interface Definition {
  category: string;
  inputs?: number;
  outputs?: number;
  icon?: string;
  defaults: Record<string, { value: unknown }>;
  label(): string;
  outputLabels?: unknown;
  inputLabels?: unknown;
}

/** Runs the form's script as the editor does, with just enough of the editor around it to register. */
function registrations(type: string): [string, Definition][] {
  const found: [string, Definition][] = [];
  const scripts = readText(`nodes/${type}/${type}.html`).matchAll(
    /<script type="text\/javascript">([\s\S]*?)<\/script>/g,
  );
  for (const [, script = ''] of scripts) {
    runInNewContext(script, {
      RED: {
        nodes: { registerType: (name: string, definition: Definition) => found.push([name, definition]) },
        validators: { regex: () => () => true, number: () => () => true },
      },
      $: () => ({ length: 0 }),
    });
  }
  return found;
}

function flatten(tree: unknown, prefix = ''): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of Object.entries(tree as object)) {
    const path = prefix ? `${prefix}.${key}` : key;
    if (typeof value === 'string') flat.set(path, value);
    else for (const [inner, text] of flatten(value, path)) flat.set(inner, text);
  }
  return flat;
}

const catalogue = (type: string, language: string) =>
  flatten(readJson(`nodes/${type}/locales/${language}/${type}.json`));
const placeholders = (text: string) => [...text.matchAll(/__\w+__/g)].map(([name]) => name).sort();

test('package.json lists every node folder and nothing else', () => {
  assert.deepEqual(Object.keys(listed).sort(), types.sort());
  for (const type of types) assert.equal(listed[type], `dist/nodes/${type}/${type}.js`);
});

for (const type of types) {
  test(`${type}: runtime, form and help register the folder's name`, () => {
    assert.deepEqual(
      registrations(type).map(([name]) => name),
      [type],
    );
    assert.match(readText(`nodes/${type}/${type}.ts`), new RegExp(`'${type}'`));
    assert.match(readText(`nodes/${type}/${type}.html`), new RegExp(`data-template-name="${type}"`));
    for (const language of LANGUAGES) {
      const help = readText(`nodes/${type}/locales/${language}/${type}.html`);
      assert.match(help, new RegExp(`data-help-name="${type}"`));
      const [, { category }] = registrations(type)[0]!;
      const sections = category === 'config' ? 1 : 3;
      assert.equal(help.match(/<h3>/g)?.length, sections, `${language} help needs Inputs, Outputs, Details`);
    }
  });

  test(`${type}: every default has an input in the form and the same value in config.ts`, () => {
    const [, definition] = registrations(type)[0]!;
    const { DEFAULTS } = require(join(process.cwd(), `.test-build/nodes/${type}/config.js`)) as { DEFAULTS: object };
    const values = Object.fromEntries(Object.entries(definition.defaults).map(([name, { value }]) => [name, value]));
    assert.deepEqual(JSON.parse(JSON.stringify(values)), JSON.parse(JSON.stringify(DEFAULTS)));
    const form = readText(`nodes/${type}/${type}.html`);
    const prefix = definition.category === 'config' ? 'node-config-input-' : 'node-input-';
    for (const name of Object.keys(values).filter((key) => key !== 'version')) {
      assert.ok(form.includes(`id="${prefix}${name}`), `${type}.html has no element ${prefix}${name}`);
    }
  });

  test(`${type}: every text key used exists, and both languages have the same keys and placeholders`, () => {
    const [english, chinese] = LANGUAGES.map((language) => catalogue(type, language)) as [
      Map<string, string>,
      Map<string, string>,
    ];
    assert.deepEqual([...chinese.keys()].sort(), [...english.keys()].sort());
    for (const [key, text] of english) {
      assert.ok(text && chinese.get(key), `${key} is empty`);
      assert.deepEqual(placeholders(chinese.get(key)!), placeholders(text), key);
    }
    const form = readText(`nodes/${type}/${type}.html`);
    const used = [
      ...[...form.matchAll(/data-i18n="([^"]+)"/g)].flatMap(([, keys = '']) =>
        keys.split(';').map((key) => key.replace(/^\[\w+\]/, '')),
      ),
      ...[...form.matchAll(/_\(\s*['"`]([\w.-]+)['"`]\s*[,)]/g)].map(([, key = '']) => key),
    ];
    assert.ok(used.length > 5, 'the pattern found no text keys');
    for (const key of used) assert.ok(english.has(key), `${type}: no text ${key} in en-US`);
    // Keys that are put together at run time: their beginning must be there.
    for (const [, start = ''] of form.matchAll(/_\(\s*[`'"]([\w.-]+\.)(?:\$\{|['"]\s*\+)/g)) {
      assert.ok(
        [...english.keys()].some((key) => key.startsWith(start)),
        `${type}: no text ${start}…`,
      );
    }
  });

  test(`${type}: icon, port labels and an example are there`, () => {
    const [, definition] = registrations(type)[0]!;
    assert.ok(existsSync(`icons/${type}.svg`), `add icons/${type}.svg`);
    if (definition.category === 'config') return;
    assert.equal(definition.icon, `${type}.svg`);
    assert.ok(definition.inputLabels && definition.outputLabels, 'label every port');
    const examples = readdirSync('examples').map((name) => readJson(`examples/${name}`) as { type: string }[]);
    assert.ok(
      examples.some((flow) => flow.some((node) => node.type === type)),
      `no example uses ${type}`,
    );
  });
}

test('no two examples share an id: the editor asks about nodes that exist when the second is imported', () => {
  const ids = readdirSync('examples').flatMap((name) =>
    (readJson(`examples/${name}`) as { id: string }[]).map(({ id }) => id),
  );
  assert.deepEqual(
    ids.filter((id, at) => ids.indexOf(id) !== at),
    [],
  );
});

test('examples hold core nodes and ours only, no credentials, and every field the form saves', () => {
  const core = ['tab', 'inject', 'debug', 'comment', 'catch', 'change'];
  for (const name of readdirSync('examples')) {
    const flow = readJson(`examples/${name}`) as Record<string, unknown>[];
    assert.ok(Array.isArray(flow), name);
    for (const node of flow) {
      const type = String(node.type);
      assert.ok(core.includes(type) || types.includes(type), `${name}: ${type} is neither core nor ours`);
      assert.ok(!('credentials' in node), `${name}: ${type} carries credentials`);
      if (!types.includes(type)) continue;
      const [, { defaults }] = registrations(type)[0]!;
      for (const field of Object.keys(defaults)) assert.ok(field in node, `${name}: ${type} has no ${field}`);
    }
  }
});

test('the badge has a text in both languages for idle and for every phase', () => {
  const phases = [...readText('src/support/progress.ts').matchAll(/'(\w+)'/g)].map(([, phase]) => phase);
  const known = new Set(
    types
      .flatMap((type) => [...catalogue(type, 'en-US').keys()])
      .flatMap((key) => /\.status\.(\w+)$/.exec(key)?.[1] ?? []),
  );
  assert.deepEqual(
    // The badge of what waits begins with seconds: it needs no translation.
    [...new Set(['idle', ...phases])].filter((phase) => phase !== 'waiting' && !known.has(phase!)),
    [],
  );
});

test('every reason of a retention plan has a translation', () => {
  const texts = catalogue('retention', 'zh-CN');
  const untranslated = new Set<string>();
  for (const file of readdirSync('test/unit/plan/golden')) {
    const { expected } = readJson(`test/unit/plan/golden/${file}`);
    for (const { reasons } of [...expected.sets, ...expected.remains] as { reasons: string[] }[]) {
      for (const reason of reasons) {
        if (!texts.has(reasonKey(reason))) untranslated.add(reason);
      }
    }
  }
  // Golden files name sets by words instead of ids; those few reasons are checked with real ids here.
  const id = '20260101030000_x7k2m9q4zr';
  for (const reason of [`${id} is newer and verified`, `damaged, and ${id} is verified`, `needed by ${id}`]) {
    assert.ok(texts.has(reasonKey(reason)), reason);
  }
  assert.deepEqual(
    [...untranslated].filter((reason) => !/ is newer and verified$| is verified$|^needed by /.test(reason)),
    [],
  );
});
