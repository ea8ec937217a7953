-- What language models cost, what they answered, and what may leave unmasked. Times are
-- microseconds since 1970 in UTC, days are days since then, money is in millionths.

-- Calls whose end is not known: each counts with all that was reserved for it.
CREATE TABLE spend (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant      TEXT NOT NULL,
  day         INTEGER NOT NULL, -- on which it was reserved, and so counts
  user        TEXT NOT NULL,    -- empty where nobody asked
  incident    TEXT NOT NULL,    -- empty where it is about none
  task        TEXT NOT NULL,
  provider    TEXT NOT NULL,
  model       TEXT NOT NULL,
  tokens      INTEGER NOT NULL,
  money       INTEGER NOT NULL,
  reserved_at INTEGER NOT NULL,
  lost_at     INTEGER,          -- when it was given up waiting for, and counted as spent in full
  batch       INTEGER           -- one that waits for a batch is not given up with the others
);
CREATE INDEX spend_by_age ON spend (reserved_at);
CREATE INDEX spend_by_tenant ON spend (tenant);
CREATE INDEX spend_by_batch ON spend (batch) WHERE batch IS NOT NULL;

-- What counts against each limit: what was spent, and what is reserved.
CREATE TABLE spend_sums (
  tenant TEXT NOT NULL,
  scope  TEXT NOT NULL,    -- tenant_day, user_day, incident
  name   TEXT NOT NULL,
  day    INTEGER NOT NULL, -- 0 for an incident, which has one sum over all days
  tokens INTEGER NOT NULL,
  money  INTEGER NOT NULL,
  PRIMARY KEY (tenant, scope, name, day)
) WITHOUT ROWID;

-- What was spent, for people.
CREATE TABLE spend_days (
  tenant   TEXT NOT NULL,
  day      INTEGER NOT NULL,
  task     TEXT NOT NULL,
  provider TEXT NOT NULL,
  model    TEXT NOT NULL,
  user     TEXT NOT NULL,
  incident TEXT NOT NULL,
  calls    INTEGER NOT NULL DEFAULT 0,
  input    INTEGER NOT NULL DEFAULT 0,
  cached   INTEGER NOT NULL DEFAULT 0, -- of the input, what the provider had in its cache
  output   INTEGER NOT NULL DEFAULT 0,
  lost     INTEGER NOT NULL DEFAULT 0, -- tokens of calls whose end nobody told
  money    INTEGER NOT NULL DEFAULT 0,
  unended  INTEGER NOT NULL DEFAULT 0, -- of the calls, those
  over     INTEGER NOT NULL DEFAULT 0, -- of the calls, those that took more than was reserved
  kept     INTEGER NOT NULL DEFAULT 0, -- answers that were there already
  refused  INTEGER NOT NULL DEFAULT 0, -- calls that a limit refused
  PRIMARY KEY (tenant, day, task, provider, model, user, incident)
) WITHOUT ROWID;

-- Answers of models as they came, with placeholders in them, by the hash of what was asked.
CREATE TABLE answers (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant  TEXT NOT NULL,
  hash    BLOB NOT NULL,
  task    TEXT NOT NULL,
  version TEXT NOT NULL,
  model   TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  bytes   INTEGER NOT NULL,
  answer  BLOB NOT NULL,
  UNIQUE (tenant, hash)
);
CREATE INDEX answer_by_age ON answers (tenant, made_at, id, bytes);

-- How many bytes of answers a tenant has.
CREATE TABLE answer_sums (
  tenant TEXT PRIMARY KEY,
  bytes  INTEGER NOT NULL
) WITHOUT ROWID;

-- What may leave for a model as it stands. Each ends, at most 90 days after it was made.
CREATE TABLE grants (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant     TEXT NOT NULL,
  task       TEXT,          -- none for every task
  what       TEXT NOT NULL, -- words: addresses identities logs names
  made_by    TEXT NOT NULL,
  why        TEXT NOT NULL,
  made_at    INTEGER NOT NULL,
  ends_at    INTEGER NOT NULL,
  removed_at INTEGER,
  removed_by TEXT,
  CHECK (ends_at > made_at AND ends_at - made_at <= 7776000000000)
);
CREATE INDEX grant_by_tenant ON grants (tenant, ends_at);

-- Batches that were handed in, so that whoever comes after a crash collects them.
CREATE TABLE batches (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant    TEXT NOT NULL,
  provider  TEXT NOT NULL,
  model     TEXT NOT NULL,
  task      TEXT NOT NULL,
  given     TEXT,             -- the provider's id; none until it told one
  made_at   INTEGER NOT NULL
);
CREATE INDEX batch_by_tenant ON batches (tenant, id);

CREATE TABLE batch_items (
  batch INTEGER NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
  name  TEXT NOT NULL,        -- as the provider was told
  spend INTEGER NOT NULL,     -- what is reserved for it
  what  BLOB NOT NULL,        -- what it is for, in the words of who made it
  PRIMARY KEY (batch, name)
);
