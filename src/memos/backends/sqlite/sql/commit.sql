-- The statements of the one writer, by name.

-- name: begin
BEGIN IMMEDIATE;

-- name: commit
COMMIT;

-- name: rollback
ROLLBACK;

-- name: save
SAVEPOINT change;

-- name: release
RELEASE change;

-- name: undo
ROLLBACK TO change;

-- name: head
SELECT seq, hash FROM commit_log ORDER BY seq DESC LIMIT 1;

-- name: last_ids
SELECT max((SELECT ifnull(max(row), 0) FROM version), (SELECT ifnull(max(value), 0) FROM meta WHERE key = 'last_row')),
  max((SELECT ifnull(max(uid), 0) FROM cube), (SELECT ifnull(max(value), 0) FROM meta WHERE key = 'last_uid')),
  max((SELECT ifnull(max(cid), 0) FROM content), (SELECT ifnull(max(value), 0) FROM meta WHERE key = 'last_cid'));

-- name: graves
SELECT EXISTS (SELECT 1 FROM tombstone);

-- name: meta
SELECT value FROM meta WHERE key = ?;

-- name: set_meta
INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: store
SELECT sid FROM store WHERE id = (SELECT value FROM meta WHERE key = 'store_id');

-- name: tenant
SELECT tid FROM tenant WHERE name = ?;

-- name: add_tenant
INSERT INTO tenant (name) VALUES (?) RETURNING tid;

-- name: namespace
SELECT nid FROM namespace WHERE tid = ? AND path = ?;

-- name: add_namespace
INSERT INTO namespace (tid, path, aid, last_seq, purged) SELECT tid, ?2, ?3, erased, erased FROM tenant WHERE tid = ?1 RETURNING nid;

-- name: own_entries
SELECT a.entries FROM namespace n JOIN acl a ON a.aid = n.own WHERE n.tid = ? AND n.path IN (SELECT value FROM json_each(?));

-- name: set_own
UPDATE namespace SET own = ? WHERE nid = ?;

-- name: below
SELECT nid, path, aid FROM namespace WHERE tid = ?1 AND (path = ?2 OR (path > ?2 || '/' AND path < ?2 || '0'));

-- name: set_inherited
UPDATE namespace SET aid = ? WHERE nid = ?;

-- name: touch
UPDATE namespace SET last_seq = ? WHERE nid = ?;

-- name: last_seq
SELECT ifnull((SELECT last_seq FROM namespace WHERE tid = ?1 AND path = ?2), (SELECT erased FROM tenant WHERE tid = ?1));

-- name: acl
SELECT aid FROM acl WHERE entries = ?;

-- name: add_acl
INSERT INTO acl (entries) VALUES (?) RETURNING aid;

-- name: tag
SELECT tag FROM tag WHERE tid = ? AND key = ? AND name = ? AND own = ?;

-- name: add_tag
INSERT INTO tag (tid, name, value, key, own) VALUES (?, ?, ?, ?, ?) RETURNING tag;

-- name: branch
SELECT bid, base, opened FROM branch WHERE tid = ? AND name = ? AND closed IS NULL;

-- name: packable
SELECT body FROM content WHERE cid = ? AND packed = 0 AND sealed = 0;

-- name: pack
UPDATE content SET body = ?, packed = 1 WHERE cid = ?;

-- name: horizon
SELECT horizon FROM tenant WHERE tid = ?;

-- name: close_branch
UPDATE branch SET closed = ? WHERE tid = ? AND name = ? AND closed IS NULL;

-- name: branch_written
SELECT max(max(seq, iif(seq_end < 9223372036854775807, seq_end, 0))) FROM version WHERE bid = ? AND bid <> 0;

-- name: branch_namespaces
SELECT DISTINCT nid FROM version WHERE bid = ? AND bid <> 0 AND seq_end = 9223372036854775807;

-- name: end_branch_versions
UPDATE version SET seq_end = ?1 WHERE bid = ?2 AND bid <> 0 AND seq_end = 9223372036854775807 AND seq < ?1;

-- name: end_branch_edges
UPDATE edge SET seq_end = ?1 WHERE bid = ?2 AND bid <> 0 AND seq_end = 9223372036854775807 AND seq < ?1;

-- name: set_snapshot
INSERT INTO snapshot (tid, owner, name, seq, at) VALUES (?, ?, ?, ?, ?);

-- name: drop_snapshot
DELETE FROM snapshot WHERE tid = ? AND owner = ? AND name = ?;

-- name: add_entry
INSERT INTO acl_entry (entry, aid) SELECT value, ?2 FROM json_each(?1);

-- name: add_listing
INSERT OR IGNORE INTO listing (aid, nid) VALUES (?, ?);

-- name: end_rule
UPDATE rule SET seq_end = ?1 WHERE tid = ?2 AND kind = ?3 AND key = ?4 AND seq_end = 9223372036854775807;

-- name: add_rule
INSERT INTO rule (tid, kind, key, seq, body) VALUES (?2, ?3, ?4, ?1, ?5);

-- name: row_like
SELECT cid, type FROM version WHERE uid = ? AND seq = ?;

-- name: add_branch
INSERT INTO branch (tid, name, base, opened) VALUES (?, ?, ?, ?) RETURNING bid;

-- name: cube
SELECT uid, provenance FROM cube WHERE id = ? AND tid = ?;

-- name: fence
SELECT fence FROM worker WHERE name = ?;

-- name: elect
INSERT INTO worker (name, fence, cursor) VALUES (?, 1, 0) ON CONFLICT (name) DO UPDATE SET fence = fence + 1 RETURNING fence;

-- name: move_cursor
UPDATE worker SET cursor = ? WHERE name = ?;

-- name: stamp
PRAGMA data_version;

-- name: standing
SELECT v.row, v.bid, v.seq, v.nid, v.cid, v.aid, v.session, v.ordinal, v.type, v.state FROM version v WHERE v.uid = ? AND {visible};

-- name: fact
SELECT v.uid FROM version v WHERE v.nid = ? AND v.fact = ? AND v.owner = ? AND {visible};

-- name: turn
SELECT v.uid FROM version v WHERE v.nid = ? AND v.session = ? AND v.ordinal = ? AND v.state <> 'expired' AND {visible};

-- name: last_ordinal
SELECT max(ordinal) FROM version WHERE nid = ? AND session = ?;

-- name: add_cube
INSERT INTO cube (uid, tid, id, provenance) VALUES (?, ?, ?, ?);

-- name: add_content
INSERT INTO content (cid, body) VALUES (?, ?);

-- name: add_term
INSERT INTO term (cid, hashes, counts, length, flags) VALUES (?, ?, ?, ?, ?);

-- name: add_vector
INSERT INTO vector (cid, tid, seq, body) VALUES (?, ?, ?, ?);

-- name: close_version
UPDATE version SET seq_end = ? WHERE row = ?;

-- name: add_version
INSERT INTO version (row, bid, uid, seq, sid, version, nid, cid, aid, fact, layer, type, state, frozen, owner, sensitivity, priority,
  speaker, role, session, ordinal, said_at, created_at, updated_at, valid_from, valid_to, expires_at, metadata, unexamined, header)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: add_cube_tag
INSERT INTO cube_tag (row, tag) VALUES (?, ?);

-- name: add_edge
INSERT INTO edge (source, target, relation, bid, seq) SELECT ?1, ?2, ?3, ?4, ?5
WHERE NOT EXISTS (SELECT 1 FROM edge e WHERE e.source = ?1 AND e.target = ?2 AND e.relation = ?3 AND {visible});

-- name: end_edge
UPDATE edge SET seq_end = ?1 WHERE source = ?2 AND target = ?3 AND relation = ?4 AND bid = ?5 AND seq_end = 9223372036854775807 AND seq < ?1;

-- name: fill
UPDATE vector SET body = ?, seq = ? WHERE cid = ? AND tid = ? AND body IS NULL;

-- name: fail
UPDATE vector SET attempts = attempts + 1 WHERE cid = ? AND tid = ? AND body IS NULL;

-- name: namespaces_of_contents
SELECT DISTINCT nid FROM version WHERE cid IN (SELECT value FROM json_each(?));

-- name: usage
SELECT u.count, u.last_used_at, u.heat FROM usage u WHERE u.uid = ?;

-- name: set_usage
INSERT INTO usage (uid, count, last_used_at, heat) VALUES (?, ?, ?, ?)
ON CONFLICT (uid) DO UPDATE SET count = excluded.count, last_used_at = excluded.last_used_at, heat = excluded.heat;

-- name: add_idempotency
INSERT INTO idempotency (key, fingerprint, call_id, seq, ids) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING;

-- name: add_commit
INSERT INTO commit_log (seq, at, tid, bid, operation, call_id, caller, writes, counts, took, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: derived_since
SELECT 1 FROM version v INDEXED BY version_derived JOIN cube c ON c.uid = v.uid
WHERE v.type <> 'plaintext' AND v.bid = 0 AND v.seq_end = 9223372036854775807 AND v.state <> 'expired' AND v.seq > ?1 AND c.tid = ?2
AND (?3 IS NULL OR EXISTS (SELECT 1 FROM edge e JOIN cube s ON s.uid = e.target WHERE e.source = v.uid AND e.relation = 'derived_from'
  AND e.bid = 0 AND e.seq_end = 9223372036854775807 AND s.id IN (SELECT unhex(value) FROM json_each(?3)))) LIMIT 1;
