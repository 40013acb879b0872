-- The statements that count how much of a tenant stands, by name.

-- The end of the chain at a commit, and whether rows went without a successor since: purged, erased, of a closed branch, or deflated.
-- name: went
SELECT (SELECT hash FROM commit_log WHERE seq = ?3), EXISTS (SELECT 1 FROM commit_log WHERE tid = ?1 AND seq > ?2
AND (operation = 'erase' OR counts ->> 'purged' OR counts ->> 'closed' OR counts ->> 'packed'));

-- Rows that this commit has closed stood before it.
-- name: stored
SELECT v.owner, count(*), sum(octet_length(x.body)) FROM namespace n JOIN version v ON v.nid = n.nid JOIN content x ON x.cid = v.cid
WHERE n.tid = ? AND v.seq < ? AND v.seq_end >= ? AND v.state <> 'expired' GROUP BY v.owner;

-- name: since
SELECT own, owner, sum(count), sum(size) FROM (
  SELECT v.seq = :seq AS own, v.owner AS owner, 1 AS count, octet_length(x.body) AS size
  FROM version v CROSS JOIN namespace n ON n.nid = v.nid CROSS JOIN content x ON x.cid = v.cid
  WHERE v.row > :row AND n.tid = :tid AND v.state <> 'expired'
  UNION ALL
  SELECT v.seq = :seq, p.owner, -1, -octet_length(x.body)
  FROM version v CROSS JOIN namespace n ON n.nid = v.nid
  CROSS JOIN version p ON p.uid = v.uid AND p.bid = v.bid
    AND p.seq = (SELECT max(q.seq) FROM version q WHERE q.uid = v.uid AND q.bid = v.bid AND q.seq < v.seq)
  CROSS JOIN content x ON x.cid = p.cid
  WHERE v.row > :row AND n.tid = :tid AND p.state <> 'expired')
GROUP BY own, owner;
