-- Calendars of a site: whose session an entry is and what for, by rules. Words that may be a name are in them as keyed hashes only.

ALTER TABLE feed
    ALTER COLUMN mentor_id DROP NOT NULL,  -- a calendar of several mentors
    ALTER COLUMN mentor_ref DROP NOT NULL,
    ADD COLUMN mapping jsonb,
    ADD COLUMN mapping_version int NOT NULL DEFAULT 0,
    ADD COLUMN mapped uuid[] NOT NULL DEFAULT '{}',  -- the mentors whom the rules name: they go when one is erased
    ADD COLUMN understood bytea,  -- digest of the rules and the roster by which it was read last
    ADD COLUMN needs jsonb NOT NULL DEFAULT '[]';  -- entries that wait for a rule or the roster: reasons, counts and times
CREATE UNIQUE INDEX feed_of_site ON feed (site_id, url) WHERE mentor_id IS NULL;
CREATE INDEX feed_mapped ON feed USING gin (mapped) WHERE mentor_id IS NULL;

-- Which calendar of a site said it; empty: one mentor's own.
ALTER TABLE imported ADD COLUMN calendar text NOT NULL DEFAULT '' COLLATE "C";
CREATE INDEX imported_calendar ON imported (site_id, calendar) WHERE calendar <> '';

ALTER TABLE mentor ADD COLUMN address_hash text;  -- the roster's
