-- Words that a tool's inventory says of an asset: a relation whose second end is a word. `says` is
-- the number of what it says in full. The index holds all that judging issues needs of them.
ALTER TABLE relations ADD COLUMN says INTEGER;
CREATE INDEX relation_label ON relations (id, origin, says)
  WHERE says IS NOT NULL AND gone_at IS NULL;
