-- Schema 1 of counters.db: what was used of rates and contracts. Keys are keyed hashes, times microseconds since 1970 UTC.

CREATE TABLE counter (
  key BLOB PRIMARY KEY,
  count INTEGER NOT NULL,
  over INTEGER                          -- when nothing of it counts any more; NULL for a counter that never falls
) STRICT, WITHOUT ROWID;

-- The last takings of a limit, as a ring: taking number n stands at place n mod limit.
CREATE TABLE taking (
  key BLOB NOT NULL,
  place INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (key, place)
) STRICT, WITHOUT ROWID;
