-- Schema 1 of memory.db. Times are microseconds since 1970 UTC; ids are the 16 bytes of a UUID; hashes are keyed.
-- A row of `version` is valid for commits in [seq, seq_end); an open row has seq_end = 9223372036854775807.

CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

-- Every store whose versions stand here: this one, those it was copied from, those it synchronised with.
CREATE TABLE store (sid INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;

CREATE TABLE tenant (
  tid INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  horizon INTEGER NOT NULL DEFAULT 0,   -- the past before this commit has been purged
  erased INTEGER NOT NULL DEFAULT 0     -- the last commit that erased memories
) STRICT;

CREATE TABLE acl (
  aid INTEGER PRIMARY KEY,
  entries TEXT NOT NULL UNIQUE          -- JSON array of "right:principal", sorted
) STRICT;

-- The same, entry by entry.
CREATE TABLE acl_entry (
  entry TEXT NOT NULL,
  aid INTEGER NOT NULL REFERENCES acl,
  PRIMARY KEY (entry, aid)
) STRICT, WITHOUT ROWID;

CREATE TABLE namespace (
  nid INTEGER PRIMARY KEY,
  tid INTEGER NOT NULL REFERENCES tenant,
  path TEXT NOT NULL,
  own INTEGER REFERENCES acl,           -- set on this namespace
  aid INTEGER REFERENCES acl,           -- in force here: its own and all that stand above it
  last_seq INTEGER NOT NULL,
  purged INTEGER NOT NULL DEFAULT 0,    -- the last commit that took rows away from here for good
  UNIQUE (tid, path)
) STRICT;

CREATE INDEX namespace_owned ON namespace (own) WHERE own IS NOT NULL;

-- Where memories with a list of their own stand or stood.
CREATE TABLE listing (
  aid INTEGER NOT NULL REFERENCES acl,
  nid INTEGER NOT NULL REFERENCES namespace,
  PRIMARY KEY (aid, nid)
) STRICT, WITHOUT ROWID;

CREATE TABLE branch (
  bid INTEGER PRIMARY KEY,              -- 0 is canonical and has no row
  tid INTEGER NOT NULL REFERENCES tenant,
  name TEXT NOT NULL,
  base INTEGER NOT NULL,
  opened INTEGER NOT NULL,
  closed INTEGER                        -- the commit that discarded or merged it; its name is free again
) STRICT;
CREATE UNIQUE INDEX branch_open ON branch (tid, name) WHERE closed IS NULL;

-- Names that callers gave to commits; a snapshot is nothing more.
CREATE TABLE snapshot (
  tid INTEGER NOT NULL REFERENCES tenant,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (tid, owner, name)
) STRICT, WITHOUT ROWID;

-- The one clock: its row is the audit row, and the outbox is read from it by seq.
CREATE TABLE commit_log (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  tid INTEGER NOT NULL REFERENCES tenant,
  bid INTEGER NOT NULL,
  operation TEXT NOT NULL,
  call_id BLOB NOT NULL,
  caller BLOB NOT NULL,                 -- keyed pseudonym of the caller
  writes BLOB NOT NULL,                 -- 16 bytes of id and 4 of version (little endian) for each row written
  counts TEXT NOT NULL,                 -- JSON: what else changed (fills, usage, acls, edges), in numbers
  took INTEGER NOT NULL,                -- microseconds from the call's arrival to its commit
  hash BLOB NOT NULL                    -- sha256(hash of the row before, this row)
) STRICT;
CREATE INDEX commit_log_by_tenant ON commit_log (tid, seq);
CREATE INDEX commit_log_by_time ON commit_log (tid, at, seq);
CREATE INDEX commit_log_by_call ON commit_log (call_id);

CREATE TABLE cube (
  uid INTEGER PRIMARY KEY,
  tid INTEGER NOT NULL REFERENCES tenant,
  id BLOB NOT NULL UNIQUE,
  provenance BLOB NOT NULL              -- the provenance id
) STRICT;
CREATE INDEX cube_by_provenance ON cube (provenance);

-- Personal text stands here and nowhere else.
CREATE TABLE content (
  cid INTEGER PRIMARY KEY,
  body ANY NOT NULL,                    -- TEXT of a plaintext; JSON of another payload; BLOB when sealed
  sealed INTEGER NOT NULL DEFAULT 0,
  packed INTEGER NOT NULL DEFAULT 0     -- 1: the UTF-8 of the text, deflated
) STRICT;

CREATE TABLE version (
  row INTEGER PRIMARY KEY,
  bid INTEGER NOT NULL,
  uid INTEGER NOT NULL REFERENCES cube,
  seq INTEGER NOT NULL,
  seq_end INTEGER NOT NULL DEFAULT 9223372036854775807,
  sid INTEGER NOT NULL REFERENCES store,
  version INTEGER NOT NULL,
  nid INTEGER NOT NULL REFERENCES namespace,
  cid INTEGER NOT NULL REFERENCES content,
  aid INTEGER REFERENCES acl,
  fact BLOB,                            -- keyed hash of the normalised text, where equal facts are one cube
  layer TEXT NOT NULL,
  type TEXT NOT NULL,
  state TEXT NOT NULL,
  frozen INTEGER NOT NULL,
  owner TEXT NOT NULL,
  sensitivity TEXT NOT NULL,
  priority INTEGER NOT NULL,
  speaker TEXT, role TEXT, session TEXT, ordinal INTEGER,
  said_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  valid_from INTEGER, valid_to INTEGER, expires_at INTEGER,
  metadata TEXT,                        -- JSON object, NULL when empty
  unexamined INTEGER,                   -- 1 while the detector has not read the text yet, else NULL
  header TEXT NOT NULL                  -- JSON of what no filter reads: tags as set, path, labels, acl, conditions, provenance
) STRICT;
CREATE UNIQUE INDEX version_by_cube ON version (uid, bid, seq);
CREATE UNIQUE INDEX version_open ON version (uid, bid) WHERE seq_end = 9223372036854775807;
CREATE INDEX version_by_branch ON version (bid, nid) WHERE bid <> 0;
CREATE INDEX version_by_birth ON version (nid, seq);
CREATE INDEX version_by_end ON version (nid, seq_end) WHERE seq_end < 9223372036854775807;
CREATE INDEX version_present ON version (nid, created_at, uid) WHERE seq_end = 9223372036854775807;
CREATE INDEX version_by_content ON version (cid);
CREATE INDEX version_by_turn ON version (nid, session, ordinal) WHERE session IS NOT NULL;
CREATE INDEX version_by_fact ON version (nid, fact) WHERE fact IS NOT NULL;
CREATE INDEX version_by_expiry ON version (expires_at)
WHERE expires_at IS NOT NULL AND seq_end = 9223372036854775807 AND state <> 'expired';
CREATE INDEX version_expired ON version (seq) WHERE state = 'expired' AND bid = 0 AND seq_end = 9223372036854775807;
CREATE INDEX version_unexamined ON version (row) WHERE unexamined IS NOT NULL AND bid = 0 AND seq_end = 9223372036854775807;
CREATE INDEX version_derived ON version (seq) WHERE type <> 'plaintext' AND bid = 0 AND seq_end = 9223372036854775807 AND state <> 'expired';
CREATE INDEX version_wordless ON version (uid) WHERE type <> 'plaintext';
CREATE INDEX version_archived ON version (cid) WHERE state = 'archived' AND bid = 0 AND seq_end = 9223372036854775807;

-- The greatest seq of each other store among a cube's ancestors; a cube that never left this store has none.
CREATE TABLE version_vector (
  uid INTEGER NOT NULL REFERENCES cube,
  sid INTEGER NOT NULL REFERENCES store,
  seq INTEGER NOT NULL,
  PRIMARY KEY (uid, sid)
) STRICT, WITHOUT ROWID;

CREATE TABLE tag (
  tag INTEGER PRIMARY KEY,
  tid INTEGER NOT NULL REFERENCES tenant,
  name TEXT NOT NULL,
  value TEXT,
  key TEXT NOT NULL,                    -- name, or name=value
  own INTEGER NOT NULL DEFAULT 1,       -- 1 as users set it, 0 as it is predicted
  UNIQUE (tid, key, name, own)
) STRICT;

CREATE TABLE cube_tag (
  row INTEGER NOT NULL REFERENCES version,
  tag INTEGER NOT NULL REFERENCES tag,
  PRIMARY KEY (row, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX cube_tag_by_tag ON cube_tag (tag, row);

CREATE TABLE term (
  cid INTEGER PRIMARY KEY REFERENCES content,
  hashes BLOB NOT NULL,                 -- uint64 little endian, keyed by tenant
  counts BLOB NOT NULL,                 -- uint16 little endian, in the same order
  length INTEGER NOT NULL,
  flags INTEGER NOT NULL
) STRICT;

CREATE TABLE vector (
  cid INTEGER PRIMARY KEY REFERENCES content,
  tid INTEGER NOT NULL REFERENCES tenant,
  seq INTEGER NOT NULL,                 -- the commit that filled it, or that asked for it
  attempts INTEGER NOT NULL DEFAULT 0,
  body BLOB                             -- float32 little endian, then int8 of the words; NULL while pending
) STRICT;
CREATE INDEX vector_by_fill ON vector (seq, cid) WHERE body IS NOT NULL;
CREATE INDEX vector_pending ON vector (tid, attempts, cid) WHERE body IS NULL;

CREATE TABLE edge (
  source INTEGER NOT NULL REFERENCES cube,
  target INTEGER NOT NULL REFERENCES cube,
  relation TEXT NOT NULL,
  bid INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  seq_end INTEGER NOT NULL DEFAULT 9223372036854775807,
  PRIMARY KEY (source, relation, target, bid, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX edge_by_target ON edge (target, relation);
CREATE INDEX edge_by_branch ON edge (bid) WHERE bid <> 0;

CREATE TABLE usage (
  uid INTEGER PRIMARY KEY REFERENCES cube,
  count INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  heat REAL NOT NULL                    -- as of last_used_at
) STRICT;

CREATE TABLE idempotency (
  key BLOB PRIMARY KEY,                 -- keyed hash of tenant, caller and key
  fingerprint BLOB NOT NULL,            -- keyed hash of the call
  call_id BLOB NOT NULL,
  seq INTEGER NOT NULL,
  ids BLOB NOT NULL                     -- 16 bytes each, in the order of the reply
) STRICT, WITHOUT ROWID;

-- The documents by which a tenant is governed; a row stood in commits [seq, seq_end).
CREATE TABLE rule (
  tid INTEGER NOT NULL REFERENCES tenant,
  kind TEXT NOT NULL,                   -- policy, principal, role, key, hold, quota ...
  key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  seq_end INTEGER NOT NULL DEFAULT 9223372036854775807,
  body TEXT NOT NULL,                   -- JSON object
  PRIMARY KEY (tid, kind, key, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX rule_standing ON rule (kind, key) WHERE seq_end = 9223372036854775807;

CREATE TABLE worker (
  name TEXT PRIMARY KEY,
  fence INTEGER NOT NULL,
  cursor INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What stands in the place of an erased memory, so that nothing brings it back.
CREATE TABLE tombstone (
  id BLOB PRIMARY KEY,
  tid INTEGER NOT NULL REFERENCES tenant,
  provenance BLOB NOT NULL,             -- the provenance id
  owner BLOB NOT NULL,                  -- keyed pseudonym of the owner
  seq INTEGER NOT NULL                  -- the commit that erased it
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_by_provenance ON tombstone (provenance);

-- Erasures, each until its receipt is written still to be finished: on the disk, in copies, among the blobs.
CREATE TABLE erasure (
  seq INTEGER PRIMARY KEY,              -- the commit that erased
  at INTEGER NOT NULL,
  tid INTEGER NOT NULL REFERENCES tenant,
  call_id BLOB NOT NULL,
  caller BLOB NOT NULL,                 -- keyed pseudonym of the caller
  ids BLOB NOT NULL,                    -- 16 bytes each
  others BLOB NOT NULL,                 -- those of memories that only closed branches held, which went too
  told TEXT NOT NULL,                   -- JSON for the receipt: counts, what remains and why, keyed pseudonyms
  blobs TEXT NOT NULL,                  -- JSON array of the blobs that only erased memories named; [] once they are gone
  copies INTEGER NOT NULL DEFAULT 0,    -- keys of copies that were destroyed
  removed INTEGER NOT NULL DEFAULT 0,   -- blobs that were removed
  rewritten INTEGER NOT NULL DEFAULT 0, -- 1: no page of the file holds a rest of what was erased
  receipt TEXT                          -- the receipt; NULL while it is pending
) STRICT;
CREATE INDEX erasure_pending ON erasure (seq) WHERE receipt IS NULL;
