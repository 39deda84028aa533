-- Days of a site that were called off, with the sessions that are off because of it and what each supervisor was told. Opaque ids only.

CREATE TABLE day_off (
    cancellation_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    first_day date NOT NULL,
    day_after date NOT NULL,
    reason text NOT NULL,
    off jsonb NOT NULL,  -- by session: mentor, supervisor, start
    notices jsonb NOT NULL,  -- one for each supervisor: the alert
    began_at timestamptz,
    due_at timestamptz
);
CREATE INDEX day_off_due ON day_off (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX day_off_of_site ON day_off (site_id, day_after);
