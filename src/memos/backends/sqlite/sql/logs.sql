-- Questions to the log of commits, by name. `{rows}` is one of the first two, `{direction}` is DESC or ASC.

-- name: by_time
commit_log l INDEXED BY commit_log_by_time;

-- name: by_call
(SELECT DISTINCT unhex(value) AS id FROM json_each(:calls)) w JOIN commit_log l INDEXED BY commit_log_by_call ON l.call_id = w.id;

-- name: log
SELECT l.seq, l.at, t.name, ifnull(b.name, ''), l.operation, l.call_id, l.caller, l.writes, l.counts, l.took
FROM {rows} JOIN tenant t ON t.tid = l.tid LEFT JOIN branch b ON b.bid = l.bid
WHERE l.tid = :tid AND l.seq <= :upto AND (l.at, l.seq) > (:low, :low_number) AND (l.at, l.seq) < (:high, :high_number)
  AND (:callers IS NULL OR l.caller IN (SELECT unhex(value) FROM json_each(:callers)))
  AND (:whole IS NULL OR l.caller = :whole OR length(l.writes) > 0)
  AND (:operations IS NULL OR l.operation IN (SELECT value FROM json_each(:operations)))
  AND (:cubes IS NULL OR EXISTS (SELECT 1 FROM json_each(:cubes) c WHERE instr(l.writes, unhex(c.value)) > 0))
ORDER BY l.at {direction}, l.seq {direction} LIMIT :limit;

-- name: stood
SELECT DISTINCT c.id, v.version, n.path, v.type FROM cube c JOIN version v ON v.uid = c.uid JOIN namespace n ON n.nid = v.nid
WHERE c.id = ? AND v.version = ? AND c.tid = ?;

-- name: branch_names
SELECT DISTINCT name FROM branch WHERE tid = ?1 AND substr(name, 1, length(?2)) = ?2 ORDER BY name;
