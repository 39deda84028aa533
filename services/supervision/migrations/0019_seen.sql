-- Who has seen an alert, why it went up the line, and absences that follow one another.

-- seen: [{by, at, with_role}], the first time that each person had it before them; passed_why: deadline, asked or unreached.
ALTER TABLE alert
    ADD COLUMN seen jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN passed_why text CHECK (passed_why IN ('deadline', 'asked', 'unreached'));

-- Whose mentors a person looks after now: their own, those of whom they stand in for, and of whom those stand in for.
CREATE OR REPLACE FUNCTION looked_after(person uuid) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    WITH RECURSIVE those (id) AS (
        SELECT person
        UNION
        SELECT a.person_id FROM those t JOIN absence a ON a.delegate_id = t.id
        WHERE a.from_at <= now() AND a.until_at > now()
    )
    SELECT array_agg(id) FROM those
$$;

-- Mentors with an alert that was handed on to a person as somebody's back-up, or to whom that person stands in for, until it is
-- closed.
CREATE OR REPLACE FUNCTION handed_to(person uuid) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(DISTINCT mentor_id), '{}') FROM alert
    WHERE with_person = ANY(looked_after(person)) AND with_role = 'back_up' AND resolved_at IS NULL
$$;

-- Who reads a person's mail now: they themselves; while they are away who stands in, or whoever stands in for that one. Where
-- everybody is away for one another it is the site's lead.
CREATE FUNCTION stand_in(person uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
    WITH RECURSIVE chain (id, path, round) AS (
        SELECT person, ARRAY[person], false
        UNION ALL
        SELECT d.delegate_id, c.path || d.delegate_id, d.delegate_id = ANY(c.path)
        FROM chain c CROSS JOIN LATERAL (
            SELECT a.delegate_id FROM absence a
            JOIN person p ON p.person_id = a.delegate_id AND p.status = 'active'
            WHERE a.person_id = c.id AND a.from_at <= now() AND a.until_at > now()
            ORDER BY a.from_at, a.absence_id LIMIT 1
        ) d
        WHERE NOT c.round
    )
    SELECT CASE WHEN NOT c.round THEN c.id ELSE coalesce((
        SELECT l.person_id FROM person o JOIN person l ON l.site_id = o.site_id
        WHERE o.person_id = c.path[1] AND l.role = 'site_lead' AND l.status = 'active' AND NOT l.person_id = ANY(c.path)
        ORDER BY l.reference LIMIT 1), c.path[1]) END
    FROM chain c ORDER BY cardinality(c.path) DESC LIMIT 1
$$;
