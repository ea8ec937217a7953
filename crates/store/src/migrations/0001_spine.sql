-- Times are microseconds since 1970 in UTC. Keys are the 16 bytes of quell_model::Key.

CREATE TABLE inputs (
  hash        BLOB PRIMARY KEY,
  path        TEXT NOT NULL,
  format      TEXT NOT NULL,
  imported_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE runs (
  id         INTEGER PRIMARY KEY,
  started_at INTEGER NOT NULL
);

CREATE TABLE findings (
  id           INTEGER PRIMARY KEY,
  key          BLOB NOT NULL,
  issue        INTEGER NOT NULL,
  content_hash INTEGER NOT NULL,
  last_seen    INTEGER NOT NULL,
  reported     INTEGER NOT NULL, -- what the source says: 0 open, 1 in progress, 2 suppressed, 3 resolved
  gone_by      INTEGER NOT NULL, -- 0 not gone, 1 the check passed later, 2 absent from a later scan
  run          INTEGER NOT NULL,
  import       INTEGER NOT NULL,
  target       INTEGER,
  check_name   INTEGER,
  place        INTEGER,
  path         INTEGER NOT NULL,
  offset_bytes INTEGER NOT NULL,
  body         BLOB NOT NULL
);
CREATE UNIQUE INDEX finding_by_key ON findings (key);
CREATE INDEX finding_by_issue ON findings (issue);
CREATE INDEX finding_by_target ON findings (target) WHERE target IS NOT NULL;

CREATE TABLE issues (
  id       INTEGER PRIMARY KEY,
  key      BLOB NOT NULL UNIQUE,
  control  TEXT,
  run      INTEGER NOT NULL,
  dirty    INTEGER NOT NULL,
  open     INTEGER NOT NULL DEFAULT 0,
  score    INTEGER NOT NULL DEFAULT 0,
  body     BLOB
);
CREATE INDEX issue_dirty ON issues (id) WHERE dirty = 1;
CREATE INDEX issue_by_run ON issues (run);

-- A check that ran and raised nothing, under the key its finding would have.
CREATE TABLE evidence (
  key          BLOB PRIMARY KEY,
  content_hash INTEGER NOT NULL,
  observed     INTEGER NOT NULL,
  passed       INTEGER NOT NULL,
  import       INTEGER NOT NULL,
  body         BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE others (
  key          BLOB PRIMARY KEY,
  kind         TEXT NOT NULL, -- asset, activity
  content_hash INTEGER NOT NULL,
  observed     INTEGER NOT NULL,
  import       INTEGER NOT NULL,
  body         BLOB NOT NULL
) WITHOUT ROWID;

-- What complete scans covered, and when: absence counts only inside this.
CREATE TABLE covered_checks (
  target INTEGER NOT NULL, check_name INTEGER NOT NULL, scanned_at INTEGER NOT NULL,
  PRIMARY KEY (target, check_name)
) WITHOUT ROWID;
CREATE TABLE covered_places (
  target INTEGER NOT NULL, place INTEGER NOT NULL, scanned_at INTEGER NOT NULL,
  PRIMARY KEY (target, place)
) WITHOUT ROWID;

-- Findings that a person took out of an issue.
CREATE TABLE splits (
  finding_key BLOB PRIMARY KEY,
  from_issue  BLOB NOT NULL,
  split_at    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
