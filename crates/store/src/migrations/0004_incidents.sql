-- What people decided about incidents. Times are microseconds since 1970 in UTC.

-- An issue stays in an incident, whatever else is known of it.
CREATE TABLE incident_pins (
  issue      BLOB PRIMARY KEY,
  incident   BLOB NOT NULL, -- where it stays
  taken_from BLOB NOT NULL, -- where it was
  action     TEXT NOT NULL, -- joined, split
  decided_at INTEGER NOT NULL,
  decided_by TEXT NOT NULL
) WITHOUT ROWID;

-- An incident is part of another, with all that comes to it later.
CREATE TABLE incident_joins (
  incident   BLOB PRIMARY KEY,
  into_other BLOB NOT NULL,
  decided_at INTEGER NOT NULL,
  decided_by TEXT NOT NULL
) WITHOUT ROWID;
