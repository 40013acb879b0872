-- The statements that erase memories, by name. They share the tables `doomed` and `left_*` with purge.sql.

-- name: erased
CREATE TEMP TABLE IF NOT EXISTS erased (uid INTEGER PRIMARY KEY);
DELETE FROM erased;

-- name: erase_cube
INSERT OR IGNORE INTO erased SELECT uid FROM cube WHERE tid = ? AND id = ?;

-- name: made_since
SELECT 1 FROM erased x JOIN edge e ON e.target = x.uid WHERE e.seq > ?1 AND e.relation IN (SELECT value FROM json_each(?2))
AND NOT EXISTS (SELECT 1 FROM erased o WHERE o.uid = e.source) LIMIT 1;

-- name: open_branches
SELECT bid FROM branch WHERE tid = ?1 AND closed IS NULL AND substr(name, 1, length(?2)) = ?2;

-- name: close_branch
UPDATE branch SET closed = ? WHERE bid = ?;

-- name: unname_branches
UPDATE branch SET name = 'erased' WHERE tid = ?1 AND closed IS NOT NULL AND substr(name, 1, length(?2)) = ?2;

-- name: drop_snapshots
DELETE FROM snapshot WHERE tid = ? AND owner = ?;

-- name: doom
INSERT OR IGNORE INTO doomed SELECT v.row, v.uid, v.nid, v.cid FROM erased x JOIN version v ON v.uid = x.uid;

-- name: owners
SELECT c.id, c.provenance, min(v.owner) FROM erased x JOIN cube c ON c.uid = x.uid JOIN version v ON v.uid = c.uid GROUP BY c.uid;

-- name: bury
INSERT OR REPLACE INTO tombstone (id, tid, provenance, owner, seq) VALUES (?, ?, ?, ?, ?);

-- name: tombstone
SELECT seq FROM tombstone WHERE tid = ?2 AND (id = ?1 OR provenance = ?1) LIMIT 1;

-- name: count
SELECT (SELECT count(*) FROM erased), (SELECT count(*) FROM doomed), (SELECT count(DISTINCT cid) FROM doomed),
  (SELECT count(*) FROM vector WHERE body IS NOT NULL AND cid IN (SELECT cid FROM doomed)),
  (SELECT count(*) FROM edge WHERE source IN (SELECT uid FROM erased) OR target IN (SELECT uid FROM erased)),
  (SELECT count(*) FROM usage WHERE uid IN (SELECT uid FROM erased));

-- What stands in the rows that go, so that the bytes of the files can be searched for it afterwards.
-- name: bodies
SELECT x.body, v.body, t.hashes FROM (SELECT DISTINCT cid FROM doomed) d JOIN content x ON x.cid = d.cid
LEFT JOIN vector v ON v.cid = d.cid LEFT JOIN term t ON t.cid = d.cid;

-- name: names
SELECT DISTINCT v.speaker, v.session, v.metadata, t.key FROM doomed d JOIN version v ON v.row = d.row
LEFT JOIN cube_tag k ON k.row = v.row LEFT JOIN tag t ON t.tag = k.tag;

-- name: blobs
SELECT DISTINCT x.body FROM doomed d JOIN version v ON v.row = d.row JOIN content x ON x.cid = d.cid WHERE v.type <> 'plaintext';

-- name: lists
SELECT DISTINCT v.aid, v.nid FROM doomed d JOIN version v ON v.row = d.row WHERE v.aid IS NOT NULL;

-- name: drop_listing
DELETE FROM listing WHERE aid = ?1 AND nid = ?2 AND NOT EXISTS (SELECT 1 FROM version v WHERE v.nid = ?2 AND v.aid = ?1);

-- name: drop_empty_listings
DELETE FROM listing WHERE nid IN (SELECT n.nid FROM namespace n WHERE n.tid = ? AND n.own IS NULL
  AND NOT EXISTS (SELECT 1 FROM version v WHERE v.nid = n.nid)) RETURNING aid;

-- name: others
SELECT c.id FROM left_cube l JOIN cube c ON c.uid = l.uid WHERE NOT EXISTS (SELECT 1 FROM erased x WHERE x.uid = l.uid);

-- name: drop_entries
DELETE FROM acl_entry WHERE aid = ?1 AND NOT EXISTS (SELECT 1 FROM version WHERE aid = ?1)
AND NOT EXISTS (SELECT 1 FROM namespace WHERE own = ?1 OR aid = ?1) AND NOT EXISTS (SELECT 1 FROM listing WHERE aid = ?1);

-- name: drop_list
DELETE FROM acl WHERE aid = ?1 AND NOT EXISTS (SELECT 1 FROM version WHERE aid = ?1)
AND NOT EXISTS (SELECT 1 FROM namespace WHERE own = ?1 OR aid = ?1) AND NOT EXISTS (SELECT 1 FROM listing WHERE aid = ?1);

-- name: drop_tags
DELETE FROM tag WHERE tid = ? AND NOT EXISTS (SELECT 1 FROM cube_tag k WHERE k.tag = tag.tag);

-- name: drop_namespaces
DELETE FROM namespace WHERE tid = ? AND own IS NULL AND NOT EXISTS (SELECT 1 FROM version v WHERE v.nid = namespace.nid);

-- name: repeats
SELECT key, ids FROM idempotency;

-- name: blank_repeat
UPDATE idempotency SET fingerprint = x'', ids = ? WHERE key = ?;

-- name: set_erased
UPDATE tenant SET erased = ? WHERE tid = ?;

-- name: add_erasure
INSERT INTO erasure (seq, at, tid, call_id, caller, ids, others, told, blobs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- What was erased, as it is told. `{which}` is one of the next four.
-- name: erasures
SELECT e.seq, e.at, t.name, e.call_id, e.caller, e.ids, e.others, e.told, e.blobs, e.copies, e.removed, e.rewritten, e.receipt FROM erasure e JOIN tenant t ON t.tid = e.tid
WHERE {which} ORDER BY e.seq;

-- name: pending
e.receipt IS NULL;

-- name: of_tenant
t.name = ?;

-- name: by_commit
e.seq = ?;

-- name: by_call
e.call_id = ?;

-- name: head
SELECT ifnull(max(seq), 0) FROM commit_log;

-- name: mark_rewritten
UPDATE erasure SET rewritten = 1 WHERE seq <= ? AND receipt IS NULL;

-- name: count_removed
UPDATE erasure SET copies = copies + ?, removed = max(removed, ?) WHERE seq = ?;

-- name: settle
UPDATE erasure SET receipt = ?, blobs = '[]' WHERE seq = ? AND receipt IS NULL;

-- name: still_there
SELECT count(*) FROM cube WHERE id IN (SELECT unhex(value) FROM json_each(?));

-- name: unowned
SELECT EXISTS (SELECT 1 FROM content c WHERE NOT EXISTS (SELECT 1 FROM version v WHERE v.cid = c.cid))
OR EXISTS (SELECT 1 FROM vector x WHERE NOT EXISTS (SELECT 1 FROM content c WHERE c.cid = x.cid))
OR EXISTS (SELECT 1 FROM term t WHERE NOT EXISTS (SELECT 1 FROM content c WHERE c.cid = t.cid));

-- name: other_bodies
SELECT x.body FROM version v INDEXED BY version_derived JOIN cube c ON c.uid = v.uid JOIN tenant t ON t.tid = c.tid
JOIN content x ON x.cid = v.cid
WHERE v.type <> 'plaintext' AND v.bid = 0 AND v.seq_end = 9223372036854775807 AND v.state <> 'expired' AND t.name = ?;

-- All that the rows that stand hold: what others said in the same words is no rest of what was erased.
-- name: standing
SELECT body FROM content UNION ALL SELECT body FROM vector WHERE body IS NOT NULL UNION ALL SELECT hashes FROM term
UNION ALL SELECT header FROM version UNION ALL SELECT metadata FROM version WHERE metadata IS NOT NULL
UNION ALL SELECT speaker FROM version WHERE speaker IS NOT NULL UNION ALL SELECT session FROM version WHERE session IS NOT NULL
UNION ALL SELECT key FROM tag UNION ALL SELECT told FROM erasure UNION ALL SELECT path FROM namespace;

-- What a store that is made of a backup has of those who left.
-- name: all_snapshots
SELECT s.tid, t.name, s.owner, s.name, s.at FROM snapshot s JOIN tenant t ON t.tid = s.tid;

-- name: drop_snapshot
DELETE FROM snapshot WHERE tid = ? AND owner = ? AND name = ?;

-- name: all_branches
SELECT b.bid, t.name, substr(b.name, 1, instr(b.name, '/')), b.opened FROM branch b JOIN tenant t ON t.tid = b.tid;

-- name: end_branch
UPDATE branch SET name = 'erased', closed = ifnull(closed, (SELECT max(seq) FROM commit_log)) WHERE bid = ?;

-- name: all_tenants
SELECT tid FROM tenant;

-- name: drop_all_entries
DELETE FROM acl_entry WHERE NOT EXISTS (SELECT 1 FROM version v WHERE v.aid = acl_entry.aid)
AND NOT EXISTS (SELECT 1 FROM namespace n WHERE n.own = acl_entry.aid OR n.aid = acl_entry.aid)
AND NOT EXISTS (SELECT 1 FROM listing m WHERE m.aid = acl_entry.aid);

-- name: drop_lists
DELETE FROM acl WHERE NOT EXISTS (SELECT 1 FROM version v WHERE v.aid = acl.aid)
AND NOT EXISTS (SELECT 1 FROM namespace n WHERE n.own = acl.aid OR n.aid = acl.aid) AND NOT EXISTS (SELECT 1 FROM listing m WHERE m.aid = acl.aid);
