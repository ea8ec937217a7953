-- The outbox of one tenant. What is delivered: one act on one subject at one sink a row. Times are
-- microseconds since 1970 in UTC. `row` is JSON without what is sent; `act` is what is sent, packed.
CREATE TABLE outbox (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  sink    TEXT NOT NULL,
  subject TEXT NOT NULL,
  key     TEXT NOT NULL UNIQUE,
  state   TEXT NOT NULL, -- held, waiting, sending, doubt, sent, parked, cancelled
  due     INTEGER,       -- when something is done about it by itself
  row     TEXT NOT NULL,
  act     BLOB NOT NULL
);
CREATE INDEX outbox_due ON outbox (due) WHERE due IS NOT NULL;
CREATE INDEX outbox_subject ON outbox (sink, subject, id);
CREATE INDEX outbox_state ON outbox (state, id);

-- What a sink was told of a subject, and how it stands there.
CREATE TABLE deliveries (
  sink    TEXT NOT NULL,
  subject TEXT NOT NULL,
  look    INTEGER,       -- when the sink is asked next how it stands
  remote  TEXT,          -- the sink's id, once it is known
  body    TEXT NOT NULL,
  PRIMARY KEY (sink, subject)
) WITHOUT ROWID;
CREATE INDEX delivery_look ON deliveries (look) WHERE look IS NOT NULL;
CREATE INDEX delivery_remote ON deliveries (sink, remote) WHERE remote IS NOT NULL;

-- What this database says of itself.
CREATE TABLE marks (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;
