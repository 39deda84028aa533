-- Pages may see rows of their caller's sites or of the mentor. Without an index for each of these, all sessions would be read to
-- find one mentor's: what is asked of a document might leak, so Postgres looks at it only after it knows whose the row is.
CREATE INDEX planned_session_of_site ON planned_session (site_id);
