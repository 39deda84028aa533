-- What was done from the command line: by whom, as the system calls them, with which command, and about whom or what. Words of the
-- command and opaque ids only. Only ever added to: the service's role may not change it (shared/db.py reads the comment). What is
-- too old goes by this function, which never takes anything younger than a year.

CREATE TABLE operated (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    site_id text NOT NULL,  -- empty where no site was named
    operator text NOT NULL,
    command text NOT NULL,
    about uuid[] NOT NULL
);
CREATE INDEX operated_of_site ON operated (site_id, id);
CREATE INDEX operated_at ON operated (at);
COMMENT ON TABLE operated IS 'append only';

CREATE FUNCTION forget_operated(days int, most int) RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path FROM CURRENT AS $$
    WITH gone AS (DELETE FROM operated WHERE id = ANY(ARRAY(
        SELECT id FROM operated WHERE at < now() - make_interval(days => greatest(days, 365)) ORDER BY at LIMIT most))
      RETURNING 1)
    SELECT count(*) FROM gone
$$;

-- As what somebody was erased, so that it can be done again from this ledger alone. Empty: by an earlier version, which kept none.
ALTER TABLE erased ADD COLUMN role text NOT NULL DEFAULT '' CHECK (role IN ('', 'mentor', 'staff'));
