-- Matches with a start and an end, back-ups, and people who have left. `source`: who named this person last (people_file,
-- oneroster): a list that is complete of its kind says nothing of people whom another one names.

ALTER TABLE person ADD COLUMN back_up_id uuid;
ALTER TABLE person ADD COLUMN status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'left'));
ALTER TABLE person ADD COLUMN source text NOT NULL DEFAULT 'people_file';

-- null: as match_started_on says, which stays the start of the oldest match that goes on.
ALTER TABLE mentor_case ADD COLUMN matches jsonb;

-- A list that somebody sent in by the console: looked at first, brought in when they say so, and then its counts only.
-- `file` and `report` hold names: they are sealed, and go when it is done, dropped, or a day old.
CREATE TABLE people_import (
    import_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    by_person uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('people', 'oneroster')),
    file_name text NOT NULL,
    state text NOT NULL CHECK (state IN ('looked_at', 'confirmed', 'done', 'dropped', 'failed')),
    forced boolean NOT NULL,
    mapping text NOT NULL,  -- of a OneRoster set: what its roles mean
    file bytea,
    report bytea,
    new int NOT NULL,
    changed int NOT NULL,
    unchanged int NOT NULL,
    gone int NOT NULL,
    wrong int NOT NULL,
    written int NOT NULL,
    sent_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    ended_at timestamptz,
    claimed_until timestamptz  -- by the worker that brings it in
);
CREATE INDEX people_import_of_site ON people_import (site_id, sent_at);
CREATE INDEX people_import_to_do ON people_import (sent_at) WHERE state IN ('looked_at', 'confirmed');

-- What OneRoster sets said last, row by row, so that a set of changes can be read: opaque ids, roles and days. No name and no
-- reference of anybody; row_id follows from site, file and the row's own id.
CREATE TABLE oneroster_row (
    row_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    file text NOT NULL CHECK (file IN ('users', 'roles', 'classes', 'enrollments', 'academicSessions')),
    document jsonb NOT NULL
);
CREATE INDEX oneroster_row_of_site ON oneroster_row (site_id);
