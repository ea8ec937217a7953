-- The fixes that were proposed last, with their proofs.
CREATE TABLE fixes (
  id   TEXT PRIMARY KEY,
  body BLOB NOT NULL
) WITHOUT ROWID;
