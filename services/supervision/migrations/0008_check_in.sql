-- What a mentor said of a session that was over, one row for each mentor of a session: the last word, as it came.
CREATE TABLE check_in (
    check_in_id uuid PRIMARY KEY,  -- follows from the session and the mentor
    mentor_id uuid NOT NULL,
    site_id text NOT NULL,
    starts_at timestamptz NOT NULL,
    revision int NOT NULL,
    document jsonb NOT NULL
);
CREATE INDEX check_in_of_mentor ON check_in (mentor_id, starts_at);
