-- The statements of rebuild, backup, restore and status, by name.

-- name: set_term
INSERT INTO term (cid, hashes, counts, length, flags) VALUES (?, ?, ?, ?, ?) ON CONFLICT (cid) DO UPDATE
SET hashes = excluded.hashes, counts = excluded.counts, length = excluded.length, flags = excluded.flags;

-- name: set_fact
UPDATE version SET fact = ? WHERE cid = ? AND fact IS NOT NULL;

-- name: forget_vector
UPDATE vector SET body = NULL, attempts = 0 WHERE cid = ?;

-- name: versions
SELECT v.row, u.tid, v.header FROM version v JOIN cube u ON u.uid = v.uid WHERE v.row > ? ORDER BY v.row LIMIT ?;

-- name: drop_tags
DELETE FROM cube_tag WHERE row = ?;

-- name: tag
INSERT INTO tag (tid, name, value, key, own) VALUES (?, ?, ?, ?, ?) ON CONFLICT (tid, key, name, own) DO NOTHING;

-- name: set_tag
INSERT INTO cube_tag (row, tag) SELECT ?, tag FROM tag WHERE tid = ? AND key = ? AND name = ? AND own = ? ON CONFLICT DO NOTHING;

-- name: tagged
SELECT t.name, t.value, t.own FROM cube_tag k JOIN tag t ON t.tag = k.tag WHERE k.row = ?;

-- name: ask_vectors
INSERT INTO vector (cid, tid, seq) SELECT c.cid, u.tid, v.seq FROM content c
JOIN version v ON v.row = (SELECT min(o.row) FROM version o WHERE o.cid = c.cid) JOIN cube u ON u.uid = v.uid
WHERE v.type = 'plaintext' AND NOT EXISTS (SELECT 1 FROM vector x WHERE x.cid = c.cid) AND EXISTS (SELECT 1 FROM meta WHERE key = 'embedder');

-- name: catch_up
UPDATE namespace AS n SET last_seq = max(last_seq,
  (SELECT ifnull(max(seq), 0) FROM version v WHERE v.nid = n.nid),
  (SELECT ifnull(max(seq_end), 0) FROM version v WHERE v.nid = n.nid AND v.seq_end < 9223372036854775807),
  (SELECT ifnull(max(x.seq), 0) FROM version v JOIN vector x ON x.cid = v.cid WHERE v.nid = n.nid AND x.body IS NOT NULL));

-- name: set_inherited
UPDATE namespace SET aid = (SELECT aid FROM acl WHERE entries = ?) WHERE nid = ?;

-- name: add_acl
INSERT INTO acl (entries) VALUES (?) ON CONFLICT DO NOTHING;

-- name: list_entries
INSERT OR IGNORE INTO acl_entry (entry, aid) SELECT e.value, a.aid FROM acl a, json_each(a.entries) e;

-- name: list_places
INSERT OR IGNORE INTO listing (aid, nid) SELECT DISTINCT aid, nid FROM version WHERE aid IS NOT NULL;

-- name: raise_epoch
UPDATE meta SET value = value + 1 WHERE key = 'policy_epoch';

-- name: head
SELECT seq, hash FROM commit_log ORDER BY seq DESC LIMIT 1;

-- name: last
SELECT ifnull(max(seq), 0) FROM commit_log;

-- name: drop_terms
DELETE FROM term;

-- name: drop_repeats
DELETE FROM idempotency;

-- name: add_store
INSERT INTO store (id) VALUES (?);

-- name: set_meta
INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: meta
SELECT key, value FROM meta;

-- name: tables
SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name;

-- name: count
SELECT count(*) FROM {table};

-- name: memories
SELECT count(*) FROM version WHERE bid = 0 AND seq_end = 9223372036854775807 AND state <> 'expired';

-- name: pending
SELECT count(*) FROM vector WHERE body IS NULL;

-- name: refused
SELECT count(*) FROM vector WHERE body IS NULL AND attempts > 0;

-- name: vectors
SELECT count(*) FROM vector WHERE body IS NOT NULL;
