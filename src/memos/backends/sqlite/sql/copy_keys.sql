-- The statements of the copy keys' file, by name. A slot keeps its size for ever: what is written into it covers what stood there.

-- name: make
CREATE TABLE IF NOT EXISTS copy_key (
  slot INTEGER PRIMARY KEY,
  held INTEGER NOT NULL,                -- 1 while the key stands; 0 and 1 take the same room
  id BLOB NOT NULL,                     -- the 16 bytes of a cube's id, zeros where the slot is free
  wrapped BLOB NOT NULL                 -- nonce, key under the store's secret, and mark; zeros where the slot is free
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS copy_key_by_id ON copy_key (id) WHERE held = 1;
CREATE INDEX IF NOT EXISTS copy_key_free ON copy_key (slot) WHERE held = 0;
CREATE TABLE IF NOT EXISTS made (count INTEGER NOT NULL) STRICT;
INSERT INTO made SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM made);

-- name: find
SELECT id, wrapped FROM copy_key WHERE id = ? AND held = 1;

-- name: free
SELECT slot FROM copy_key WHERE held = 0 ORDER BY slot LIMIT ?;

-- name: reuse
UPDATE copy_key SET held = 1, id = ?, wrapped = ? WHERE slot = ?;

-- name: add
INSERT INTO copy_key (held, id, wrapped) VALUES (1, ?, ?);

-- name: count
UPDATE made SET count = count + ?;

-- name: made
SELECT count FROM made;

-- name: shred
UPDATE copy_key SET held = 0, id = zeroblob(16), wrapped = zeroblob(60) WHERE id = ? AND held = 1;

-- name: make_parted
CREATE TABLE IF NOT EXISTS parted (
  mark BLOB PRIMARY KEY,                -- keyed hash of a tenant and a name in it
  seq INTEGER NOT NULL,                 -- the commit after which the name is somebody else's, or the same person's come back
  at INTEGER NOT NULL                   -- and its time
) STRICT, WITHOUT ROWID;

-- name: has_parted
SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'parted');

-- name: part
INSERT INTO parted (mark, seq, at) VALUES (?, ?, ?) ON CONFLICT (mark) DO UPDATE SET seq = excluded.seq, at = excluded.at;

-- name: parted
SELECT mark, seq, at FROM parted;
