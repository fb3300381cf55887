import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { backUp } from '../support/backup';
import { settingsFor, sourceOf, testServer, withDatabase, withWorkplace } from '../support/database';

/** What a backup's account holds beside SELECT on the database, and what it could not see then. */
const CASES: Readonly<Record<string, { readonly grants: readonly string[]; readonly unseen: readonly string[] }>> = {
  nothing: { grants: [], unseen: ['events of DB', 'procedures and functions of DB', 'triggers of DB'] },
  'all that is asked for': { grants: ['TRIGGER, EVENT ON `DB`.*', 'SELECT ON mysql.proc'], unseen: [] },
  'it by a role': { grants: ['`role_DB`'], unseen: [] },
  'SELECT on all databases, and so the privileges of others': {
    grants: ['SELECT ON *.*'],
    unseen: ['events of DB', 'triggers of DB'],
  },
  'TRIGGER on one table': {
    grants: ['TRIGGER ON `DB`.t', 'EVENT ON `DB`.*', 'SELECT ON mysql.proc'],
    unseen: ['triggers of DB.u'],
  },
  'EXECUTE on one routine': {
    grants: ['TRIGGER, EVENT ON `DB`.*', 'EXECUTE ON PROCEDURE `DB`.p'],
    unseen: ['procedure DB.p', 'procedures and functions of DB'],
  },
  'EXECUTE on all': {
    grants: ['TRIGGER, EVENT, EXECUTE ON `DB`.*'],
    unseen: ['function DB.f', 'procedure DB.p'],
  },
};

test('a set says what its account could not see, routines included, and which GRANT shows it', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(`CREATE TABLE t (id INT PRIMARY KEY); CREATE TABLE u (id INT PRIMARY KEY);
      CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET @x = 1; CREATE TRIGGER s BEFORE INSERT ON u FOR EACH ROW SET @x = 1;
      CREATE PROCEDURE p() SELECT 1; CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1;
      CREATE EVENT e ON SCHEDULE EVERY 1 YEAR STARTS '2030-01-01 00:00:00' DO SET @x = 1;
      CREATE ROLE role_${database}; GRANT TRIGGER, EVENT ON \`${database}\`.* TO role_${database};
      GRANT SELECT ON mysql.proc TO role_${database}`);
    const user = `u_${database}`;
    const named = (text: string) => text.replaceAll('DB', database);
    try {
      for (const [what, { grants, unseen }] of Object.entries(CASES)) {
        await admin.query(`CREATE OR REPLACE USER ${user}@'%' IDENTIFIED BY 'pw'`);
        for (const grant of ['SELECT ON `DB`.*', ...grants]) await admin.query(`GRANT ${named(grant)} TO ${user}@'%'`);
        if (grants.includes('`role_DB`')) await admin.query(`SET DEFAULT ROLE role_${database} FOR ${user}@'%'`);
        await withWorkplace(async (workplace) => {
          const settings = settingsFor(database, { user, password: 'pw' });
          const { sealed } = await backUp(workplace, [sourceOf(database, ['t', 'u'], settings)]);
          const told = sealed.notes.map((note) => note.replace(/ (could not be seen|is missing): GRANT .+$/, ''));
          assert.deepEqual(told.sort(), unseen.map(named), what);
          for (const note of sealed.notes) assert.ok(note.endsWith(` TO '${user}'@'%'`), note);
        });
      }
    } finally {
      await admin.query(`DROP USER IF EXISTS ${user}@'%'; DROP ROLE role_${database}`);
    }
  });
});

test('a body with bytes that are no text is named', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query("CREATE TABLE t (id INT PRIMARY KEY); CREATE PROCEDURE good() SELECT x'FF', '🚀'");
    const latin1 = await createConnection({ ...testServer(), database, charset: 'latin1' });
    try {
      await latin1.query('SET NAMES binary');
      await latin1.query("CREATE PROCEDURE p() SELECT HEX(_binary'ÿ')");
      await latin1.query("CREATE VIEW v AS SELECT _binary'ÿ' AS a");
    } finally {
      await latin1.end();
    }
    await withWorkplace(async (workplace) => {
      const { sealed } = await backUp(workplace, [sourceOf(database, ['t'])]);
      const told = sealed.notes.map((note) => note.replace(/ has bytes that are not UTF-8, .+$/, ''));
      assert.deepEqual(told.sort(), [`procedure ${database}.p`, `view ${database}.v`]);
    });
  });
});
