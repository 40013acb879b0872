-- The statements of a View, by name. `{visible}` and `{head}` come from sight.sql, `{filter}` and `{grant}` from filter_sql.py.

-- name: snapshot
SELECT (SELECT ifnull(max(seq), 0) FROM commit_log), (SELECT value FROM meta WHERE key = 'policy_epoch'),
  t.tid, ifnull(t.horizon, 0), ifnull(t.erased, 0),
  (SELECT value FROM meta WHERE key = 'embedder') FROM (SELECT ? AS name) AS asked LEFT JOIN tenant t ON t.name = asked.name;

-- name: branch
SELECT bid, base, opened FROM branch WHERE tid = ? AND name = ? AND closed IS NULL;

-- name: cube_columns
SELECT c.id, c.provenance, n.path, x.body, u.count, u.last_used_at, u.heat, v.seq, v.version, v.layer, v.type, v.state, v.frozen, v.owner,
  v.sensitivity, v.priority, v.speaker, v.role, v.session, v.ordinal, v.said_at, v.created_at, v.updated_at, v.valid_from, v.valid_to,
  v.expires_at, v.metadata, v.header;

-- name: get
{columns} FROM cube c JOIN version v ON v.uid = c.uid JOIN namespace n ON n.nid = v.nid JOIN content x ON x.cid = v.cid
LEFT JOIN usage u ON u.uid = v.uid {head}
WHERE c.id = ? AND c.tid = ? AND {visible} AND ({grant});

-- name: load
{columns} FROM version v JOIN cube c ON c.uid = v.uid JOIN namespace n ON n.nid = v.nid JOIN content x ON x.cid = v.cid
LEFT JOIN usage u ON u.uid = v.uid
WHERE v.row = ? AND c.tid = ? AND {visible};

-- name: versions
{columns} FROM cube c JOIN version v ON v.uid = c.uid JOIN namespace n ON n.nid = v.nid JOIN content x ON x.cid = v.cid
LEFT JOIN usage u ON u.uid = v.uid
WHERE c.id = ? AND c.tid = ? AND {visible} ORDER BY v.seq, v.row;

-- The newest row up to the View stands for the memory, whose head the grant reads.
-- name: may_see
SELECT 1 FROM cube c JOIN version v ON v.uid = c.uid JOIN namespace n ON n.nid = v.nid {head}
WHERE c.id = ? AND c.tid = ? AND {visible} AND ({grant}) LIMIT 1;

-- name: find
SELECT v.row, {key}, c.id FROM namespace n JOIN version v {index} ON v.nid = n.nid JOIN cube c ON c.uid = v.uid {head}
WHERE {within} AND {visible} AND ({filter}) AND ({grant}) AND {after} ORDER BY 2 {direction}, 3 {direction} LIMIT ?;

-- name: count
SELECT count(*) FROM namespace n JOIN version v {index} ON v.nid = n.nid JOIN cube c ON c.uid = v.uid {head}
WHERE {within} AND {visible} AND ({filter}) AND ({grant});

-- Two conditions on the namespaces of a listing: all of the tenant's, or those numbered in a JSON array.
-- name: within_tenant
n.tid = ?;

-- name: within_some
+n.tid = ? AND n.nid IN (SELECT value FROM json_each(?));

-- name: numbers_below
SELECT nid FROM namespace WHERE tid = ?1 AND (path = ?2 OR (path > ?2 || '/' AND path < ?2 || '0'));

-- name: namespace
SELECT n.nid, n.last_seq, n.purged, a.entries FROM namespace n LEFT JOIN acl a ON a.aid = n.aid WHERE n.tid = ? AND n.path = ?;

-- name: moment
SELECT max(seq) FROM commit_log WHERE tid = ? AND at <= ?;

-- name: time_of
SELECT at FROM commit_log WHERE tid = ? AND seq <= ? ORDER BY seq DESC LIMIT 1;

-- name: snapshots
SELECT name, seq, at FROM snapshot WHERE tid = ? AND owner = ? ORDER BY seq, name;

-- name: branches
SELECT b.name, b.base, b.opened, l.at FROM branch b JOIN commit_log l ON l.seq = b.opened
WHERE b.tid = ?1 AND b.closed IS NULL AND substr(b.name, 1, length(?2)) = ?2 ORDER BY b.name;

-- name: tombstone
SELECT seq FROM tombstone WHERE id = ? AND tid = ?;

-- name: extent
SELECT count(DISTINCT v.uid), count(*), count(DISTINCT v.cid), count(DISTINCT x.cid) FROM cube c JOIN version v ON v.uid = c.uid
LEFT JOIN vector x ON x.cid = v.cid AND x.body IS NOT NULL WHERE c.id IN (SELECT unhex(value) FROM json_each(?)) AND c.tid = ?;

-- name: left_behind
SELECT EXISTS (SELECT 1 FROM branch b CROSS JOIN version v ON v.bid = b.bid AND v.bid <> 0 WHERE b.tid = ? AND b.closed IS NOT NULL
  AND NOT {kept});

-- name: needed
SELECT min(seq) FROM (SELECT min(seq) AS seq FROM snapshot WHERE tid = ?1
UNION ALL SELECT min(base) FROM branch WHERE tid = ?1 AND closed IS NULL);

-- name: packable
SELECT x.cid FROM version v INDEXED BY version_archived JOIN content x ON x.cid = v.cid JOIN cube c ON c.uid = v.uid
WHERE v.cid > ?3 AND v.state = 'archived' AND v.bid = 0 AND v.seq_end = 9223372036854775807 AND v.type = 'plaintext' AND c.tid = ?1
  AND x.packed = 0 AND x.sealed = 0 AND octet_length(x.body) >= ?2 ORDER BY v.cid LIMIT ?4;

-- name: overlaid
SELECT c.id FROM version v JOIN cube c ON c.uid = v.uid WHERE v.bid = ?1 AND v.bid <> 0 AND v.seq <= ?2 AND v.seq_end > ?2;

-- name: purgeable
SELECT EXISTS (SELECT 1 FROM namespace n JOIN version v ON v.nid = n.nid
WHERE n.tid = ?1 AND v.seq_end <= ?2 AND v.seq_end > ?3 AND v.seq_end < 9223372036854775807 AND v.bid = 0);

-- name: changed
SELECT DISTINCT c.id FROM version v JOIN cube c ON c.uid = v.uid
WHERE v.nid IN (SELECT value FROM json_each(?1)) AND v.bid = ?2 AND (v.seq > ?3 AND v.seq <= ?4 OR v.seq_end > ?3 AND v.seq_end <= ?4)
ORDER BY v.uid;

-- name: due
SELECT c.id FROM version v INDEXED BY version_by_expiry JOIN cube c ON c.uid = v.uid
WHERE v.expires_at <= ? AND v.expires_at IS NOT NULL AND v.seq_end = 9223372036854775807 AND v.state <> 'expired'
  AND v.bid = 0 AND v.frozen = 0 AND c.tid = ? AND NOT {kept} ORDER BY v.expires_at LIMIT ?;

-- name: forgotten
SELECT c.id FROM version v INDEXED BY version_expired JOIN cube c ON c.uid = v.uid
WHERE v.seq <= ? AND v.state = 'expired' AND v.bid = 0 AND v.seq_end = 9223372036854775807 AND c.tid = ? AND NOT {kept}
ORDER BY v.seq LIMIT ?;

-- name: unexamined
SELECT c.id FROM version v INDEXED BY version_unexamined JOIN cube c ON c.uid = v.uid
WHERE v.unexamined IS NOT NULL AND v.bid = 0 AND v.seq_end = 9223372036854775807 AND c.tid = ?1 ORDER BY v.row LIMIT ?2;

-- name: allowed
SELECT c.id FROM json_each(?1) asked JOIN cube c ON c.id = unhex(asked.value) JOIN version v ON v.uid = c.uid
JOIN namespace n ON n.nid = v.nid {head}
WHERE c.tid = ?2 AND {visible} AND ({grant});

-- name: rules
SELECT key, body FROM rule WHERE tid = ? AND kind = ? AND seq_end = 9223372036854775807 ORDER BY key;

-- name: rule
SELECT body FROM rule WHERE tid = ? AND kind = ? AND key = ? AND seq_end = 9223372036854775807;

-- name: ruled
SELECT r.kind, r.key, r.body, r.seq, r.seq_end, a.at, a.caller, b.at, b.caller FROM rule r JOIN commit_log a ON a.seq = r.seq
LEFT JOIN commit_log b ON b.seq = r.seq_end
WHERE r.tid = ?1 AND (?2 IS NULL OR r.kind = ?2) ORDER BY r.seq, r.kind, r.key;

-- name: rule_anywhere
SELECT t.name, r.body FROM rule r JOIN tenant t ON t.tid = r.tid
WHERE r.kind = ?1 AND r.key = ?2 AND r.seq_end = 9223372036854775807 ORDER BY t.name;

-- name: opened
SELECT n.path FROM acl_entry i CROSS JOIN namespace n INDEXED BY namespace_owned ON n.own = i.aid AND n.own IS NOT NULL
WHERE i.entry IN (SELECT value FROM json_each(?2)) AND n.tid = ?1
UNION SELECT n.path FROM acl_entry i CROSS JOIN listing m ON m.aid = i.aid JOIN namespace n ON n.nid = m.nid
WHERE i.entry IN (SELECT value FROM json_each(?2)) AND n.tid = ?1 ORDER BY 1;

-- name: shared
SELECT EXISTS (SELECT 1 FROM listing m JOIN namespace n ON n.nid = m.nid WHERE n.tid = ?1)
  OR EXISTS (SELECT 1 FROM namespace n INDEXED BY namespace_owned WHERE n.own IS NOT NULL AND n.tid = ?1);

-- name: gates
SELECT DISTINCT i.entry FROM acl_entry i CROSS JOIN listing m ON m.aid = i.aid JOIN namespace n ON n.nid = m.nid
WHERE i.entry >= 'when:' AND i.entry < 'whenz' AND substr(i.entry, 1, 5) = 'when:' AND n.tid = ?1 ORDER BY 1;

-- name: own_entries
SELECT a.entries FROM namespace n JOIN acl a ON a.aid = n.own WHERE n.tid = ? AND n.path IN (SELECT value FROM json_each(?));

-- name: last_fill
SELECT ifnull(max(seq), 0) FROM vector WHERE body IS NOT NULL;

-- name: all_paths
SELECT path FROM namespace WHERE tid = ? ORDER BY path;

-- name: paths
SELECT path FROM namespace WHERE tid = ?1 AND (path = ?2 OR (path > ?2 || '/' AND path < ?2 || '0')) ORDER BY path;

-- name: namespaces
SELECT n.path, count(v.row), count(x.cid), n.last_seq FROM namespace n
LEFT JOIN version v ON v.nid = n.nid AND v.state <> 'expired' AND {visible}
LEFT JOIN vector x ON x.cid = v.cid AND x.body IS NULL
WHERE {within} GROUP BY n.nid ORDER BY n.path;

-- name: vectors
SELECT cid, body FROM vector WHERE cid = ? AND tid = ? AND body IS NOT NULL;

-- name: words
SELECT cid, substr(body, ?) FROM vector WHERE cid IN (SELECT value FROM json_each(?)) AND tid = ? AND body IS NOT NULL;

-- name: vectors_of
SELECT c.id, x.cid, x.body FROM cube c JOIN version v ON v.uid = c.uid JOIN vector x ON x.cid = v.cid
WHERE c.id = ? AND c.tid = ? AND x.body IS NOT NULL AND {visible};

-- name: facts
SELECT c.id FROM version v JOIN cube c ON c.uid = v.uid WHERE v.nid = ? AND v.fact = ? AND v.owner = ? AND {visible} ORDER BY v.uid LIMIT 1;

-- name: turns
SELECT v.ordinal, c.id FROM version v JOIN cube c ON c.uid = v.uid
WHERE v.nid = ? AND v.session = ? AND v.ordinal = ? AND v.state <> 'expired' AND {visible} ORDER BY v.uid LIMIT 1;

-- name: next_ordinal
SELECT ifnull(max(ordinal) + 1, 0) FROM version WHERE nid = ? AND session = ?;

-- name: neighbours
WITH RECURSIVE near (uid, depth) AS (
  SELECT uid, 0 FROM cube WHERE tid = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2))
  UNION
  SELECT iif(e.source = near.uid, e.target, e.source), near.depth + 1 FROM near JOIN edge e ON (e.source = near.uid OR e.target = near.uid)
  WHERE near.depth + 1 < ?3 AND (?4 IS NULL OR e.relation IN (SELECT value FROM json_each(?4))) AND {visible})
SELECT DISTINCT s.id, t.id, e.relation FROM (SELECT DISTINCT uid FROM near) near JOIN edge e ON (e.source = near.uid OR e.target = near.uid)
JOIN cube s ON s.uid = e.source JOIN cube t ON t.uid = e.target
WHERE ?3 > 0 AND (?4 IS NULL OR e.relation IN (SELECT value FROM json_each(?4))) AND {visible}
ORDER BY s.id, t.id, e.relation;

-- The edges of some memories, in one direction, and of those that they lead to: of so many memories at most, the nearest.
-- name: edges_ahead
WITH RECURSIVE near (uid) AS (
  SELECT value FROM json_each(?1)
  UNION
  SELECT e.{far} FROM near CROSS JOIN edge e ON e.{near} = near.uid
  WHERE (?3 IS NULL OR +e.relation IN (SELECT value FROM json_each(?3))) AND {visible}
  LIMIT ?2)
SELECT near.uid, c.id, o.uid, o.id, e.relation FROM near CROSS JOIN cube c ON c.uid = near.uid
LEFT JOIN edge e ON e.{near} = near.uid AND (?3 IS NULL OR +e.relation IN (SELECT value FROM json_each(?3))) AND {visible}
LEFT JOIN cube o ON o.uid = e.{far};

-- The commits that wrote edges, or took some away for good: what each wrote, and how many edges, NULL where some went.
-- name: edges_written
SELECT seq, writes, iif(instr(counts, '"purged"') > 0, NULL, json_extract(counts, '$.edges')) FROM commit_log
WHERE tid = ? AND seq > ? AND seq <= ? AND (instr(counts, '"edges"') > 0 OR instr(counts, '"purged"') > 0) ORDER BY seq LIMIT ?;

-- name: edges_from
SELECT e.source, e.target FROM cube c JOIN edge e ON e.source = c.uid WHERE c.id = ? AND c.tid = ? AND e.seq = ?;

-- name: uid
SELECT uid FROM cube WHERE id = ? AND tid = ?;

-- The edges of memories that have few of them, in one direction; `crowded` tells of those that have many.
-- name: around
SELECT j.key, o.id, e.relation FROM json_each(?1) j JOIN edge e ON e.{near} = j.value AND {visible_edges}
JOIN version v ON v.uid = e.{far} AND {visible} JOIN cube o ON o.uid = e.{far} JOIN cube c ON c.uid = v.uid JOIN namespace n ON n.nid = v.nid {head}
WHERE (?2 IS NULL OR e.relation IN (SELECT value FROM json_each(?2))) AND ({filter}) AND ({grant}) ORDER BY j.key, e.relation, e.{far} DESC;

-- name: crowded
SELECT j.key, j.value FROM json_each(?1) j WHERE (SELECT count(*) FROM (SELECT 1 FROM edge d WHERE d.{near} = j.value LIMIT ?2 + 1)) > ?2;

-- name: relations_of
WITH RECURSIVE each (relation) AS (SELECT min(relation) FROM edge WHERE {near} = ?1
  UNION ALL SELECT (SELECT min(e.relation) FROM edge e WHERE e.{near} = ?1 AND e.relation > each.relation) FROM each WHERE relation IS NOT NULL)
SELECT relation FROM each WHERE relation IS NOT NULL;

-- name: around_one
SELECT c.id FROM edge e CROSS JOIN version v ON v.uid = e.{far} AND {visible} JOIN cube c ON c.uid = v.uid JOIN namespace n ON n.nid = v.nid {head}
WHERE e.{near} = ?1 AND e.relation = ?2 AND {visible_edges} AND ({filter}) AND ({grant}) ORDER BY e.{far} DESC LIMIT ?;

-- name: uids
SELECT c.uid FROM json_each(?1) j LEFT JOIN cube c ON c.id = unhex(j.value) AND c.tid = ?2 ORDER BY j.key;

-- name: tagged
SELECT v.row FROM cube_tag k CROSS JOIN version v ON v.row = k.row JOIN cube c ON c.uid = v.uid JOIN namespace n ON n.nid = v.nid {head}
WHERE k.tag = ?1 AND {visible} AND ({filter}) AND ({grant}) ORDER BY k.row DESC LIMIT ?;

-- name: tags_of_keys
SELECT tag FROM tag WHERE tid = ?1 AND key IN (SELECT value FROM json_each(?2));

-- name: tags_named
SELECT tag, value FROM tag WHERE tid = ?1 AND key > ?2 || '=' AND key < ?2 || '>' AND name = ?2 AND value IS NOT NULL
AND (?3 IS NULL OR EXISTS (SELECT 1 FROM json_each(?3) word WHERE instr(' ' || lower(tag.value) || ' ', word.value))) ORDER BY value;

-- name: count_tagged
SELECT count(*) FROM (SELECT 1 FROM cube_tag k CROSS JOIN version v ON v.row = k.row JOIN cube c ON c.uid = v.uid
JOIN namespace n ON n.nid = v.nid {head} WHERE k.tag = ?1 AND {visible} AND ({filter}) AND ({grant}) LIMIT ?);

-- Those of some memories that are not to be seen. SQLite leaves `c` out where the grant does not read the id.
-- name: hidden_among
SELECT j.value FROM json_each(?) j WHERE NOT EXISTS (
  SELECT 1 FROM version v JOIN namespace n ON n.nid = v.nid LEFT JOIN cube c ON c.uid = v.uid {head}
  WHERE v.uid = j.value AND {visible} AND ({grant}));

-- name: pending
SELECT x.cid, v.speaker, t.body, v.header, v.sensitivity FROM vector x JOIN content t ON t.cid = x.cid
JOIN version v ON v.row = (SELECT o.row FROM version o WHERE o.cid = x.cid ORDER BY o.row LIMIT 1)
WHERE x.tid = ? AND x.body IS NULL ORDER BY x.attempts, x.cid LIMIT ?;

-- name: replay
SELECT fingerprint, call_id, ids FROM idempotency WHERE key = ?;

-- name: events
SELECT l.seq, l.at, t.name, ifnull(b.name, ''), l.operation, l.call_id, l.caller, l.writes, l.counts, l.took
FROM commit_log l JOIN tenant t ON t.tid = l.tid LEFT JOIN branch b ON b.bid = l.bid
WHERE l.seq > ? ORDER BY l.seq LIMIT ?;

-- name: tenants
SELECT name FROM tenant ORDER BY name;

-- name: cursor
SELECT cursor FROM worker WHERE name = ?;

-- name: told_columns
SELECT v.row, v.uid, c.id, v.cid, v.seq, v.seq_end, ifnull(b.name, ''), v.state, v.type, v.frozen, v.layer, v.owner, a.entries, v.sensitivity,
  v.priority, (SELECT json_group_array(t.own || t.key) FROM cube_tag g JOIN tag t ON t.tag = g.tag WHERE g.row = v.row), v.speaker, v.role, v.session,
  v.ordinal, v.said_at, v.created_at, v.updated_at, v.valid_from, v.valid_to, v.expires_at, ifnull(v.metadata, '{}'), w.hashes, w.counts,
  w.length, w.flags;

-- name: feed
{columns}, x.body
FROM version v JOIN cube c ON c.uid = v.uid JOIN term w ON w.cid = v.cid
LEFT JOIN acl a ON a.aid = v.aid LEFT JOIN branch b ON b.bid = v.bid LEFT JOIN vector x ON x.cid = v.cid
WHERE v.nid = ? AND v.seq > ? AND (v.state IN ('archived', 'expired')) = ? ORDER BY v.seq, v.row;

-- name: told
{columns}
FROM cube c JOIN version v ON v.uid = c.uid JOIN term w ON w.cid = v.cid
LEFT JOIN acl a ON a.aid = v.aid LEFT JOIN branch b ON b.bid = v.bid
WHERE c.id = ? AND c.tid = ? AND {which} LIMIT 1;

-- name: ended
SELECT row, seq_end FROM version WHERE nid = ? AND seq_end > ? AND seq_end < 9223372036854775807
  AND (state IN ('archived', 'expired')) = ? ORDER BY seq_end, row;

-- name: filled
SELECT x.cid, x.body FROM vector x INDEXED BY vector_by_fill
WHERE x.seq > ?2 AND x.body IS NOT NULL
  AND EXISTS (SELECT 1 FROM version v INDEXED BY version_by_content WHERE v.cid = x.cid AND v.nid = ?1 AND v.seq <= ?2
    AND (v.state IN ('archived', 'expired')) = ?3);

-- name: derives
SELECT EXISTS (SELECT 1 FROM version INDEXED BY version_wordless WHERE type <> 'plaintext' AND uid > 0);

-- What is derived, with what it is derived of, by the canonical rows of now.
-- name: derived
SELECT c.id, s.id FROM version v INDEXED BY version_derived JOIN cube c ON c.uid = v.uid
LEFT JOIN edge e ON e.source = v.uid AND e.relation = 'derived_from' AND e.bid = 0 AND e.seq_end = 9223372036854775807
LEFT JOIN cube s ON s.uid = e.target
WHERE v.type <> 'plaintext' AND v.bid = 0 AND v.seq_end = 9223372036854775807 AND c.tid = ?1 AND v.state <> 'expired' AND v.seq > 0
AND (?2 IS NULL OR c.id IN (SELECT unhex(value) FROM json_each(?2))) ORDER BY c.id, s.id;

-- The same, with what is expired.
-- name: derived_ever
SELECT c.id, s.id FROM version v INDEXED BY version_wordless JOIN cube c ON c.uid = v.uid
LEFT JOIN edge e ON e.source = v.uid AND e.relation = 'derived_from' AND e.bid = 0 AND e.seq_end = 9223372036854775807
LEFT JOIN cube s ON s.uid = e.target
WHERE v.type <> 'plaintext' AND v.bid = 0 AND v.seq_end = 9223372036854775807 AND c.tid = ?1 AND v.uid > 0
AND (?2 IS NULL OR c.id IN (SELECT unhex(value) FROM json_each(?2))) ORDER BY c.id, s.id;
