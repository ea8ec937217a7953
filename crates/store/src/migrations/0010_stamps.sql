-- When each issue of a page was last judged, as the number of what had been written by then: a
-- reader that keeps what incidents are built from reads only the issues that are newer.
CREATE TABLE issue_stamps (page INTEGER PRIMARY KEY, body BLOB NOT NULL);
