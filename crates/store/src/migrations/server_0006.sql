-- When somebody wanted a stream to be read now, whenever it would be its turn; none once it was.
ALTER TABLE streams ADD COLUMN asked_at INTEGER;
