-- Days of a site on which nothing takes place, with the sessions that were planned there when somebody said so.

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
