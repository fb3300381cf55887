import { readFile } from 'node:fs/promises';
import { BKLOG_CONTENT_RULES } from '../bklog/content-rules';
import { OperationError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import { contentRuleFileSchema } from '../model/content-rule';
import { parseOrRefuse } from '../model/parse';
import { isAtLeast, type VerifyLevel } from '../model/verification';
import type { ContentRules } from '../plan/check-content';

/**
 * The rules of a verification: BK-LOG's, and those of a file. Errors: OP_CONFIG_INVALID naming the place in the file, also
 * when it has rules that the level would leave unchecked.
 */
export async function readContentRules(path: string | undefined, level: VerifyLevel): Promise<ContentRules> {
  if (path === undefined) return { defaults: BKLOG_CONTENT_RULES.rules, own: [] };
  const { defaults, rules } = parseOrRefuse(contentRuleFileSchema, await readJson(path), path);
  const aboutCells = rules.find(({ kind }) => kind !== 'rows');
  if (aboutCells && !isAtLeast(level, 'readable')) {
    throw new OperationError(
      'OP_CONFIG_INVALID',
      `"${level}" does not read the cells that rules of ${path} are about`,
      {
        details: { path, level, kind: aboutCells.kind },
        remedy: 'Verify at "readable" or "restorable", or name a file that has rules of kind "rows" only.',
      },
    );
  }
  return { defaults: defaults ? BKLOG_CONTENT_RULES.rules : [], own: rules };
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EISDIR' && code !== 'EACCES') throw toOperationError(cause, `reading ${path}`);
    throw new OperationError('OP_CONFIG_INVALID', `the rules ${path} cannot be read: ${code}`, {
      details: { path },
      remedy: 'Name a file of content rules that the user of this process may read.',
      cause,
    });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The parser's message quotes the text: the path is enough.
    throw new OperationError('OP_CONFIG_INVALID', `the rules ${path} are not JSON`, { details: { path }, cause });
  }
}
