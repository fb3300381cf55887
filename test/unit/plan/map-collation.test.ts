import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapCollation } from '../../../src/plan/map-collation';
import { SERVERS } from '../../support/servers';

/** The collation of a set, and what stands for it in each server; `=` is the same name, `-` nothing. */
const TABLE = `
                               MariaDB 10.6                   MariaDB 10.11                   MariaDB 11.8                    MySQL 8.0                MySQL 5.7
utf8mb4_0900_ai_ci             utf8mb4_unicode_520_nopad_ci   utf8mb4_uca1400_nopad_ai_ci     =                               =                        -
utf8mb4_0900_as_ci             -                              utf8mb4_uca1400_nopad_as_ci     =                               =                        -
utf8mb4_0900_as_cs             -                              utf8mb4_uca1400_nopad_as_cs     =                               =                        -
utf8mb4_0900_bin               utf8mb4_nopad_bin              utf8mb4_nopad_bin               utf8mb4_nopad_bin               =                        -
utf8mb4_de_pb_0900_ai_ci       -                              utf8mb4_uca1400_german2_nopad_ai_ci  =                          =                        -
utf8mb4_de_pb_0900_as_cs       -                              utf8mb4_uca1400_german2_nopad_as_cs  =                          =                        -
utf8mb4_ja_0900_as_cs          -                              -                               -                               =                        -
utf8mb4_ja_0900_as_cs_ks       -                              -                               -                               =                        -
utf8mb4_zh_0900_as_cs          -                              -                               -                               =                        -
utf8mb4_uca1400_ai_ci          utf8mb4_unicode_520_ci         =                               =                               utf8mb4_unicode_520_ci   utf8mb4_unicode_520_ci
utf8mb4_uca1400_nopad_ai_ci    utf8mb4_unicode_520_nopad_ci   =                               =                               utf8mb4_0900_ai_ci       -
utf8mb4_uca1400_as_cs          -                              =                               =                               -                        -
utf8mb4_uca1400_nopad_as_cs    -                              =                               =                               utf8mb4_0900_as_cs       -
utf8mb4_uca1400_nopad_ai_cs    -                              =                               =                               -                        -
utf8mb4_uca1400_german2_nopad_as_cs  -                        =                               =                               utf8mb4_de_pb_0900_as_cs -
utf8mb3_uca1400_ai_ci          utf8mb3_unicode_520_ci         =                               =                               utf8mb3_unicode_520_ci   utf8_unicode_520_ci
utf8mb4_unicode_520_nopad_ci   =                              =                               =                               utf8mb4_0900_ai_ci       -
utf8mb4_nopad_bin              =                              =                               =                               utf8mb4_0900_bin         -
utf8mb4_bin                    =                              =                               =                               =                        =
utf8mb4_general_ci             =                              =                               =                               =                        =
utf8mb4_general_nopad_ci       =                              =                               =                               -                        -
utf8mb4_unicode_ci             =                              =                               =                               =                        =
utf8mb4_unicode_nopad_ci       =                              =                               =                               -                        -
utf8_general_ci                utf8mb3_general_ci             utf8mb3_general_ci              utf8mb3_general_ci              utf8mb3_general_ci       =
utf8mb3_bin                    =                              =                               =                               =                        utf8_bin
latin1_swedish_nopad_ci        =                              =                               =                               -                        -
gb18030_chinese_ci             -                              -                               -                               =                        =
`;

const [head = '', ...lines] = TABLE.trim().split('\n');
const servers = head.trim().split(/ {2,}/);
for (const line of lines) {
  const [name = '', ...targets] = line.split(/ +/);
  for (const [at, server] of servers.entries()) {
    const expected = targets[at] === '=' ? name : targets[at] === '-' ? undefined : targets[at];
    test(`${name} is ${expected ?? 'nothing'} in ${server}`, () => {
      const choice = mapCollation(name, SERVERS[server]!.collations);
      assert.equal(choice?.to, expected);
      if (choice) assert.equal(SERVERS[server]!.collations.get(choice.to), choice.charset);
    });
  }
}

test('whatever is mapped keeps its character set, is in the server, and mapped again stays', () => {
  const names = new Set(Object.values(SERVERS).flatMap(({ collations }) => [...collations.keys()]));
  for (const name of names) {
    for (const { collations } of Object.values(SERVERS)) {
      const choice = mapCollation(name, collations);
      if (!choice) continue;
      const charset = (text: string) => text.split('_', 1)[0]!.replace(/^utf8$/, 'utf8mb3');
      assert.equal(charset(choice.to), charset(name));
      assert.equal(mapCollation(choice.to, collations)?.to, choice.to);
      assert.equal(/_bin$/.test(choice.to), /_bin$/.test(name));
    }
  }
});
