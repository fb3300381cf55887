// About 700 MB: wide rows with JSON text, as collector configurations are, and narrow rows of mixed types.

/** @param {import('mysql2/promise').Connection} connection */
export async function makeBenchData(connection, { wide, narrow }) {
  await connection.query('CREATE DATABASE bench; USE bench');
  await connection.query(`CREATE TABLE wide (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, created_at DATETIME(6) NOT NULL, created_by VARCHAR(32) NOT NULL,
    name VARCHAR(64) NOT NULL, bk_biz_id BIGINT NOT NULL, is_deleted TINYINT(1) NOT NULL, params LONGTEXT, extra JSON,
    description LONGTEXT, table_id VARCHAR(255)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`);
  await connection.query(`INSERT INTO wide SELECT seq, '2024-03-08 10:21:35.104233' + INTERVAL seq SECOND,
    CONCAT('user', seq % 977), CONCAT('采集项', seq), seq % 5000, seq % 7 = 0,
    CONCAT('{"paths": ["/data/logs/', MD5(seq), '/access.log", "/data/logs/nginx/*.err"], "conditions": {"type": "separator", ',
      '"separator": "|", "filters": [{"fieldindex": "3", "word": "ERROR", "op": "=", "logic_op": "and"}]}, ',
      '"tail_files": true, "ignore_older": 2678400, "max_bytes": 204800, "encoding": "UTF-8", "token": "', SHA1(seq), SHA1(seq + 1), '"}'),
    CONCAT('{"k":', seq, ',"tags":["a","b","c"],"m":"', MD5(seq * 3), '"}'),
    CONCAT('desc ', REPEAT(CONCAT('log line ', seq % 100, ' '), 8)),
    CONCAT(seq % 5000, '_bklog.', MD5(seq * 7)) FROM seq_1_to_${wide}`);
  await connection.query(`CREATE TABLE narrow (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, a INT NOT NULL, b INT, c VARCHAR(60) NOT NULL, d DATETIME NOT NULL, e DOUBLE
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`);
  await connection.query(`INSERT INTO narrow SELECT seq, seq % 1000, IF(seq % 10 = 0, NULL, seq * 7),
    CONCAT('item-', seq, '-', MD5(seq)), '2024-01-01' + INTERVAL seq SECOND, seq / 7 FROM seq_1_to_${narrow}`);
  await connection.query('ANALYZE TABLE wide, narrow');
}
