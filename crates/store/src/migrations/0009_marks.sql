-- What people say of issues. It closes nothing. Times are microseconds since 1970 in UTC.
CREATE TABLE issue_marks (
  issue     BLOB PRIMARY KEY,
  kind      TEXT NOT NULL, -- false_positive, accepted, in_progress
  reason    TEXT NOT NULL,
  until     TEXT,          -- the last day on which it holds: 2026-11-21
  marked_at INTEGER NOT NULL,
  marked_by TEXT NOT NULL
) WITHOUT ROWID;
