-- Cancelled days of a site, with the sessions that were planned there when somebody said so; holidays; when tokens were used.

CREATE TABLE cancellation (
    id uuid PRIMARY KEY,
    site_id text NOT NULL COLLATE "C",
    first_day date NOT NULL,
    day_after date NOT NULL,
    reason text NOT NULL,
    told_by text NOT NULL,  -- a publisher's name; empty: a command
    told_at timestamptz NOT NULL,
    sessions uuid[] NOT NULL,
    revisions int[] NOT NULL,  -- of those sessions, as their site had told them
    undone_at timestamptz
);
CREATE INDEX cancellation_site ON cancellation (site_id, told_at);

-- A site's holidays, by day, with their names. Nothing is cancelled by one: whoever looks at a session there is told.
CREATE TABLE holidays (
    site_id text COLLATE "C" PRIMARY KEY,
    days jsonb NOT NULL
);

-- When a publisher's token was last used, to the hour: so that one can be ended without cutting anybody off.
CREATE TABLE token_use (
    hash bytea PRIMARY KEY,
    at timestamptz NOT NULL
);
