-- How a store and its access journal know each other, by name.

-- name: known
SELECT value FROM meta WHERE key = 'journal';

-- name: claim
INSERT INTO meta (key, value) VALUES ('journal', ?) ON CONFLICT (key) DO NOTHING;

-- name: adopt
INSERT INTO meta (key, value) VALUES ('journal', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- The worker `main` goes through the journal; the cursors of others tell of commits.
-- name: read
SELECT ifnull(max(cursor), 0) FROM worker WHERE name = 'main';

-- name: begin_at
UPDATE worker SET cursor = ?1 WHERE name = 'main' AND cursor > ?1;

-- The next two read access.db.
-- name: identity
SELECT value FROM meta WHERE key = 'id';

-- name: last
SELECT ifnull(max(aseq), 0) FROM access;
