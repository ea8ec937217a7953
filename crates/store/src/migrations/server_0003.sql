-- People, groups and their sessions. Times are microseconds since 1970 in UTC; lists are JSON.

ALTER TABLE tokens ADD COLUMN scope TEXT; -- what it is limited to; none limits nothing
ALTER TABLE tokens ADD COLUMN made_by TEXT;

CREATE TABLE users (
  id           TEXT PRIMARY KEY,
  tenant       TEXT NOT NULL,
  name         TEXT NOT NULL UNIQUE, -- what a person types to sign in
  shown        TEXT NOT NULL,        -- what people call them
  subject      TEXT UNIQUE,          -- issuer and subject, of who signs in elsewhere
  password     TEXT,                 -- an Argon2 hash, of who signs in here
  roles        TEXT NOT NULL,
  groups       TEXT NOT NULL,
  scope        TEXT NOT NULL,
  made_at      INTEGER NOT NULL,
  changed_at   INTEGER NOT NULL,
  signed_in_at INTEGER,
  disabled_at  INTEGER
) WITHOUT ROWID;
CREATE INDEX user_by_tenant ON users (tenant, name);

CREATE TABLE groups (
  tenant  TEXT NOT NULL,
  name    TEXT NOT NULL,
  roles   TEXT NOT NULL,
  scope   TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) WITHOUT ROWID;

CREATE TABLE sessions (
  hash    BLOB PRIMARY KEY, -- of what the browser holds
  user    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  csrf    TEXT NOT NULL,    -- what a request that changes something has to repeat
  made_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL  -- however much it is used
) WITHOUT ROWID;
CREATE INDEX session_by_user ON sessions (user);
CREATE INDEX session_by_end ON sessions (ends_at);
