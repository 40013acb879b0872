-- What is kept of texts beside the texts, by name.

-- name: texts
SELECT c.cid, n.name, v.speaker, v.role, c.body, t.hashes, t.counts, t.length, t.flags,
  (SELECT group_concat(DISTINCT hex(o.fact)) FROM version o WHERE o.cid = c.cid AND o.fact IS NOT NULL),
  v.header, v.sensitivity
FROM content c JOIN version v ON v.row = (SELECT min(o.row) FROM version o WHERE o.cid = c.cid)
JOIN cube u ON u.uid = v.uid JOIN tenant n ON n.tid = u.tid LEFT JOIN term t ON t.cid = c.cid
WHERE c.cid > ? AND c.sealed = 0 AND v.type = 'plaintext' ORDER BY c.cid LIMIT ?;

-- name: fact_rows
SELECT row, fact FROM version WHERE cid = ? AND fact IS NOT NULL ORDER BY row;
