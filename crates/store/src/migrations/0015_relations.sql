-- What two assets have to do with each other, as one tool says. An end is the hash of an asset's
-- key, so that both ends are found by an index.

CREATE TABLE relations (
  id           INTEGER PRIMARY KEY,
  key          BLOB NOT NULL UNIQUE,
  origin       BLOB NOT NULL, -- the first asset
  goal         BLOB NOT NULL, -- the second
  content_hash INTEGER NOT NULL,
  observed     INTEGER NOT NULL,
  import       INTEGER NOT NULL,
  gone_at      INTEGER, -- when a platform was found not to list it any more
  body         BLOB NOT NULL
);
CREATE INDEX relation_by_origin ON relations (origin);
CREATE INDEX relation_by_goal ON relations (goal);

-- Which of them whole readings brought, as for findings. Nothing where there are none.
ALTER TABLE readings ADD COLUMN relations_known BLOB;
ALTER TABLE readings ADD COLUMN relations_missing BLOB;
ALTER TABLE readings ADD COLUMN relations_closed BLOB;
ALTER TABLE reading_pages ADD COLUMN relations BLOB;
ALTER TABLE input_contents ADD COLUMN relations BLOB;
