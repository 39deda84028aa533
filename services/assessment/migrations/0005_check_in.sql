-- What a mentor says of a session that is over, one row for each mentor of a session; the last word stands.
CREATE TABLE check_in (
    id uuid PRIMARY KEY,  -- follows from the session and the mentor
    session_id uuid NOT NULL,
    mentor_id uuid NOT NULL,
    site_id text NOT NULL,
    said jsonb NOT NULL,  -- happened, steps, confidence, wants_to_talk
    sent_at timestamptz NOT NULL,  -- for the first time
    changed_at timestamptz NOT NULL,
    revision int NOT NULL
);

-- What check-ins said of the steps that rest on a skill: of each step the newest sessions, so that their order cannot matter.
ALTER TABLE skill ADD COLUMN steps jsonb NOT NULL DEFAULT '[]';
