-- The log of readings is only ever added to: the service's role may not change it (shared/db.py reads the comment). What is too old
-- goes by this function, which never takes anything younger than a year.

COMMENT ON TABLE open_answer_read IS 'append only';

CREATE FUNCTION forget_open_answer_reads(days int, most int) RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path FROM CURRENT AS $$
    WITH gone AS (DELETE FROM open_answer_read WHERE id = ANY(ARRAY(
        SELECT id FROM open_answer_read WHERE at < now() - make_interval(days => greatest(days, 365)) ORDER BY at LIMIT most))
      RETURNING 1)
    SELECT count(*) FROM gone
$$;
CREATE INDEX open_answer_read_at ON open_answer_read (at);
