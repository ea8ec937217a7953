-- Whose token it is, where it is a person's: what they say by it, they say themselves.
ALTER TABLE tokens ADD COLUMN person TEXT;
