-- What the doctor reads in order to compute for itself, by name.

-- name: commits
SELECT seq, at, tid, bid, operation, call_id, caller, writes, counts, took, hash FROM commit_log ORDER BY seq;

-- name: written
SELECT v.seq, c.id, v.version FROM version v JOIN cube c ON c.uid = v.uid ORDER BY v.seq;

-- name: standing
SELECT EXISTS (SELECT 1 FROM cube c JOIN tenant t ON t.tid = c.tid WHERE c.id = ?1 AND t.horizon < ?2)
AND NOT EXISTS (SELECT 1 FROM commit_log l JOIN branch b ON b.bid = l.bid WHERE l.seq = ?2 AND b.closed IS NOT NULL);

-- name: bodies
SELECT cid, CAST(body AS BLOB), packed FROM content WHERE sealed = 0;

-- name: vectors
SELECT cid, substr(body, 1, 4 * (SELECT value FROM meta WHERE key = 'dimensions')) FROM vector WHERE body IS NOT NULL;

-- name: namespaces
SELECT n.nid, n.tid, n.path, o.entries, a.entries FROM namespace n
LEFT JOIN acl o ON o.aid = n.own LEFT JOIN acl a ON a.aid = n.aid ORDER BY n.tid, n.path;

-- name: key
SELECT value FROM meta WHERE key = 'key';

-- name: shape
SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'view') OR name NOT GLOB 'sqlite_*';

-- name: schema
SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL;

-- name: all_tenants
SELECT name FROM tenant;

-- Of what is derived and stands.
-- name: blobs
SELECT t.name, c.id, x.body FROM version v INDEXED BY version_derived JOIN cube c ON c.uid = v.uid JOIN tenant t ON t.tid = c.tid
JOIN content x ON x.cid = v.cid
WHERE v.type <> 'plaintext' AND v.bid = 0 AND v.seq_end = 9223372036854775807 AND v.state <> 'expired' ORDER BY c.id;
