import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { escapeId } from 'mysql2/promise';

/** What the three databases are called on the server. */
export interface DatabaseNames {
  readonly bk_nodeman: string;
  readonly bk_log_search: string;
  readonly sg_migration: string;
}

export const DATABASE_NAMES: DatabaseNames = {
  bk_nodeman: 'bk_nodeman',
  bk_log_search: 'bk_log_search',
  sg_migration: 'sg_migration',
};

const FROM_BK_LOG: Readonly<Record<string, readonly string[]>> = {
  bk_nodeman: ['node_man_subscriptionstep'],
  bk_log_search: [
    'log_databus_collectorconfig',
    'log_search_projectinfo',
    'log_search_logindexset',
    'log_search_logindexsetdata',
    'log_search_space',
  ],
};

/** 2.2: known by their readers only; no statement of them was ever published. */
const ENVIRONMENT_TABLES: Readonly<Record<string, string>> = {
  cc_EnvIDOffset: `(
  \`env\` varchar(64) NOT NULL,
  \`offset\` bigint NOT NULL,
  PRIMARY KEY (\`env\`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
  cc_EnvBizMap: `(
  \`id\` int NOT NULL AUTO_INCREMENT,
  \`bk_env\` varchar(64) NOT NULL,
  \`bk_old_biz_id\` int NOT NULL,
  \`bk_old_biz_name\` varchar(255) NOT NULL DEFAULT '',
  \`bk_new_biz_id\` int NOT NULL,
  \`bk_new_biz_name\` varchar(255) NOT NULL DEFAULT '',
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`uk_env_old_biz\` (\`bk_env\`,\`bk_old_biz_id\`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
};

/** Statements that create the databases and the tables of a random BK-LOG, where they are missing. */
export function bkLogSchema(names: DatabaseNames = DATABASE_NAMES): string[] {
  const text = readFileSync(join(process.cwd(), 'scripts/demo-data/schema.sql'), 'utf8');
  const definitions = new Map(
    [...text.matchAll(/^CREATE TABLE IF NOT EXISTS `(\w+)` (\([\s\S]*?\n\)[^;]*);/gm)].map((match) => [
      match[1]!,
      match[2]!,
    ]),
  );
  for (const [table, definition] of Object.entries(ENVIRONMENT_TABLES)) definitions.set(table, definition);
  const tables = { ...FROM_BK_LOG, sg_migration: Object.keys(ENVIRONMENT_TABLES) };
  return Object.entries(tables).flatMap(([database, list]) => {
    const name = escapeId(names[database as keyof DatabaseNames], true);
    return [
      `CREATE DATABASE IF NOT EXISTS ${name} DEFAULT CHARACTER SET utf8mb4`,
      ...list.map((table) => {
        const definition = definitions.get(table);
        if (!definition) throw new Error(`schema.sql has no table ${table}`);
        return `CREATE TABLE IF NOT EXISTS ${name}.\`${table}\` ${definition}`;
      }),
    ];
  });
}
