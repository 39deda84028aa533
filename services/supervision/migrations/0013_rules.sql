-- Each alert's place in its supervisor's week; absences with who stands in; Monday's digests.

-- asked_at: since when it asks for a supervisor's attention, and counts; place_at: when its place is decided;
-- with_person: who it was passed on to, where that is one person.
ALTER TABLE alert
    ADD COLUMN asked_at timestamptz,
    ADD COLUMN place text CHECK (place IN ('own', 'grouped', 'digest')),
    ADD COLUMN place_at timestamptz,
    ADD COLUMN with_person uuid;
UPDATE alert SET asked_at = raised_at, place = 'own'
WHERE severity = 'attention' AND with_role = 'supervisor' AND raised_at > now() - interval '8 days';
CREATE INDEX alert_asked ON alert (supervisor_id, asked_at) WHERE asked_at IS NOT NULL;
CREATE INDEX alert_handed ON alert (with_person) WHERE with_person IS NOT NULL AND resolved_at IS NULL;
CREATE INDEX alert_rule_resolved ON alert (site_id, rule, resolved_at) WHERE resolved_by IS NOT NULL;

CREATE INDEX alert_waiting ON alert (supervisor_id, site_id) WHERE state = 'open' AND (with_role = 'digest' OR severity = 'info');

-- The line of an alert has a back-up in it now.
ALTER TABLE alert DROP CONSTRAINT alert_with_role_check;
ALTER TABLE alert ADD CONSTRAINT alert_with_role_check
    CHECK (with_role IN ('supervisor', 'back_up', 'site_lead', 'on_call', 'digest'));

-- A supervisor is away, and somebody of the same site stands in: from .. until (not included).
CREATE TABLE absence (
    absence_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    person_id uuid NOT NULL,
    delegate_id uuid NOT NULL,
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    by_person uuid,  -- null: by the command line
    noted_at timestamptz NOT NULL,
    CHECK (from_at <= until_at)
);
CREATE INDEX absence_of_person ON absence (person_id, until_at);
CREATE INDEX absence_of_delegate ON absence (delegate_id, until_at);
CREATE INDEX absence_of_site ON absence (site_id, until_at);

-- Whose mentors a person looks after now: their own, and those of whom they stand in for.
CREATE FUNCTION looked_after(person uuid) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(DISTINCT id) FROM (
        SELECT person AS id
        UNION ALL
        SELECT a.person_id FROM absence a WHERE a.delegate_id = person AND a.from_at <= now() AND a.until_at > now()
    ) AS those
$$;

-- Mentors with an alert that was handed on to a person as somebody's back-up, until it is closed.
CREATE FUNCTION handed_to(person uuid) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(DISTINCT mentor_id), '{}') FROM alert
    WHERE with_person = person AND with_role = 'back_up' AND resolved_at IS NULL
$$;

-- A supervisor's Mondays: when the next digest is due, and what the last ones listed.
CREATE TABLE digest (
    person_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    time_zone text NOT NULL,
    due_at timestamptz
);
CREATE INDEX digest_due ON digest (due_at) WHERE due_at IS NOT NULL;
INSERT INTO digest (person_id, site_id, time_zone, due_at)
SELECT person_id, site_id, time_zone,
       (date_trunc('week', now() AT TIME ZONE time_zone) + interval '7 days 8 hours') AT TIME ZONE time_zone
FROM person WHERE role <> 'mentor' AND status = 'active';

CREATE TABLE digest_sent (
    person_id uuid,
    at timestamptz,
    site_id text NOT NULL,
    alert_ids uuid[] NOT NULL,
    PRIMARY KEY (person_id, at)
);

-- Rules that came new look at everybody once, some each second: nobody waits for an event to come.
UPDATE mentor_case SET review_at = soon.at, due_at = soon.at
FROM (SELECT mentor_id, now() + random() * interval '1 hour' AS at FROM mentor_case) AS soon
WHERE mentor_case.mentor_id = soon.mentor_id AND enrolled AND status = 'active' AND (due_at IS NULL OR due_at > soon.at);
