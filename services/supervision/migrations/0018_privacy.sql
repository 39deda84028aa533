-- Who was erased on request, and which services have sent their receipt. `pages`: the briefs that were open then, so that a page
-- can say so; they go with the closing receipt, when nothing about the person is on a topic any more.

CREATE TABLE erasure (
    person_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    role text NOT NULL CHECK (role IN ('mentor', 'staff')),
    asked_at timestamptz NOT NULL,
    receipts jsonb NOT NULL,  -- service -> when
    closes_at timestamptz NOT NULL,
    closed_at timestamptz,
    pages uuid[] NOT NULL DEFAULT '{}',
    due_at timestamptz
);
CREATE INDEX erasure_due ON erasure (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX erasure_of_site ON erasure (site_id);

-- Who opened what about whom. Only ever added to: the service's role may not change it (shared/db.py reads the comment). What is
-- too old goes by this function, which never takes anything younger than a year.
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    site_id text NOT NULL,
    person_id uuid NOT NULL,  -- who read
    mentor_id uuid NOT NULL,  -- about whom
    what text NOT NULL CHECK (what IN ('brief', 'own_words', 'mentor')),
    training_id uuid
);
CREATE INDEX audit_of_site ON audit (site_id, id);
CREATE INDEX audit_at ON audit (at);
COMMENT ON TABLE audit IS 'append only';

CREATE FUNCTION forget_audit(days int, most int) RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path FROM CURRENT AS $$
    WITH gone AS (DELETE FROM audit WHERE id = ANY(ARRAY(
        SELECT id FROM audit WHERE at < now() - make_interval(days => greatest(days, 365)) ORDER BY at LIMIT most))
      RETURNING 1)
    SELECT count(*) FROM gone
$$;

-- For what is forgotten after a time.
CREATE INDEX alert_change_at ON alert_change (at);
