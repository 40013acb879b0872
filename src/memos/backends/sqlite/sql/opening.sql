-- The statements with which a store is made and recognised, by name.

-- name: add_store
INSERT INTO store (id) VALUES (?);

-- name: add_meta
INSERT INTO meta (key, value) VALUES (?, ?);

-- name: meta
SELECT key, value FROM meta;
