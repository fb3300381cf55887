import type { NodeDef } from 'node-red';
import {
  type ConnectionSettings,
  connectionSettingsSchema,
  parseOrRefuse,
  readConnectionSection,
} from '../../src/index';

/** What the form saves, with the form's defaults. Saved flows live for ever: prefer a new field over a new meaning. */
export const DEFAULTS = {
  name: '',
  /** `direct`: the fields below; `file`: a section of a config.yaml in export.py's shape. */
  mode: 'direct',
  host: '127.0.0.1',
  port: '3306',
  database: '',
  tls: false,
  tlsRejectUnauthorized: true,
  tlsCa: '',
  configFile: '',
  section: '',
  version: 1,
};
export type DbConnectionConfig = NodeDef & { [Key in keyof typeof DEFAULTS]: (typeof DEFAULTS)[Key] };

export interface DbConnectionCredentials {
  user?: string;
  password?: string;
}

/** Turns what the form saved into settings. Errors: OP_CONFIG_INVALID naming the field, or the file's trouble. */
export async function toConnectionSettings(
  config: Omit<DbConnectionConfig, keyof NodeDef> & { readonly name: string },
  credentials: DbConnectionCredentials,
): Promise<ConnectionSettings> {
  if (config.mode === 'file') {
    const settings = await readConnectionSection(config.configFile, config.section);
    return { ...settings, name: config.name || settings.name };
  }
  const { name, host, port, database, tls, tlsRejectUnauthorized, tlsCa } = config;
  const { user = '', password = '' } = credentials;
  return parseOrRefuse(
    connectionSettingsSchema,
    {
      name: name || `${host}:${port}`,
      host,
      port: Number(port),
      user,
      password,
      database,
      ...(tls ? { tls: { rejectUnauthorized: tlsRejectUnauthorized, ...(tlsCa ? { ca: tlsCa } : {}) } } : {}),
    },
    `db-connection ${name || host}`,
  );
}
