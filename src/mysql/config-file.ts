import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import { z } from 'zod';
import { OperationError } from '../errors/operation-error';
import { type ConnectionSettings, connectionSettingsSchema, tlsSettingsSchema } from '../model/connection-settings';
import { parseOrRefuse } from '../model/parse';

/** YAML reads an unquoted all-digit password as a number; export.py crashed on it. */
const text = z.union([z.string(), z.number()]).transform(String);

/** A section in export.py's shape: `db host port user password charset`, and `ssl`. Unknown keys are refused by name. */
const sectionSchema = z.strictObject({
  db: text,
  host: text,
  port: z
    .union([z.number(), z.string().regex(/^\d+$/, 'is not a port')])
    .transform(Number)
    .default(3306),
  user: text.default('root'),
  password: text.default(''),
  charset: z.string().default('utf8mb4'),
  ssl: z.union([z.boolean(), tlsSettingsSchema]).optional(),
});

/** Replaces `${NAME}` by the environment's value. Errors: OP_CONFIG_INVALID for a name that is not set. */
function withEnvironment(value: unknown, object: string, field = ''): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
      const found = process.env[name];
      if (found === undefined) {
        throw new OperationError('OP_CONFIG_INVALID', `${object}: ${field} needs the environment variable ${name}`, {
          details: { object, field, variable: name },
          remedy: `Set ${name} in the environment of this process, or write the value into the file.`,
        });
      }
      return found;
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withEnvironment(item, object, field ? `${field}.${key}` : key)]),
  );
}

async function readDocument(path: string): Promise<Record<string, unknown>> {
  const refuse = (why: string, cause?: unknown) =>
    new OperationError('OP_CONFIG_INVALID', `${path} ${why}`, {
      details: { path },
      cause,
      remedy: 'Name a YAML file with one section per database: db, host, port, user, password, charset, ssl.',
    });
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    throw refuse('cannot be read', error);
  }
  let document: unknown;
  try {
    document = load(content);
  } catch (error) {
    // The parser quotes the line it stopped at, which may hold a password: only its position is passed on.
    const mark = (error as { mark?: { line?: number } }).mark;
    throw refuse(`is not YAML${mark?.line === undefined ? '' : ` (line ${mark.line + 1})`}`);
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw refuse('has no sections');
  return document as Record<string, unknown>;
}

/** Names of the sections of a config file. */
export async function readConnectionSections(path: string): Promise<string[]> {
  return Object.keys(await readDocument(path));
}

/** Reads one section. Errors: OP_CONFIG_INVALID naming the file, the section and the field; never a value. */
export async function readConnectionSection(path: string, section: string): Promise<ConnectionSettings> {
  const document = await readDocument(path);
  if (!Object.hasOwn(document, section)) {
    throw new OperationError('OP_CONFIG_INVALID', `${path} has no section ${section}`, {
      details: { path, section, sections: Object.keys(document) },
      remedy: `Add the section ${section}, or name one of: ${Object.keys(document).join(', ')}.`,
    });
  }
  const where = `section ${section} of ${path}`;
  const parsed = parseOrRefuse(sectionSchema, withEnvironment(document[section], where), where);
  const tls = parsed.ssl === true ? { rejectUnauthorized: true } : parsed.ssl || undefined;
  return parseOrRefuse(
    connectionSettingsSchema,
    {
      name: section,
      host: parsed.host,
      port: parsed.port,
      user: parsed.user,
      password: parsed.password,
      database: parsed.db,
      charset: parsed.charset,
      ...(tls ? { tls } : {}),
    },
    where,
  );
}
