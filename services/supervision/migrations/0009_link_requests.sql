-- Copied: the last time a mentor with an expired link asked for a new one. Opening a newer training answers it.

CREATE TABLE link_request (
    mentor_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    training_id uuid NOT NULL,
    requested_at timestamptz NOT NULL
);
