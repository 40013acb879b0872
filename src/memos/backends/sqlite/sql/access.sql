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

-- name: uses
SELECT aseq, tenant, at, iif(branch = '', hits, '[]') FROM access WHERE aseq > ? ORDER BY aseq LIMIT ?;

-- name: last
SELECT ifnull(max(aseq), 0) FROM access;

-- name: sealed
SELECT aseq, at, call_id, tenant, caller, operation, status, grant_hash, seq, branch, hits, withheld, took, hash
FROM access ORDER BY aseq;
