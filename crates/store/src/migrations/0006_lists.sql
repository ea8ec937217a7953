-- What lists filter by beside the facets: where an issue's asset is, and when it was first seen.
CREATE TABLE issue_places (page INTEGER PRIMARY KEY, body BLOB NOT NULL);
-- What lists filter findings by, 4096 findings a row.
CREATE TABLE finding_facets (page INTEGER PRIMARY KEY, body BLOB NOT NULL);

-- When each of those pages was last written, in the order of writing: a reader that keeps them in
-- memory asks for what is newer. Kind 0 is issues, 1 is findings.
CREATE TABLE page_versions (
  kind    INTEGER NOT NULL,
  page    INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (kind, page)
) WITHOUT ROWID;
INSERT INTO page_versions SELECT 0, page, 1 FROM issue_facets;
INSERT INTO settings (name, value) VALUES ('page_version', 1);

-- Each is judged once more: that says where its asset is.
UPDATE issues SET dirty = 1;
