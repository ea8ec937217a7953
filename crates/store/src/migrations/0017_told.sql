-- What tells a relation, where it tells all of one kind that one asset has: a field of a record of
-- the asset. A later file whose record of the asset has the field and does not name the relation
-- there says that it is gone.
ALTER TABLE relations ADD COLUMN told_by BLOB;
CREATE INDEX relation_by_teller ON relations (told_by) WHERE told_by IS NOT NULL;

CREATE TABLE told (
  teller BLOB PRIMARY KEY,
  at     INTEGER NOT NULL -- when a complete file last had it
) WITHOUT ROWID;
