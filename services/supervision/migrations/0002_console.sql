-- Who is signed in to the console, and who read which brief. Tokens are stored hashed (sha256).

CREATE TABLE sign_in_link (
    token_hash bytea PRIMARY KEY,
    person_id uuid NOT NULL,
    site_id text NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

CREATE TABLE console_session (
    token_hash bytea PRIMARY KEY,
    person_id uuid NOT NULL,
    site_id text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz NOT NULL
);

-- Append only: every time somebody opens a brief.
CREATE TABLE brief_opened (
    training_id uuid NOT NULL,
    mentor_id uuid NOT NULL,
    site_id text NOT NULL,
    person_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX brief_opened_of_training ON brief_opened (training_id, at);
