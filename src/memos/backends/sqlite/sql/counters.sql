-- The statements of counters.db, by name.

-- name: count
SELECT count FROM counter WHERE key = ?;

-- name: set_count
INSERT INTO counter (key, count, over) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET count = ?2, over = ?3;

-- name: taken_at
SELECT at FROM taking WHERE key = ? AND place = ?;

-- name: set_taking
INSERT INTO taking (key, place, at) VALUES (?1, ?2, ?3) ON CONFLICT (key, place) DO UPDATE SET at = ?3;

-- name: drop_takings
DELETE FROM taking WHERE key IN (SELECT key FROM counter WHERE over < ?);

-- name: drop_counters
DELETE FROM counter WHERE over < ?;
