-- Platforms that are asked: which findings each whole reading of a stream brought, so that what a
-- platform no longer lists can be told from what was only not brought this time.

CREATE TABLE readings (
  source  TEXT NOT NULL,
  stream  TEXT NOT NULL,
  known   BLOB NOT NULL, -- rows of findings that the stream lists
  missing BLOB NOT NULL, -- of those, what the last whole reading did not bring
  closed  BLOB NOT NULL, -- what was closed because the stream no longer lists it
  settled INTEGER NOT NULL, -- the last whole reading that was told
  PRIMARY KEY (source, stream)
) WITHOUT ROWID;

CREATE TABLE reading_pages (
  source  TEXT NOT NULL,
  stream  TEXT NOT NULL,
  reading INTEGER NOT NULL,
  page    INTEGER NOT NULL,
  seen    BLOB NOT NULL, -- rows of findings
  PRIMARY KEY (source, stream, reading, page)
) WITHOUT ROWID;
