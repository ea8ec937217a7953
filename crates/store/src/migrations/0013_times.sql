-- The rows of an incident's riskiest issues, four bytes each: whether it is gone, or only part of
-- another, is told by them.
ALTER TABLE incident_times ADD COLUMN issues BLOB NOT NULL DEFAULT x'';
CREATE INDEX incident_times_standing ON incident_times (incident) WHERE gone IS NULL;
