-- Bodies that came together stand in one block; a body that changed alone stands in its row.
-- A number is never used twice, since readers keep blocks by it.
CREATE TABLE blocks (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
-- How many bodies of a block are still in use; a block without any is removed.
CREATE TABLE block_uses (block INTEGER PRIMARY KEY, bodies INTEGER NOT NULL);

CREATE TABLE findings_new (
  id           INTEGER PRIMARY KEY,
  key          BLOB NOT NULL,
  issue        INTEGER NOT NULL,
  content_hash INTEGER NOT NULL,
  last_seen    INTEGER NOT NULL,
  reported     INTEGER NOT NULL, -- what the source says: 0 open, 1 in progress, 2 suppressed, 3 resolved
  gone_by      INTEGER NOT NULL, -- 0 not gone, 1 the check passed later, 2 absent from a later scan
  target       INTEGER,
  check_name   INTEGER,
  place        INTEGER,
  path         INTEGER NOT NULL,
  offset_bytes INTEGER NOT NULL,
  block        INTEGER,
  slot         INTEGER,
  body         BLOB
);
INSERT INTO findings_new (id, key, issue, content_hash, last_seen, reported, gone_by, target,
    check_name, place, path, offset_bytes, body)
  SELECT id, key, issue, content_hash, last_seen, reported, gone_by, target,
    check_name, place, path, offset_bytes, body FROM findings;

-- Keys are random, so they stand apart and are written sorted, many at a time.
CREATE TABLE finding_keys (key BLOB PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO finding_keys SELECT key, id FROM findings ORDER BY key;

CREATE TABLE issues_new (
  id       INTEGER PRIMARY KEY,
  key      BLOB NOT NULL,
  control  TEXT,
  dirty    INTEGER NOT NULL,
  open     INTEGER NOT NULL DEFAULT 0,
  score    INTEGER NOT NULL DEFAULT 0,
  block    INTEGER,
  slot     INTEGER,
  body     BLOB
);
-- Each is judged once more: that makes its brief.
INSERT INTO issues_new (id, key, control, dirty, open, score, body)
  SELECT id, key, control, 1, open, score, body FROM issues;
CREATE TABLE issue_keys (key BLOB PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO issue_keys SELECT key, id FROM issues ORDER BY key;

CREATE TABLE settings_new AS SELECT
  'last_import' AS name,
  max(coalesce((SELECT max(import) FROM findings), 0), coalesce((SELECT max(import) FROM evidence), 0),
      coalesce((SELECT max(import) FROM others), 0), coalesce((SELECT max(import) FROM statements), 0)) AS value;
INSERT INTO settings SELECT name, value FROM settings_new;
DROP TABLE settings_new;
INSERT INTO settings SELECT 'newest_finding', max(last_seen) FROM findings HAVING count(*) > 0;

DROP TABLE findings;
ALTER TABLE findings_new RENAME TO findings;
CREATE INDEX finding_by_issue ON findings (issue);
CREATE INDEX finding_by_target ON findings (target) WHERE target IS NOT NULL;
CREATE INDEX finding_suppressed ON findings (issue) WHERE reported = 2;
-- Few are not open: how many are is told by these.
CREATE INDEX finding_not_open ON findings (id) WHERE gone_by <> 0 OR reported >= 2;

DROP TABLE issues;
ALTER TABLE issues_new RENAME TO issues;
CREATE INDEX issue_dirty ON issues (id) WHERE dirty = 1;

-- Bytes of a file that was not compressed: one of a size that no known file has is new.
ALTER TABLE inputs ADD COLUMN plain_bytes INTEGER;

-- What lists and incidents need of each issue, 4096 issues a row: `facets` is what is filtered
-- and ranked by, `assets` their assets' keys, `candidates` what incidents are built from.
CREATE TABLE issue_facets (page INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE issue_assets (page INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE issue_candidates (page INTEGER PRIMARY KEY, body BLOB NOT NULL);

-- What a file came to, so that the same file need not be read twice by the same program.
CREATE TABLE input_contents (
  hash     BLOB PRIMARY KEY,
  reader   BLOB NOT NULL, -- the program, its settings and the file's name
  summary  BLOB NOT NULL,
  findings BLOB NOT NULL
) WITHOUT ROWID;

-- Answers that take long to find, good while `changes` among the settings stays as it is.
CREATE TABLE answers (
  name    BLOB PRIMARY KEY,
  changes INTEGER NOT NULL,
  body    BLOB NOT NULL
) WITHOUT ROWID;

DROP TABLE runs;
