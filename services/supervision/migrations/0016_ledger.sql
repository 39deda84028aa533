-- The task-shifting ledger: what each skill was trained and practiced, what a people's file said last (mentor_case.history), and
-- how a talk was held, which may be logged later than it was.

ALTER TABLE contact ADD COLUMN how text CHECK (how IN ('call', 'in_person', 'message'));
ALTER TABLE contact ADD COLUMN logged_at timestamptz;  -- null: at the time that it is of

-- Clearances came from people's files only, so far; trainings and answers are here.
UPDATE mentor_case SET history = jsonb_set(history, '{listed}', granted) WHERE granted <> '{}';
UPDATE mentor_case c SET history = jsonb_set(c.history, '{trained}', found.trained)
FROM (
  SELECT mentor_id, jsonb_object_agg(skill, at) AS trained
  FROM (
    SELECT p.mentor_id, m.skill, max(p.completed_at) AS at
    FROM preparation p
    JOIN (SELECT DISTINCT module_id, module ->> 'skill' AS skill FROM module) m ON m.module_id = p.module_id
    WHERE p.completed_at IS NOT NULL GROUP BY p.mentor_id, m.skill
  ) done GROUP BY mentor_id
) found
WHERE c.mentor_id = found.mentor_id;
UPDATE mentor_case c SET history = jsonb_set(c.history, '{practiced}', found.practiced)
FROM (
  SELECT mentor_id, jsonb_object_agg(skill, jsonb_build_object('at', at)) AS practiced
  FROM (
    SELECT mentor_id, skill, max(least(answered_at, received_at)) AS at FROM answer WHERE attempt = 1 GROUP BY mentor_id, skill
  ) answered GROUP BY mentor_id
) found
WHERE c.mentor_id = found.mentor_id;

-- The history of one function of one mentor.
CREATE INDEX clearance_entry_of_function ON clearance_entry (mentor_id, function, id);
