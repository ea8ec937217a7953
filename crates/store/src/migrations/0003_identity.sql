-- By which knowledge findings were sorted into issues, and how far sorting them again has come.
CREATE TABLE identity (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  version  INTEGER NOT NULL,
  towards  INTEGER,
  done_to  INTEGER NOT NULL DEFAULT 0
);

-- Keys that issues had before. They stay valid.
CREATE TABLE issue_aliases (
  old BLOB PRIMARY KEY,
  new BLOB NOT NULL
) WITHOUT ROWID;
