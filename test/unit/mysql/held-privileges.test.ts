import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldPrivileges } from '../../../src/mysql/held-privileges';

const TO = 'TO `backup`@`%`';

test('a privilege counts on the server, on a pattern of databases, on its table, by a role and by PUBLIC', () => {
  const held = (line: string, place = {}) => new HeldPrivileges([line]).includes(['TRIGGER'], place);
  const here = { database: 'home_1', table: 't' };
  for (const [line, expected] of [
    [`GRANT ALL PRIVILEGES ON *.* ${TO} WITH GRANT OPTION`, true],
    [`GRANT SELECT, TRIGGER ON *.* ${TO}`, true],
    ['GRANT EVENT, TRIGGER ON `home%`.* TO `role`', true],
    ['GRANT TRIGGER ON `home\\_1`.* TO PUBLIC', true],
    [`GRANT TRIGGER ON \`home__\`.* ${TO}`, true],
    [`GRANT TRIGGER ON \`home\\__\`.* ${TO}`, true],
    [`GRANT SELECT (\`id\`, \`a\`), TRIGGER ON \`home_1\`.\`t\` ${TO}`, true],
    [`GRANT TRIGGER ON \`home_1\`.\`u\` ${TO}`, false],
    [`GRANT TRIGGER ON \`home\\_2\`.* ${TO}`, false],
    [`GRANT TRIGGER ON \`home.1\`.* ${TO}`, false],
    [`GRANT SELECT ON *.* ${TO}`, false],
    [`GRANT USAGE ON *.* ${TO} IDENTIFIED BY PASSWORD '*00'`, false],
    [`GRANT PROXY ON \`\`@\`%\` ${TO}`, false],
    [`GRANT \`TRIGGER\` ${TO}`, false],
  ] as const) {
    assert.equal(held(line, here), expected, line);
  }
  assert.equal(held(`GRANT TRIGGER ON \`home_1\`.\`t\` ${TO}`, { database: 'home_1' }), false, 'one table of many');
  assert.equal(held(`GRANT TRIGGER ON \`%\`.* ${TO}`), false, 'databases are not the server');
  const onRoutine = new HeldPrivileges([`GRANT EXECUTE ON PROCEDURE \`home_1\`.\`t\` ${TO}`]);
  assert.equal(onRoutine.includes(['EXECUTE'], here), false, 'one routine of many');
});
