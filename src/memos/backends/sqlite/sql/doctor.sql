-- What the doctor looks for, by the code of the fault. Each statement gives one row a place: what it is, and its number.

-- name: cube_without_version
SELECT 'cube', c.uid FROM cube c WHERE NOT EXISTS (SELECT 1 FROM version v WHERE v.uid = c.uid);

-- name: erased_stands
SELECT 'cube', c.uid FROM tombstone g JOIN cube c ON c.id = g.id AND c.tid = g.tid;

-- name: content_unused
SELECT 'content', c.cid FROM content c WHERE NOT EXISTS (SELECT 1 FROM version v WHERE v.cid = c.cid);

-- name: validity_reversed
SELECT 'version', row FROM version WHERE seq_end <= seq
UNION ALL SELECT 'edge from cube', source FROM edge WHERE seq_end <= seq;

-- name: two_open_rows
SELECT 'version', row FROM (SELECT row, seq_end, lead(seq) OVER (PARTITION BY uid, bid ORDER BY seq) AS next FROM version)
WHERE next IS NOT NULL AND seq_end = 9223372036854775807;

-- name: versions_overlap
SELECT 'version', row FROM (SELECT row, seq_end, lead(seq) OVER (PARTITION BY uid, bid ORDER BY seq) AS next FROM version)
WHERE seq_end > next AND seq_end < 9223372036854775807;

-- name: versions_gap
SELECT 'version', row FROM (SELECT row, seq_end, lead(seq, 1, 9223372036854775807) OVER (PARTITION BY uid, bid ORDER BY seq) AS next FROM version)
WHERE seq_end < next AND row NOT IN (
  SELECT v.row FROM branch b JOIN version v ON v.bid = b.bid AND v.bid <> 0 AND v.seq_end = b.closed WHERE b.closed IS NOT NULL);

-- name: versions_misnumbered
SELECT 'version', row FROM (
  SELECT row, sid, version, lag(version) OVER versions AS before, lag(sid) OVER versions AS origin
  FROM version WINDOW versions AS (PARTITION BY uid, bid ORDER BY seq))
WHERE version < 1 OR version < before OR (version > before + 1 AND sid = origin);

-- name: commit_missing
SELECT 'version', row FROM version v WHERE NOT EXISTS (SELECT 1 FROM commit_log l WHERE l.seq = v.seq)
  OR v.seq_end < 9223372036854775807 AND NOT EXISTS (SELECT 1 FROM commit_log l WHERE l.seq = v.seq_end)
UNION ALL SELECT 'edge from cube', source FROM edge e WHERE NOT EXISTS (SELECT 1 FROM commit_log l WHERE l.seq = e.seq)
  OR e.seq_end < 9223372036854775807 AND NOT EXISTS (SELECT 1 FROM commit_log l WHERE l.seq = e.seq_end)
UNION ALL SELECT 'vector of content', cid FROM vector x WHERE NOT EXISTS (SELECT 1 FROM commit_log l WHERE l.seq = x.seq)
UNION ALL SELECT 'branch', bid FROM branch b WHERE NOT EXISTS (SELECT 1 FROM commit_log l WHERE l.seq = b.opened)
UNION ALL SELECT 'namespace', nid FROM namespace WHERE last_seq > (SELECT ifnull(max(seq), 0) FROM commit_log)
UNION ALL SELECT 'repeated call of commit', seq FROM idempotency i WHERE NOT EXISTS (SELECT 1 FROM commit_log l WHERE l.seq = i.seq);

-- name: branch_missing
SELECT 'version', row FROM version WHERE bid <> 0 AND bid NOT IN (SELECT bid FROM branch)
UNION ALL SELECT 'edge from cube', source FROM edge WHERE bid <> 0 AND bid NOT IN (SELECT bid FROM branch)
UNION ALL SELECT 'commit', seq FROM commit_log WHERE bid <> 0 AND bid NOT IN (SELECT bid FROM branch);

-- name: tenants_mixed
SELECT 'version', v.row FROM version v JOIN cube c ON c.uid = v.uid JOIN namespace n ON n.nid = v.nid WHERE c.tid <> n.tid
UNION ALL SELECT 'content', v.cid FROM version v JOIN cube c ON c.uid = v.uid GROUP BY v.cid HAVING min(c.tid) <> max(c.tid)
UNION ALL SELECT 'vector of content', x.cid FROM vector x JOIN version v ON v.cid = x.cid JOIN cube c ON c.uid = v.uid WHERE c.tid <> x.tid
UNION ALL SELECT 'tag of version', k.row FROM cube_tag k JOIN tag t ON t.tag = k.tag JOIN version v ON v.row = k.row JOIN cube c ON c.uid = v.uid
  WHERE c.tid <> t.tid
UNION ALL SELECT 'edge from cube', e.source FROM edge e JOIN cube s ON s.uid = e.source JOIN cube t ON t.uid = e.target WHERE s.tid <> t.tid;

-- name: namespace_behind
SELECT 'namespace', nid FROM namespace n WHERE last_seq < max(
  (SELECT ifnull(max(seq), 0) FROM version v WHERE v.nid = n.nid),
  (SELECT ifnull(max(seq_end), 0) FROM version v WHERE v.nid = n.nid AND v.seq_end < 9223372036854775807))
UNION SELECT 'namespace', n.nid FROM vector x JOIN version v ON v.cid = x.cid JOIN namespace n ON n.nid = v.nid
  WHERE x.body IS NOT NULL AND n.last_seq < x.seq AND v.seq_end > x.seq;

-- name: fact_twice
SELECT 'version', max(row) FROM version WHERE fact IS NOT NULL AND seq_end = 9223372036854775807 GROUP BY nid, fact, owner, bid HAVING count(*) > 1;

-- name: turn_twice
SELECT 'version', max(row) FROM version WHERE session IS NOT NULL AND ordinal IS NOT NULL AND state <> 'expired' AND seq_end = 9223372036854775807
GROUP BY nid, session, ordinal, bid HAVING count(*) > 1;

-- name: header_broken
SELECT 'version', row FROM version WHERE NOT json_valid(header) OR NOT json_valid(ifnull(metadata, '{}'))
UNION ALL SELECT 'access list', aid FROM acl WHERE NOT json_valid(entries)
UNION ALL SELECT 'commit', seq FROM commit_log WHERE NOT json_valid(counts);

-- name: tags_wrong
SELECT 'version', row FROM version v WHERE CASE WHEN json_valid(header) THEN
  (SELECT count(*) FROM cube_tag k WHERE k.row = v.row)
    <> (SELECT count(DISTINCT json_array(j.value ->> 0, j.value ->> 1, j.value ->> 2)) FROM json_each(v.header, '$.t') j)
  OR EXISTS (SELECT 1 FROM json_each(v.header, '$.t') j WHERE NOT EXISTS (
    SELECT 1 FROM cube_tag k JOIN tag t ON t.tag = k.tag
    WHERE k.row = v.row AND t.name = j.value ->> 0 AND t.value IS j.value ->> 1 AND t.own = (j.value ->> 2 = 'user'))) END;

-- name: acl_unlisted
SELECT 'access list', a.aid FROM acl a WHERE json_valid(a.entries) AND EXISTS (
  SELECT 1 FROM json_each(a.entries) e WHERE NOT EXISTS (SELECT 1 FROM acl_entry i WHERE i.entry = e.value AND i.aid = a.aid))
UNION SELECT 'version', row FROM version v WHERE aid IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM listing m WHERE m.aid = v.aid AND m.nid = v.nid);

-- name: term_missing
SELECT 'content', c.cid FROM content c WHERE c.sealed = 0 AND NOT EXISTS (SELECT 1 FROM term t WHERE t.cid = c.cid)
  AND EXISTS (SELECT 1 FROM version v WHERE v.cid = c.cid AND v.type = 'plaintext');

-- name: term_broken
SELECT 'content', cid FROM term WHERE length(hashes) % 8 <> 0 OR length(hashes) <> 4 * length(counts);

-- name: vector_missing
SELECT 'content', c.cid FROM content c WHERE NOT EXISTS (SELECT 1 FROM vector x WHERE x.cid = c.cid)
  AND EXISTS (SELECT 1 FROM version v WHERE v.cid = c.cid AND v.type = 'plaintext') AND EXISTS (SELECT 1 FROM meta WHERE key = 'embedder');

-- name: vector_wrong_width
SELECT 'content', cid FROM vector
WHERE body IS NOT NULL AND ifnull(length(body) < 4 * (SELECT value FROM meta WHERE key = 'dimensions'), 1);

-- name: store_unknown
SELECT 'store', 0 WHERE NOT EXISTS (SELECT 1 FROM store WHERE id = (SELECT value FROM meta WHERE key = 'store_id'));
