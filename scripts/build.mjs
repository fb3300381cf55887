// Compiles src/ and nodes/ into dist/, and puts forms, texts and icons beside the compiled nodes.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
rmSync(join(root, 'dist'), { recursive: true, force: true });
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', root], { stdio: 'inherit' });

const nodes = existsSync(join(root, 'nodes')) ? readdirSync(join(root, 'nodes')) : [];
for (const node of nodes) {
  const [from, to] = [join(root, 'nodes', node), join(root, 'dist/nodes', node)];
  if (!existsSync(join(from, `${node}.html`))) continue;
  cpSync(join(from, `${node}.html`), join(to, `${node}.html`));
  cpSync(join(from, 'locales'), join(to, 'locales'), { recursive: true });
  const icon = join(root, 'icons', `${node}.svg`);
  if (existsSync(icon)) cpSync(icon, join(to, 'icons', `${node}.svg`));
}
