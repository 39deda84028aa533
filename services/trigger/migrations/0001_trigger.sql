-- Trigger's own: publishers, policies, sessions with their moments and decisions. Then the facts it copies from others.

CREATE TABLE publisher (
    name text COLLATE "C" PRIMARY KEY,
    sites text[] NOT NULL,  -- the sites that it may speak for
    kafka boolean NOT NULL,
    token_hashes bytea[] NOT NULL,  -- sha256; a token itself is never kept
    added_at timestamptz NOT NULL,
    paused_at timestamptz
);
CREATE INDEX publisher_token ON publisher USING gin (token_hashes);

CREATE TABLE policy (
    site_id text COLLATE "C" PRIMARY KEY,
    version int NOT NULL,
    document jsonb NOT NULL
);

-- One row per session, and the one thing it waits for next: there is no timer table.
CREATE TABLE session (
    id uuid PRIMARY KEY,
    site_id text NOT NULL,
    status text NOT NULL,
    mentor_id uuid,  -- null, with all that a site tells of a session, when only its cancellation has arrived
    mentee_ref text,
    starts_at timestamptz,
    wall timestamp,  -- the start on the clock in time_zone: the truth, should the zone's rules change
    time_zone text,
    minutes int,
    activity text,
    revision int,  -- the site's, of what it told
    plan int NOT NULL,  -- ours, of what we told others
    stage text NOT NULL,
    session_no int NOT NULL,
    mentor_zone text NOT NULL,
    policy_version int NOT NULL,
    quiz_by timestamptz,
    moment text,
    due_at timestamptz,
    rest jsonb  -- what most sessions do not have, and what has happened so far
);
CREATE INDEX session_due ON session (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX session_mentor ON session (mentor_id, starts_at);
CREATE INDEX session_unknown ON session (site_id) WHERE status IN ('waiting', 'unknown_mentor', 'unknown_site');

CREATE TABLE mentor (
    id uuid PRIMARY KEY,
    site_id text NOT NULL,
    time_zone text NOT NULL,
    locale text NOT NULL,
    active boolean NOT NULL,
    matches jsonb NOT NULL,
    clearances jsonb NOT NULL,
    revision int NOT NULL
);

CREATE TABLE site (
    site_id text COLLATE "C" PRIMARY KEY,
    time_zone text NOT NULL,
    variables jsonb NOT NULL,
    active boolean NOT NULL,
    revision int NOT NULL
);

CREATE TABLE skill (
    id uuid PRIMARY KEY,  -- made of mentor and skill
    mentor_id uuid NOT NULL,
    site_id text NOT NULL,
    skill text NOT NULL,
    stability float8 NOT NULL,
    difficulty float8 NOT NULL,
    decay float8 NOT NULL,
    reviewed_at timestamptz NOT NULL,
    open_misses jsonb NOT NULL,
    revision int NOT NULL
);
CREATE INDEX skill_mentor ON skill (mentor_id);

CREATE TABLE training (
    id uuid PRIMARY KEY,
    session_id uuid NOT NULL,
    mentor_id uuid NOT NULL,
    site_id text NOT NULL,
    assigned_at timestamptz,
    completed_at timestamptz,
    nothing_suitable boolean NOT NULL
);
