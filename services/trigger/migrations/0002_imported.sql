-- What each calendar source said last of each session, so that an import run twice changes nothing.
-- session_ref holds the site's own reference of a mentor: it stays in this table, and goes when the mentor is erased.

CREATE TABLE imported (
    site_id text NOT NULL COLLATE "C",
    source text NOT NULL COLLATE "C",
    session_ref text NOT NULL COLLATE "C",
    session_id uuid NOT NULL,
    mentor_id uuid NOT NULL,
    content_hash bytea NOT NULL,  -- empty: it was refused
    revision int NOT NULL,
    starts_at timestamptz NOT NULL,
    PRIMARY KEY (site_id, source, session_ref)
);
CREATE INDEX imported_mentor ON imported (mentor_id);
