-- Which rows a View shows, as conditions on a version row `v` and on an edge `e`. Numbers are put in by sight.py.

-- name: present
v.bid = 0 AND v.seq_end = 9223372036854775807;

-- name: past
v.bid = 0 AND v.seq <= {seq} AND v.seq_end > {seq};

-- name: overlay
(v.bid = {bid} AND v.seq <= {seq} AND v.seq_end > {seq}
  OR v.bid = 0 AND v.seq <= {base} AND v.seq_end > {base}
  AND NOT EXISTS (SELECT 1 FROM version o WHERE o.uid = v.uid AND o.bid = {bid} AND o.seq <= {seq} AND o.seq_end > {seq}));

-- name: edge_present
e.bid = 0 AND e.seq_end = 9223372036854775807;

-- name: edge_past
e.bid = 0 AND e.seq <= {seq} AND e.seq_end > {seq};

-- name: edge_overlay
(e.bid = {bid} AND e.seq <= {seq} AND e.seq_end > {seq} OR e.bid = 0 AND e.seq <= {base} AND e.seq_end > {base});

-- name: history
v.bid = 0 AND v.seq <= {seq};

-- name: history_overlay
(v.bid = {bid} AND v.seq <= {seq} OR v.bid = 0 AND v.seq <= {base});

-- The head of a memory, which grants read: its open canonical row; of one born in a branch, the branch's own.
-- name: head
JOIN version h ON h.row = ifnull(
  (SELECT o.row FROM version o WHERE o.uid = v.uid AND o.bid = 0 AND o.seq_end = 9223372036854775807),
  (SELECT o.row FROM version o WHERE o.uid = v.uid AND o.bid = {bid} AND o.seq_end = 9223372036854775807))
JOIN cube ch ON ch.uid = h.uid JOIN namespace nh ON nh.nid = h.nid;
