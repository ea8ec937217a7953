-- What somebody says of a weakness in a product (VEX). It closes nothing.
CREATE TABLE statements (
  id           INTEGER PRIMARY KEY,
  key          BLOB NOT NULL UNIQUE,
  content_hash INTEGER NOT NULL,
  observed     INTEGER NOT NULL,
  import       INTEGER NOT NULL,
  body         BLOB NOT NULL
);
-- Every id of the weakness, in upper case.
CREATE TABLE statement_weaknesses (
  weakness  TEXT NOT NULL,
  statement INTEGER NOT NULL,
  PRIMARY KEY (weakness, statement)
) WITHOUT ROWID;
CREATE INDEX statement_weakness_by_statement ON statement_weaknesses (statement);

-- Findings that their source hides, which a report lists for review.
CREATE INDEX finding_suppressed ON findings (issue) WHERE reported = 2;

-- Lists that a user gave in place of the bundled ones: `kev`, `epss`.
CREATE TABLE intelligence (
  name     TEXT PRIMARY KEY,
  date     TEXT NOT NULL,
  path     TEXT NOT NULL,
  entries  INTEGER NOT NULL,
  taken_at INTEGER NOT NULL,
  body     BLOB NOT NULL
) WITHOUT ROWID;

-- What holds for the whole database: `judged_by` is the hash of the lists that risks rest on.
CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;
