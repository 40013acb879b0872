-- The statements of the access journal, by name.

-- name: begin_and_last
BEGIN IMMEDIATE; SELECT aseq, hash FROM access ORDER BY aseq DESC LIMIT 1;

-- name: insert
INSERT INTO access (aseq, at, call_id, tenant, caller, operation, status, grant_hash, seq, branch, hits, withheld, took, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: commit
COMMIT;

-- name: rollback
ROLLBACK;

-- name: identity
SELECT value FROM meta WHERE key = 'id';

-- name: rows
SELECT aseq, at, call_id, tenant, caller, operation, status, grant_hash, seq, branch, hits, withheld, took FROM access WHERE aseq > ? ORDER BY aseq LIMIT ?;

-- Rows of one tenant; `{rows}` is one of the next two, `{direction}` is DESC or ASC. An id stands first in its hit.
-- name: log
SELECT a.aseq, a.at, a.call_id, a.tenant, a.caller, a.operation, a.status, a.grant_hash, a.seq, a.branch, a.hits, a.withheld, a.took
FROM {rows}
WHERE a.tenant = :tenant AND a.aseq <= :upto AND (a.at, a.aseq) > (:low, :low_number) AND (a.at, a.aseq) < (:high, :high_number)
  AND (:callers IS NULL OR a.caller IN (SELECT unhex(value) FROM json_each(:callers)))
  AND (:whole IS NULL OR a.caller = :whole OR length(a.hits) > 2)
  AND (:operations IS NULL OR a.operation IN (SELECT value FROM json_each(:operations)))
  AND (:statuses IS NULL OR a.status IN (SELECT value FROM json_each(:statuses)))
  AND (:cubes IS NULL OR EXISTS (SELECT 1 FROM json_each(:cubes) c WHERE instr(a.hits, '["' || c.value || '",') > 0))
ORDER BY a.at {direction}, a.aseq {direction} LIMIT :limit;

-- name: by_time
access a INDEXED BY access_by_time;

-- name: by_call
(SELECT DISTINCT unhex(value) AS id FROM json_each(:calls)) w JOIN access a INDEXED BY access_by_call ON a.call_id = w.id;

-- name: uses
SELECT aseq, tenant, at, iif(branch = '', hits, '[]') FROM access WHERE aseq > ? ORDER BY aseq LIMIT ?;

-- name: last
SELECT ifnull(max(aseq), 0) FROM access;

-- name: sealed
SELECT aseq, at, call_id, tenant, caller, operation, status, grant_hash, seq, branch, hits, withheld, took, hash
FROM access ORDER BY aseq;
