-- Calendars that are asked for again and again. An address may hold its owner's secret, and mentor_ref is the site's own reference:
-- both stay in this table, and go when the mentor is erased.

CREATE TABLE feed (
    id text PRIMARY KEY,
    site_id text NOT NULL COLLATE "C",
    mentor_id uuid NOT NULL,
    mentor_ref text NOT NULL,
    url text NOT NULL,
    activity text,  -- of entries without a category
    complete boolean NOT NULL,  -- it holds all of this mentor's sessions
    minutes int NOT NULL,  -- between two looks
    added_at timestamptz NOT NULL DEFAULT now(),
    next_at timestamptz NOT NULL DEFAULT now(),
    etag text,
    modified text,
    read_at timestamptz,  -- when it was last read whole
    asked_at timestamptz,
    outcome text,
    detail text,  -- in words that name nobody
    failures int NOT NULL DEFAULT 0,  -- in a row
    held int NOT NULL DEFAULT 0,  -- sessions that are in it no more, and wait for somebody's word
    confirmed boolean NOT NULL DEFAULT false,  -- and have it
    UNIQUE (site_id, mentor_id, url)
);
CREATE INDEX feed_next ON feed (next_at);
CREATE INDEX feed_mentor ON feed (mentor_id);
