-- Containments: one plan a row, from when it is asked for until it holds or is undone. Times are
-- microseconds since 1970 in UTC. A body is JSON.
CREATE TABLE containments (
  plan  TEXT PRIMARY KEY,
  place TEXT NOT NULL,    -- the login that acts, by its name in the configuration
  state TEXT NOT NULL,
  due   INTEGER,          -- when something is done about it by itself
  begun INTEGER,          -- when the target was first to be changed
  body  TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX containment_due ON containments (due) WHERE due IS NOT NULL;
CREATE INDEX containment_begun ON containments (place, begun) WHERE begun IS NOT NULL;
