-- Who must look: sites, people and their clearances, what mentors prepared, and the alerts that follow.
-- Only `person` holds names and contacts. Every table about people says whose site it is.

CREATE TABLE site (
    site_id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    phone text NOT NULL,
    time_zone text NOT NULL,
    locales text[] NOT NULL,
    hotline_label text,
    hotline_number text,
    reporting_steps text[] NOT NULL,
    staff_on_call text,
    ask_directly boolean NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'closed')),
    revision int NOT NULL
);

-- The only table with names and contacts. person_id is the mentor_id of a mentor, the supervisor_id of staff.
CREATE TABLE person (
    person_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    role text NOT NULL CHECK (role IN ('mentor', 'supervisor', 'site_lead')),
    reference text NOT NULL,
    name text NOT NULL,
    email text,
    phone text,
    time_zone text NOT NULL,
    locale text NOT NULL,
    row_hash bytea NOT NULL
);
CREATE INDEX person_of_site ON person (site_id, role);

-- One mentor: the roster's facts in columns (supervisor_id is the caseload), what the rules look at in `history`.
-- enrolled = false: something was heard about this mentor before the people's file named them.
CREATE TABLE mentor_case (
    mentor_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    enrolled boolean NOT NULL,
    supervisor_id uuid,
    time_zone text NOT NULL,
    locale text NOT NULL,
    match_started_on date,
    granted jsonb NOT NULL,
    link_epoch int NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'left')),
    revision int NOT NULL,
    history jsonb NOT NULL,
    review_at timestamptz,
    due_at timestamptz
);
CREATE INDEX mentor_case_due ON mentor_case (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX mentor_case_of_supervisor ON mentor_case (supervisor_id);
CREATE INDEX mentor_case_of_site ON mentor_case (site_id);

-- What a mentor may do now, function by function. A function without a row was never cleared.
-- `until` is judged at the session's start: a row may say cleared and be expired.
CREATE TABLE clearance (
    mentor_id uuid,
    function text COLLATE "C",
    site_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('cleared', 'suspended', 'revoked')),
    until timestamptz,
    why text NOT NULL,
    evidence text NOT NULL,
    by_person uuid,
    at timestamptz NOT NULL,
    revision int NOT NULL,
    PRIMARY KEY (mentor_id, function)
);

-- The ledger: every change of a clearance, for ever. why: granted, safety_miss, talked_through, undone.
CREATE TABLE clearance_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mentor_id uuid NOT NULL,
    site_id text NOT NULL,
    function text NOT NULL,
    state text NOT NULL,
    until timestamptz,
    why text NOT NULL,
    evidence text NOT NULL,
    by_person uuid,
    at timestamptz NOT NULL,
    revision int NOT NULL
);
CREATE INDEX clearance_entry_of_mentor ON clearance_entry (mentor_id, id);

-- A missed safety question that a supervisor has not cleared yet (cleared_at null) suspends `functions`.
CREATE TABLE hold (
    hold_id uuid PRIMARY KEY,
    mentor_id uuid NOT NULL,
    site_id text NOT NULL,
    session_id uuid NOT NULL,
    training_id uuid NOT NULL,
    module_id text NOT NULL,
    version int NOT NULL,
    item_id text NOT NULL,
    skill text NOT NULL,
    functions text[] NOT NULL,
    confidence text,
    held_at timestamptz NOT NULL,
    cleared_at timestamptz,
    cleared_by uuid
);
CREATE INDEX hold_open ON hold (mentor_id) WHERE cleared_at IS NULL;

-- One mentor's preparation for one session: the plan, the training, how far it got, and when the brief was ready.
-- Its id follows from session and mentor, so that a session given to another mentor is another row.
-- Facts come in any order: planned (status, activity ... null until trigger's event is here), assigned (training_id,
-- items ... null until content's). starts_at and quiz_by are trigger's, else those of the first event that names them.
CREATE TABLE preparation (
    preparation_id uuid PRIMARY KEY,
    session_id uuid NOT NULL,
    mentor_id uuid NOT NULL,
    site_id text NOT NULL,
    starts_at timestamptz NOT NULL,
    quiz_by timestamptz,
    status text CHECK (status IN ('planned', 'cancelled', 'held', 'not_held', 'moved_away')),
    activity text,
    function text,
    mode text,
    minutes int,
    session_no int,
    stage text,
    time_zone text,
    plan_revision int,
    training_id uuid,
    locale text,
    module_id text,
    module_version int,
    items jsonb,
    nothing_suitable boolean NOT NULL,
    opened_at timestamptz,
    last_answer_at timestamptz,
    completed_at timestamptz,
    late boolean NOT NULL,
    open_answers jsonb NOT NULL,
    ready_at timestamptz,
    complete_when_ready boolean,
    due_at timestamptz
);
CREATE INDEX preparation_due ON preparation (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX preparation_of_site ON preparation (site_id, starts_at);
CREATE INDEX preparation_of_mentor ON preparation (mentor_id, starts_at);
CREATE INDEX preparation_of_training ON preparation (training_id);
CREATE INDEX preparation_of_session ON preparation (session_id);

-- Every answer: attempt 1 is the first try, which counts; 2 is the retry (shown: asked for the answer instead).
CREATE TABLE answer (
    training_id uuid,
    module_id text COLLATE "C",
    item_id text COLLATE "C",
    attempt smallint,
    version int NOT NULL,
    mentor_id uuid NOT NULL,
    site_id text NOT NULL,
    session_id uuid NOT NULL,
    skill text NOT NULL,
    kind text NOT NULL,
    chosen text[] NOT NULL,
    shown boolean NOT NULL,
    correct boolean NOT NULL,
    mistakes text[] NOT NULL,
    confidence text,
    safety_critical boolean NOT NULL,
    answered_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    late boolean NOT NULL,
    PRIMARY KEY (training_id, module_id, item_id, attempt)
);

-- Copies of content's modules, all versions: what the brief shows. module: the whole Module as JSON.
CREATE TABLE module (
    key text COLLATE "C" PRIMARY KEY,
    module_id text NOT NULL,
    locale text NOT NULL,
    version int NOT NULL,
    status text NOT NULL CHECK (status IN ('published', 'withdrawn')),
    module jsonb NOT NULL
);
CREATE INDEX module_version ON module (module_id, version);

-- Copies of assessment's memory of each skill of each mentor (the whole SkillRemembered as JSON).
CREATE TABLE skill (
    skill_id uuid PRIMARY KEY,
    mentor_id uuid NOT NULL,
    site_id text NOT NULL,
    skill text NOT NULL,
    revision int NOT NULL,
    remembered jsonb NOT NULL
);
CREATE INDEX skill_of_mentor ON skill (mentor_id);

-- One row per alert, open or not; at most one that is not resolved per (mentor, rule, subject).
-- with_role: who is asked to act now (supervisor, site_lead, on_call), or digest: it waits for Monday's list.
-- facts: ids and codes only. note: the words of the person who resolved it; it never leaves this table.
CREATE TABLE alert (
    alert_id uuid PRIMARY KEY,
    mentor_id uuid NOT NULL,
    site_id text NOT NULL,
    supervisor_id uuid,
    session_id uuid,
    rule text NOT NULL,
    rule_version int NOT NULL,
    subject text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('info', 'attention', 'urgent')),
    state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
    with_role text NOT NULL CHECK (with_role IN ('supervisor', 'site_lead', 'on_call', 'digest')),
    facts jsonb NOT NULL,
    evidence text[] NOT NULL,
    raised_at timestamptz NOT NULL,
    acknowledge_by timestamptz,
    escalate_at timestamptz,
    escalated_at timestamptz,
    snoozed_until timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    resolved_at timestamptz,
    resolved_by uuid,
    how text,
    note text,
    contact_id uuid
);
CREATE UNIQUE INDEX alert_one_open ON alert (mentor_id, rule, subject) WHERE state <> 'resolved';
CREATE INDEX alert_of_site ON alert (site_id, state, raised_at);
CREATE INDEX alert_of_supervisor ON alert (supervisor_id, state, raised_at);
CREATE INDEX alert_of_mentor ON alert (mentor_id, resolved_at);

-- The feed behind the live page: one row per visible change of an alert, written in the change's own transaction.
-- kind: raised, updated, acknowledged, escalated, snoozed, returned, resolved, reopened.
-- Sequence order is not commit order, so a reader must not go by seq alone: it reads
--   WHERE (xact, seq) > ($1, $2) AND xact < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xact, seq
-- i.e. only transactions older than every one still running; nothing can appear behind that line afterwards.
CREATE TABLE alert_change (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL,
    kind text NOT NULL,
    alert_id uuid NOT NULL,
    mentor_id uuid NOT NULL,
    site_id text NOT NULL,
    supervisor_id uuid,
    PRIMARY KEY (xact, seq)
);

-- What supervisors logged: talked, not_needed, snoozed. contact_id is the form's request id.
CREATE TABLE contact (
    contact_id uuid PRIMARY KEY,
    mentor_id uuid NOT NULL,
    site_id text NOT NULL,
    session_id uuid,
    by_person uuid NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('talked', 'not_needed', 'snoozed')),
    cleared text[] NOT NULL,
    at timestamptz NOT NULL,
    snoozed_until timestamptz,
    undone_at timestamptz
);
CREATE INDEX contact_of_mentor ON contact (mentor_id, at);
CREATE INDEX contact_of_site ON contact (site_id, at);
