-- The statements that change a store's embedder, by name.

-- name: drop_vectors
DELETE FROM vector;

-- name: forget_embedder
DELETE FROM meta WHERE key IN ('embedder', 'dimensions', 'embedder_url');

-- name: remember
INSERT INTO meta (key, value) VALUES (?, ?);

-- name: ask_all
INSERT INTO vector (cid, tid, seq)
SELECT v.cid, min(c.tid), (SELECT ifnull(max(seq), 0) FROM commit_log) FROM version v JOIN cube c ON c.uid = v.uid
WHERE v.type = 'plaintext' GROUP BY v.cid;

-- name: pending
SELECT count(*) FROM vector WHERE body IS NULL;
