-- The statements of retention and holds, by name. `{kept}` and `{worn}` come from holding.py, `{grant}` from filter_sql.py.

-- name: kept
EXISTS (SELECT 1 FROM version h JOIN cube ch ON ch.uid = h.uid JOIN namespace nh ON nh.nid = h.nid
WHERE h.uid = {uid} AND ({conditions}));

-- name: held
SELECT c.id FROM json_each(?) asked JOIN cube c ON c.id = unhex(asked.value) WHERE c.tid = ? AND {kept};

-- name: standing
v.bid = 0 AND v.seq_end = 9223372036854775807 AND v.state IN (SELECT value FROM json_each(?)) AND v.frozen <= ?;

-- name: heat
(ifnull(u.heat, 0) * pow(2, ifnull(u.last_used_at - ?, 0) * 1.0 / ?));

-- The span of idleness doubles with every 25 points of priority.
-- name: lasted
max(ifnull((SELECT l.at FROM commit_log l WHERE l.seq = v.seq), v.created_at), v.updated_at, v.created_at,
  ifnull(u.last_used_at, v.created_at)) < ? - ? * pow(2, v.priority / 25.0);

-- name: worn
SELECT c.id, v.uid FROM version v JOIN cube c ON c.uid = v.uid JOIN namespace n ON n.nid = v.nid LEFT JOIN usage u ON u.uid = v.uid
WHERE v.uid > ? AND c.tid = ? AND {worn} ORDER BY v.uid LIMIT ?;

-- name: tally
SELECT n.path, count(*), sum(octet_length(x.body)), sum({heat}), max(u.last_used_at), sum({lasted})
FROM namespace n JOIN version v INDEXED BY version_present ON v.nid = n.nid JOIN cube c ON c.uid = v.uid JOIN content x ON x.cid = v.cid
LEFT JOIN usage u ON u.uid = v.uid
WHERE n.tid = ? AND {worn} AND ({grant}) GROUP BY n.nid ORDER BY n.path;

-- name: hottest
SELECT n.path, sum({heat}) FROM namespace n JOIN version v INDEXED BY version_present ON v.nid = n.nid JOIN usage u ON u.uid = v.uid
WHERE v.bid = 0 AND v.seq_end = 9223372036854775807 AND n.tid = ? GROUP BY n.nid ORDER BY 2 DESC, n.path LIMIT ?;
