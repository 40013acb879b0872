-- The statements that count how much of a tenant stands, by name.

-- name: chain
SELECT hash FROM commit_log WHERE seq = ?;

-- name: went
SELECT EXISTS (SELECT 1 FROM commit_log WHERE tid = ? AND seq > ?
AND (operation = 'erase' OR counts ->> 'purged' OR counts ->> 'closed' OR counts ->> 'packed'));

-- Rows that this commit has closed stood before it.
-- name: stored
SELECT v.owner, count(*), sum(octet_length(x.body)) FROM namespace n JOIN version v ON v.nid = n.nid JOIN content x ON x.cid = v.cid
WHERE n.tid = ? AND v.seq < ? AND v.seq_end >= ? AND v.state <> 'expired' GROUP BY v.owner;

-- name: since
SELECT owner, sum(count), sum(size) FROM (
  SELECT v.owner AS owner, 1 AS count, octet_length(x.body) AS size
  FROM version v JOIN namespace n ON n.nid = v.nid JOIN content x ON x.cid = v.cid
  WHERE v.row > :row AND v.seq >= :first AND v.seq < :end AND n.tid = :tid AND v.state <> 'expired'
  UNION ALL
  SELECT p.owner, -1, -octet_length(x.body)
  FROM version v JOIN namespace n ON n.nid = v.nid
  JOIN version p ON p.uid = v.uid AND p.bid = v.bid
    AND p.seq = (SELECT max(q.seq) FROM version q WHERE q.uid = v.uid AND q.bid = v.bid AND q.seq < v.seq)
  JOIN content x ON x.cid = p.cid
  WHERE v.row > :row AND v.seq >= :first AND v.seq < :end AND n.tid = :tid AND p.state <> 'expired')
GROUP BY owner;
