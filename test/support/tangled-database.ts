import type { Connection, RowDataPacket } from 'mysql2/promise';

export const TANGLED_TABLES = ['parent', 'child', 'log'];

/** Tables with triggers, foreign keys in a cycle, a view on both, a procedure, a function, an event. */
export async function buildTangled(admin: Connection): Promise<void> {
  await admin.query(`
    CREATE TABLE parent (id INT PRIMARY KEY AUTO_INCREMENT, child INT, n INT NOT NULL, KEY c (child), CONSTRAINT positive CHECK (n >= 0));
    CREATE TABLE child (id INT PRIMARY KEY, parent INT, w VARCHAR(40), UNIQUE KEY u (parent),
      CONSTRAINT fp FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE);
    ALTER TABLE parent ADD CONSTRAINT fc FOREIGN KEY (child) REFERENCES child (id);
    CREATE TABLE log (id INT PRIMARY KEY AUTO_INCREMENT, what VARCHAR(60));
    CREATE TRIGGER parent_in BEFORE INSERT ON parent FOR EACH ROW SET NEW.n = NEW.n + 1;
    CREATE TRIGGER parent_up AFTER UPDATE ON parent FOR EACH ROW INSERT INTO log (what) VALUES (CONCAT('parent ', NEW.id));
    CREATE TRIGGER child_in BEFORE INSERT ON child FOR EACH ROW SET NEW.w = CONCAT(NEW.w, '; x');
    CREATE VIEW both_of AS SELECT p.id, c.w FROM parent p JOIN child c ON c.parent = p.id;
    CREATE FUNCTION twice (x INT) RETURNS INT DETERMINISTIC RETURN x * 2;
    CREATE PROCEDURE touch () BEGIN UPDATE parent SET n = n + 1; END;
    CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2038-01-01' DO DELETE FROM log;
    INSERT INTO parent (id, n) VALUES (1, 1), (2, 2), (3, 3);
    INSERT INTO child VALUES (1, 1, 'a'), (2, 2, 'b');
    UPDATE parent SET child = 1 WHERE id = 1;
  `);
}

/** Everything that a restore replaces is different afterwards. */
export async function changeTangled(admin: Connection): Promise<void> {
  await admin.query(`
    INSERT INTO parent (n) VALUES (70); DELETE FROM child WHERE id = 2; UPDATE child SET w = 'changed';
    ALTER TABLE child ADD COLUMN extra INT DEFAULT 7; ALTER TABLE log ADD COLUMN at DATE NULL;
    DROP TRIGGER child_in; CREATE TRIGGER child_in BEFORE INSERT ON child FOR EACH ROW SET NEW.extra = 9;
    DROP VIEW both_of; CREATE VIEW both_of AS SELECT 1 AS other;
    DROP PROCEDURE touch; CREATE PROCEDURE touch () SELECT 'other';
    DROP EVENT nightly; CREATE EVENT nightly ON SCHEDULE EVERY 2 DAY STARTS '2038-01-01' DO DELETE FROM child;
  `);
}

/** Schemas that this package made on the server: scratch schemas, and what restores put away. */
export async function ownSchemas(admin: Connection): Promise<string[]> {
  const [rows] = await admin.query<RowDataPacket[]>(
    "SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'bklog\\_scratch\\_%' OR SCHEMA_NAME LIKE '\\_before\\_%' ORDER BY 1",
  );
  return rows.map(({ name }) => String(name));
}
