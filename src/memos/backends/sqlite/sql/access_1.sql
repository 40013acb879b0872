-- Schema 1 of access.db: one row for each call that wrote nothing, in a chain of its own.

CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('id', randomblob(16));

CREATE TABLE access (
  aseq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  call_id BLOB NOT NULL,
  tenant TEXT NOT NULL,
  caller BLOB NOT NULL,                 -- keyed pseudonym of the caller
  operation TEXT NOT NULL,
  status TEXT NOT NULL,                 -- ok, or the code of the error
  grant_hash BLOB NOT NULL,             -- keyed hash of the grant; empty for none
  seq INTEGER NOT NULL,                 -- the commit that was read
  branch TEXT NOT NULL,                 -- keyed mark of the branch that was read, '' for none
  hits BLOB NOT NULL,                   -- JSON array of [id, version, lanes, form], in the order of the reply
  withheld BLOB NOT NULL,               -- JSON array of the ids that the last decision kept back
  took INTEGER NOT NULL,                -- microseconds from the call's arrival to this row
  hash BLOB NOT NULL                    -- sha256(hash of the row before, this row)
) STRICT;
CREATE INDEX access_by_time ON access (tenant, at, aseq);
CREATE INDEX access_by_call ON access (call_id);
