-- How ready a mentor said they feel after a training: the last word.
CREATE TABLE readiness (
    training_id uuid PRIMARY KEY,
    mentor_id uuid NOT NULL,
    site_id text NOT NULL,
    ready text NOT NULL,
    at timestamptz NOT NULL
);
