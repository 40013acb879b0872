-- The statements that take rows away for good, by name.

-- name: needed
SELECT min(seq) FROM (SELECT min(seq) AS seq FROM snapshot WHERE tid = ?1
UNION ALL SELECT min(base) FROM branch WHERE tid = ?1 AND closed IS NULL);

-- name: set_horizon
UPDATE tenant SET horizon = ? WHERE tid = ?;

-- name: doomed
CREATE TEMP TABLE IF NOT EXISTS doomed (row INTEGER PRIMARY KEY, uid INTEGER NOT NULL, nid INTEGER NOT NULL, cid INTEGER NOT NULL);
DELETE FROM doomed;

-- name: doom_past
INSERT OR IGNORE INTO doomed SELECT v.row, v.uid, v.nid, v.cid FROM namespace n JOIN version v ON v.nid = n.nid
WHERE n.tid = ?1 AND v.bid = 0 AND v.seq_end > ?3 AND v.seq_end <= ?2 AND v.seq_end < 9223372036854775807;

-- name: doom_cube
INSERT OR IGNORE INTO doomed SELECT v.row, v.uid, v.nid, v.cid FROM cube c JOIN version v ON v.uid = c.uid WHERE c.tid = ? AND c.id = ?
AND EXISTS (SELECT 1 FROM version o WHERE o.uid = c.uid AND o.bid = 0 AND o.seq_end = 9223372036854775807 AND o.state = 'expired');

-- name: doom_branches
INSERT OR IGNORE INTO doomed SELECT v.row, v.uid, v.nid, v.cid FROM branch b JOIN version v ON v.bid = b.bid AND v.bid <> 0
WHERE b.tid = ? AND b.closed IS NOT NULL;

-- What holds keep stays; `{kept}` comes from holding.py.
-- name: spare
DELETE FROM doomed WHERE uid IN (SELECT v.uid FROM (SELECT DISTINCT uid FROM doomed) v WHERE {kept});

-- name: namespaces
SELECT DISTINCT nid FROM doomed;

-- name: mark
UPDATE namespace SET purged = ? WHERE nid = ?;

-- name: rows
SELECT count(*) FROM doomed;

-- name: drop_tags
DELETE FROM cube_tag WHERE row IN (SELECT row FROM doomed);

-- name: drop_versions
DELETE FROM version WHERE row IN (SELECT row FROM doomed);

-- name: left_contents
CREATE TEMP TABLE IF NOT EXISTS left_content (cid INTEGER PRIMARY KEY);
DELETE FROM left_content;
INSERT INTO left_content SELECT DISTINCT d.cid FROM doomed d WHERE NOT EXISTS (SELECT 1 FROM version v WHERE v.cid = d.cid);

-- name: drop_contents
DELETE FROM vector WHERE cid IN (SELECT cid FROM left_content);
DELETE FROM term WHERE cid IN (SELECT cid FROM left_content);
DELETE FROM content WHERE cid IN (SELECT cid FROM left_content);

-- name: left_cubes
CREATE TEMP TABLE IF NOT EXISTS left_cube (uid INTEGER PRIMARY KEY);
DELETE FROM left_cube;
INSERT INTO left_cube SELECT DISTINCT d.uid FROM doomed d WHERE NOT EXISTS (SELECT 1 FROM version v WHERE v.uid = d.uid);

-- name: drop_cubes
DELETE FROM edge WHERE source IN (SELECT uid FROM left_cube) OR target IN (SELECT uid FROM left_cube);
DELETE FROM usage WHERE uid IN (SELECT uid FROM left_cube);
DELETE FROM version_vector WHERE uid IN (SELECT uid FROM left_cube);
DELETE FROM cube WHERE uid IN (SELECT uid FROM left_cube);

-- name: drop_past_edges
DELETE FROM edge WHERE seq_end <= ? AND source IN (SELECT uid FROM cube WHERE tid = ?) AND NOT {source} AND NOT {target};

-- name: drop_branch_edges
DELETE FROM edge WHERE bid <> 0 AND bid IN (SELECT bid FROM branch WHERE tid = ? AND closed IS NOT NULL)
  AND NOT {source} AND NOT {target};
