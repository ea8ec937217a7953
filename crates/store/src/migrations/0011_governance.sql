-- What exceptions ask of an issue beside what lists filter by, 4096 issues a row.
CREATE TABLE issue_scopes (page INTEGER PRIMARY KEY, body BLOB NOT NULL);
-- Each is judged once more: that says its weakness, its rules, its environment and its tags.
UPDATE issues SET dirty = 1;

-- Times are microseconds since 1970 in UTC. A body is JSON.
CREATE TABLE exceptions (
  id       TEXT PRIMARY KEY,
  state    TEXT NOT NULL, -- requested, reviewed, granted, refused, withdrawn, ended
  asked_at INTEGER NOT NULL,
  body     TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX exception_by_state ON exceptions (state, id);

-- Plans with what people said of them. A vote stands for itself too, to be counted by the hour.
CREATE TABLE plans (
  id       TEXT PRIMARY KEY,
  state    TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  plan     TEXT NOT NULL,
  votes    TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX plan_by_state ON plans (state, id);
CREATE TABLE votes (
  person TEXT NOT NULL,
  at     INTEGER NOT NULL,
  plan   TEXT NOT NULL,
  PRIMARY KEY (person, at, plan)
) WITHOUT ROWID;
CREATE TABLE delegations (
  giver TEXT NOT NULL,
  taker TEXT NOT NULL,
  body  TEXT NOT NULL,
  PRIMARY KEY (giver, taker)
) WITHOUT ROWID;
-- Which admins stand behind which rule, by the hash of its text.
CREATE TABLE rule_approvals (
  rule   TEXT NOT NULL,
  person TEXT NOT NULL,
  at     INTEGER NOT NULL,
  PRIMARY KEY (rule, person)
) WITHOUT ROWID;

-- When a person first dealt with an incident, and when it was gone.
CREATE TABLE incident_times (
  incident   BLOB PRIMARY KEY,
  severity   TEXT NOT NULL,
  begun      INTEGER,
  understood INTEGER,
  approved   INTEGER,
  gone       INTEGER
) WITHOUT ROWID;
