CREATE TEMP TABLE mentor AS
SELECT n, md5('m' || n)::uuid AS id, 'site-' || n / 200 AS site, md5('s' || (n / 200) * 11 + n % 11)::uuid AS supervisor,
       (ARRAY['open_questions', 'reflective_listening', 'goal_setting', 'change_talk', 'building_rapport'])[1 + n % 5] AS skill
FROM generate_series(0, $mentors - 1) n;
INSERT INTO site (site_id, name, phone, time_zone, locales, hotline_label, hotline_number, reporting_steps, staff_on_call, ask_directly, status, revision)
SELECT DISTINCT site, 'A site', '555 555 0100', 'America/Chicago', ARRAY['en'], 'Line', '800 555 0199', ARRAY['Call.'], '555 555 0101', true, 'active', 1
FROM mentor;
INSERT INTO person (person_id, site_id, role, reference, name, email, phone, time_zone, locale, row_hash)
SELECT id, site, 'mentor', 'm' || n, 'Mentor ' || md5(n::text), 'm' || n || '@example.org', '555 555 0117', 'America/Chicago', 'en', ''::bytea FROM mentor
UNION ALL
SELECT DISTINCT supervisor, site, 'supervisor', supervisor::text, 'Supervisor ' || left(supervisor::text, 6), NULL, NULL, 'America/Chicago', 'en', ''::bytea FROM mentor
UNION ALL
SELECT DISTINCT md5('l' || site)::uuid, site, 'site_lead', 'lead', 'Lead of ' || site, NULL, NULL, 'America/Chicago', 'en', ''::bytea FROM mentor;
INSERT INTO mentor_case (mentor_id, site_id, enrolled, supervisor_id, time_zone, locale, match_started_on, granted, link_epoch, status, revision, history, review_at, due_at, matches)
SELECT m.id, m.site, true, m.supervisor, 'America/Chicago', 'en', current_date - 30 - m.n % 300, h.granted, 1, 'active', 9, h.history, NULL, NULL,
       jsonb_build_array(jsonb_build_object('started_on', (current_date - 30 - m.n % 300)::text))
FROM mentor m JOIN history h ON h.n = m.n % 10;
INSERT INTO preparation (preparation_id, session_id, mentor_id, site_id, starts_at, quiz_by, status, activity, function, mode, minutes, session_no, stage,
  time_zone, plan_revision, training_id, locale, module_id, module_version, items, nothing_suitable, opened_at, last_answer_at, completed_at, late,
  open_answers, ready_at, complete_when_ready, due_at)
SELECT md5('p' || k || '/' || n)::uuid, md5('x' || k || '/' || n)::uuid, id, site, at, at - interval '3 hours', 'planned', 'goal_review',
  'progress_accountability', 'in_person', 45, 5 - k, 'building', 'America/Chicago', 1, md5('t' || k || '/' || n)::uuid, 'en', skill || '_1', 1,
  jsonb_build_array(jsonb_build_object('module_id', skill || '_1', 'version', 1, 'item_id', 'q1'),
                    jsonb_build_object('module_id', skill || '_1', 'version', 1, 'item_id', 'q2'),
                    jsonb_build_object('module_id', skill || '_1', 'version', 1, 'item_id', 'q3')),
  false, at - interval '20 hours', at - interval '19 hours', CASE WHEN k > 0 OR n % 5 < 3 THEN at - interval '19 hours' END, false, '[]',
  at - interval '19 hours', true, NULL
FROM (SELECT m.*, k, date_trunc('day', now() AT TIME ZONE 'America/Chicago') AT TIME ZONE 'America/Chicago'
             + ((n / 11 % 5) - 7 * k) * interval '1 day' + (14 + n % 5) * interval '1 hour' AS at
      FROM mentor m CROSS JOIN generate_series(0, 3) k) planned;
INSERT INTO answer (training_id, module_id, item_id, attempt, version, mentor_id, site_id, session_id, skill, kind, chosen, shown, correct, mistakes,
  confidence, safety_critical, answered_at, received_at, late)
SELECT md5('t' || k || '/' || n)::uuid, skill || '_1', 'q' || q, 1, 1, id, site, md5('x' || k || '/' || n)::uuid, skill, 'single',
  ARRAY[CASE WHEN (n + q) % 7 = 0 THEN 'b' ELSE 'a' END], false, (n + q) % 7 <> 0, '{}', 'think_so', q = 1, now(), now(), false
FROM mentor CROSS JOIN generate_series(0, 1) k CROSS JOIN generate_series(1, 2) q WHERE k > 0 OR n % 5 < 3;
INSERT INTO clearance_entry (mentor_id, site_id, function, state, until, why, evidence, by_person, at, revision)
SELECT id, site, f, 'cleared', now() + interval '100 days', 'granted', 'people_file', NULL, now() - k * interval '90 days', 1
FROM mentor CROSS JOIN unnest(ARRAY['relationship_building', 'school_motivation_talk', 'academic_help']) f CROSS JOIN generate_series(0, 1) k;
INSERT INTO contact (contact_id, mentor_id, site_id, session_id, by_person, outcome, cleared, at, snoozed_until, undone_at, how, logged_at)
SELECT md5('c' || k || '/' || n)::uuid, id, site, md5('x' || k || '/' || n)::uuid, supervisor, 'talked', '{}',
  now() - (k * 27 + n % 25) * interval '1 day', NULL, NULL, 'call', NULL
FROM mentor CROSS JOIN generate_series(0, 4) k;
INSERT INTO alert (alert_id, mentor_id, site_id, supervisor_id, session_id, rule, rule_version, subject, severity, state, with_role, facts, evidence,
  raised_at, acknowledge_by, resolved_at, how)
SELECT md5('a' || k || '/' || n)::uuid, id, site, supervisor, md5('x0/' || n)::uuid, 'same_mistake_again', 1, 'parroting', 'attention',
  CASE WHEN k = 0 THEN 'open' ELSE 'resolved' END, 'supervisor', '{}', '{}', now() - k * interval '20 days', now(),
  CASE WHEN k > 0 THEN now() - k * interval '19 days' END, CASE WHEN k > 0 THEN 'talked' END
FROM mentor CROSS JOIN generate_series(0, 3) k WHERE k > 0 OR n % 6 = 0;
INSERT INTO hold (hold_id, mentor_id, site_id, session_id, training_id, module_id, version, item_id, skill, functions, confidence, held_at, cleared_at)
SELECT md5('h' || n)::uuid, id, site, md5('x0/' || n)::uuid, md5('t0/' || n)::uuid, skill || '_1', 1, 'q1', skill, ARRAY['school_motivation_talk'],
  'think_so', now(), CASE WHEN n % 10 > 0 THEN now() END
FROM mentor WHERE n % 5 = 0;
INSERT INTO skill (skill_id, mentor_id, site_id, skill, revision, remembered)
SELECT md5('k' || s || '/' || m.n)::uuid, m.id, m.site, s, 1,
  r.document || jsonb_build_object('mentor_id', m.id, 'site_id', m.site, 'skill', s, 'reviewed_at', now() - (m.n % 60) * interval '1 day')
FROM mentor m CROSS JOIN remembered r
CROSS JOIN unnest(ARRAY['open_questions', 'reflective_listening', 'goal_setting', 'change_talk', 'building_rapport', 'boundaries']) s;
INSERT INTO check_in (check_in_id, mentor_id, site_id, starts_at, revision, document)
SELECT md5('i' || n)::uuid, id, site, now() - interval '7 days', 1, jsonb_build_object(
  'mentor_id', id, 'session_id', md5('x1/' || n)::uuid, 'site_id', site, 'starts_at', now() - interval '7 days', 'activity', 'goal_review', 'happened', true,
  'steps', jsonb_build_array(jsonb_build_object('step', 'reset_the_step', 'skill', 'supportive_accountability', 'done', 'did')),
  'wants_to_talk', 'no', 'sent_at', now(), 'at', now(), 'revision', 1)
FROM mentor;
ANALYZE;
