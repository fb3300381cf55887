import type { AdaptingServer } from '../../src/plan/plan-adaptation';

/** What four servers say of themselves in information_schema, as far as the tests ask: character sets by their collations. */
const EVERYWHERE = ['general_ci', 'bin', 'unicode_ci', 'unicode_520_ci', 'swedish_ci'];
const NO_PAD = ['general_nopad_ci', 'nopad_bin', 'unicode_nopad_ci', 'unicode_520_nopad_ci'];
const SENSITIVITIES = ['ai_ci', 'ai_cs', 'as_ci', 'as_cs'];
const UCA_1400 = ['', 'german2_', 'swedish_', 'spanish2_'].flatMap((language) =>
  ['', 'nopad_'].flatMap((pad) => SENSITIVITIES.map((flags) => `uca1400_${language}${pad}${flags}`)),
);
const UCA_0900 = [
  ...['0900_ai_ci', '0900_as_ci', '0900_as_cs'],
  ...['de_pb', 'sv', 'es_trad'].flatMap((language) => [`${language}_0900_ai_ci`, `${language}_0900_as_cs`]),
];
const JAPANESE = ['ja_0900_as_cs', 'ja_0900_as_cs_ks', 'zh_0900_as_cs'];
const LATIN1 = ['latin1_swedish_ci', 'latin1_bin', 'latin1_general_cs'];

const of = (charset: string, names: readonly string[]) =>
  names.map((name): [string, string] => [`${charset}_${name}`, charset]);
const other = (charset: string, names: readonly string[]) => names.map((name): [string, string] => [name, charset]);

function server(
  flavour: AdaptingServer['flavour'],
  version: string,
  collations: readonly (readonly [string, string])[],
  utf8mb4Default: string,
): AdaptingServer {
  const known = new Map(collations);
  const charsets = new Set(known.values());
  const unicode = [...charsets].map((charset): [string, string] => [charset, `${charset}_general_ci`]);
  const defaultCollations = new Map([
    ...unicode,
    ['latin1', 'latin1_swedish_ci'],
    ['utf8mb4', utf8mb4Default],
  ] as const);
  const engines = new Set(['InnoDB', 'MyISAM', 'MEMORY', ...(flavour === 'mariadb' ? ['Aria'] : [])]);
  return { flavour, version, collations: known, defaultCollations, engines };
}

const mariadb = (uca: readonly string[]) => [
  ...of('utf8mb4', [...EVERYWHERE, ...NO_PAD, ...uca]),
  ...of('utf8mb3', [...EVERYWHERE, ...NO_PAD, ...uca]),
  ...other('latin1', [...LATIN1, 'latin1_swedish_nopad_ci', 'latin1_nopad_bin']),
];

export const SERVERS: Readonly<Record<string, AdaptingServer>> = {
  'MariaDB 10.6': server('mariadb', '10.6.18-MariaDB', mariadb([]), 'utf8mb4_general_ci'),
  'MariaDB 10.11': server('mariadb', '10.11.19-MariaDB-log', mariadb(UCA_1400), 'utf8mb4_general_ci'),
  'MariaDB 11.8': server(
    'mariadb',
    '11.8.2-MariaDB',
    [...mariadb(UCA_1400), ...of('utf8mb4', UCA_0900)],
    'utf8mb4_uca1400_ai_ci',
  ),
  'MySQL 8.0': server(
    'mysql',
    '8.0.43',
    [
      ...of('utf8mb4', [...EVERYWHERE, ...UCA_0900, '0900_bin', ...JAPANESE]),
      ...of('utf8mb3', EVERYWHERE),
      ...of('gb18030', ['chinese_ci', 'bin']),
      ...other('latin1', LATIN1),
    ],
    'utf8mb4_0900_ai_ci',
  ),
  'MySQL 5.7': server(
    'mysql',
    '5.7.44-log',
    [
      ...of('utf8mb4', EVERYWHERE),
      ...of('utf8', EVERYWHERE),
      ...of('gb18030', ['chinese_ci', 'bin']),
      ...other('latin1', LATIN1),
    ],
    'utf8mb4_general_ci',
  ),
};
