-- What a backup's memory.db has beside the tables of a store: what memories say, each under the key of its own memory.

CREATE TABLE sealing (
  uid INTEGER PRIMARY KEY REFERENCES cube,
  mark BLOB NOT NULL                    -- keyed hash that tells the key from one that was made later
) STRICT;

CREATE TABLE sealed (
  kind INTEGER NOT NULL,                -- 1: columns of a version; 2: body of a content; 3: body of a vector
  number INTEGER NOT NULL,              -- the version's row, or the content's number
  uid INTEGER NOT NULL REFERENCES cube,
  body BLOB NOT NULL,                   -- nonce, AES-GCM of the value, mark
  PRIMARY KEY (kind, number, uid)
) STRICT, WITHOUT ROWID;
