-- What a server knows beside findings. Times are microseconds since 1970 in UTC. What belongs to
-- a tenant has the tenant first in its key.

CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE tenants (
  id      TEXT PRIMARY KEY,
  made_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE tokens (
  id         TEXT PRIMARY KEY, -- the part of a token that is no secret
  tenant     TEXT NOT NULL,
  hash       BLOB NOT NULL,    -- of the secret part
  role       TEXT NOT NULL,
  name       TEXT NOT NULL,
  made_at    INTEGER NOT NULL,
  expires_at INTEGER,
  used_at    INTEGER,
  revoked_at INTEGER
) WITHOUT ROWID;
CREATE INDEX token_by_tenant ON tokens (tenant, id);

CREATE TABLE jobs (
  tenant      TEXT NOT NULL,
  id          BLOB NOT NULL,
  kind        TEXT NOT NULL,
  state       TEXT NOT NULL, -- queued, running, done, held, dead, cancelled
  what        TEXT NOT NULL, -- what is to be done, as JSON
  source      TEXT NOT NULL,
  made_by     TEXT NOT NULL,
  made_at     INTEGER NOT NULL,
  due_at      INTEGER NOT NULL,
  started_at  INTEGER,
  ended_at    INTEGER,
  lease_until INTEGER,
  attempts    INTEGER NOT NULL DEFAULT 0, -- also tells one worker's lease from the next one's
  cancel      INTEGER NOT NULL DEFAULT 0,
  done        INTEGER NOT NULL DEFAULT 0,
  total       INTEGER NOT NULL DEFAULT 0,
  doing       TEXT NOT NULL DEFAULT '',
  reason      TEXT,
  result      TEXT,
  PRIMARY KEY (tenant, id)
) WITHOUT ROWID;
CREATE INDEX job_waiting ON jobs (due_at, made_at) WHERE state = 'queued';
CREATE INDEX job_running ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX job_by_age ON jobs (tenant, made_at, id);

-- What was answered to a request that may come again.
CREATE TABLE replies (
  tenant  TEXT NOT NULL,
  name    BLOB NOT NULL, -- of who asks, and the key given
  request BLOB NOT NULL, -- a hash of what was asked
  made_at INTEGER NOT NULL,
  status  INTEGER,       -- none while it is being answered
  body    BLOB,
  PRIMARY KEY (tenant, name)
) WITHOUT ROWID;
CREATE INDEX reply_by_age ON replies (made_at);

-- What is known of each source: when it was last heard of, and what went wrong.
CREATE TABLE sources (
  tenant      TEXT NOT NULL,
  name        TEXT NOT NULL,
  kind        TEXT NOT NULL, -- hook, folder, bucket, import
  heard_at    INTEGER,
  taken_at    INTEGER,       -- when something of it was last taken in
  failed_at   INTEGER,
  reason      TEXT,          -- of the last failure
  deliveries  INTEGER NOT NULL DEFAULT 0,
  records     INTEGER NOT NULL DEFAULT 0,
  rejected    INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant, name)
) WITHOUT ROWID;

-- Files of folders and buckets that were taken.
CREATE TABLE taken (
  tenant  TEXT NOT NULL,
  source  TEXT NOT NULL,
  name    TEXT NOT NULL,
  version TEXT NOT NULL, -- size and time, or an entity tag
  at      INTEGER NOT NULL,
  PRIMARY KEY (tenant, source, name)
) WITHOUT ROWID;
