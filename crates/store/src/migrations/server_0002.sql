-- Platforms that are asked. A process that reads one holds its lease; what it writes names the
-- fence of that lease, so that one that was thought dead writes nothing any more.

CREATE TABLE platforms (
  tenant      TEXT NOT NULL,
  name        TEXT NOT NULL,
  fence       INTEGER NOT NULL DEFAULT 0,
  holder      TEXT NOT NULL DEFAULT '',
  lease_until INTEGER NOT NULL DEFAULT 0,
  paused      INTEGER NOT NULL DEFAULT 0,
  owner       TEXT,               -- whose data it brought first, as the vendor says
  PRIMARY KEY (tenant, name)
) WITHOUT ROWID;

CREATE TABLE streams (
  tenant    TEXT NOT NULL,
  platform  TEXT NOT NULL,
  name      TEXT NOT NULL,
  since     INTEGER,              -- what changed later was not read yet
  whole_at  INTEGER,              -- when the last whole reading began that came to its end
  good_at   INTEGER,              -- when anything last came to its end
  under_way TEXT,                 -- the reading that is not at its end, as JSON
  recent    BLOB NOT NULL DEFAULT x'', -- hashes of what was brought within the overlap
  failed_at INTEGER,
  reason    TEXT,
  held      TEXT,                 -- what was not closed, as JSON
  wanted_at INTEGER,              -- when somebody wanted it to be read whole
  PRIMARY KEY (tenant, platform, name)
) WITHOUT ROWID;

-- Records that could not be taken, and where they stand.
CREATE TABLE quarantine (
  tenant   TEXT NOT NULL,
  source   TEXT NOT NULL,
  number   INTEGER NOT NULL,
  position INTEGER NOT NULL,      -- in the intake log
  place    INTEGER NOT NULL,      -- byte within the delivery
  reason   TEXT NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (tenant, source, number)
) WITHOUT ROWID;
