-- The statements that seal a store's rows into a backup, and bring them back, by name.

-- name: cubes
SELECT uid, id FROM cube WHERE uid > ? ORDER BY uid LIMIT ?;

-- name: versions
SELECT uid, row, * FROM version WHERE uid BETWEEN ? AND ? ORDER BY uid, row;

-- name: contents
SELECT o.uid, c.cid, c.body, c.sealed, c.packed FROM (SELECT DISTINCT uid, cid FROM version WHERE uid BETWEEN ? AND ?) o
JOIN content c ON c.cid = o.cid;

-- name: vectors
SELECT o.uid, x.cid, x.tid, x.seq, x.attempts, x.body FROM (SELECT DISTINCT uid, cid FROM version WHERE uid BETWEEN ? AND ?) o
JOIN vector x ON x.cid = o.cid;

-- name: seal
INSERT INTO sealed (kind, number, uid, body) VALUES (?, ?, ?, ?);

-- name: mark
INSERT INTO sealing (uid, mark) VALUES (?, ?);

-- name: bare_content
INSERT OR IGNORE INTO content (cid, body, sealed, packed) VALUES (?, '', ?, ?);

-- name: bare_vector
INSERT OR IGNORE INTO vector (cid, tid, seq, attempts, body) VALUES (?, ?, ?, ?, NULL);

-- name: marks
SELECT s.uid, c.id, s.mark FROM sealing s JOIN cube c ON c.uid = s.uid WHERE s.uid > ? ORDER BY s.uid LIMIT ?;

-- name: sealed_versions
SELECT v.uid, v.row, s.body, v.* FROM version v LEFT JOIN sealed s ON s.kind = 1 AND s.number = v.row AND s.uid = v.uid
WHERE v.uid BETWEEN ? AND ?;

-- name: sealed_contents
SELECT s.uid, s.number, s.body, c.sealed, c.packed FROM (SELECT DISTINCT uid, cid FROM version WHERE uid BETWEEN ? AND ?) o
JOIN sealed s ON s.kind = 2 AND s.number = o.cid AND s.uid = o.uid JOIN content c ON c.cid = o.cid;

-- name: sealed_vectors
SELECT o.uid, x.cid, s.body, x.tid, x.seq, x.attempts FROM (SELECT DISTINCT uid, cid FROM version WHERE uid BETWEEN ? AND ?) o
JOIN vector x ON x.cid = o.cid LEFT JOIN sealed s ON s.kind = 3 AND s.number = o.cid AND s.uid = o.uid;

-- name: content
INSERT OR IGNORE INTO content (cid, body, sealed, packed) VALUES (?, ?, ?, ?);

-- name: vector
INSERT OR IGNORE INTO vector (cid, tid, seq, attempts, body) VALUES (?, ?, ?, ?, ?);

-- name: touched
SELECT DISTINCT nid FROM version WHERE uid = ?;

-- name: purged
UPDATE namespace SET purged = (SELECT ifnull(max(seq), 0) FROM commit_log) WHERE nid = ?;

-- name: gone
CREATE TEMP TABLE gone (uid INTEGER PRIMARY KEY);

-- name: add_gone
INSERT INTO gone (uid) VALUES (?);

-- name: drop_gone
DELETE FROM edge WHERE source IN (SELECT uid FROM gone) OR target IN (SELECT uid FROM gone);
DELETE FROM usage WHERE uid IN (SELECT uid FROM gone);
DELETE FROM version_vector WHERE uid IN (SELECT uid FROM gone);
DELETE FROM cube WHERE uid IN (SELECT uid FROM gone);
DROP TABLE gone;

-- name: standing
SELECT 1 FROM cube WHERE id = ?;
