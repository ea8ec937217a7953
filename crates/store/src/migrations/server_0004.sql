-- Tokens that a restore took back and people whom it switched off: they may have been before it,
-- behind the backup. A restore makes the table too, in a database of an older form.
CREATE TABLE IF NOT EXISTS unconfirmed (
  kind TEXT NOT NULL, -- token, user
  id   TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
