-- Copied facts: the latest revision of what other services said. `document` is the event as it came.
CREATE TABLE module (
    key text COLLATE "C" PRIMARY KEY,  -- module_id/locale@version
    document jsonb NOT NULL
);

CREATE TABLE planned_session (
    session_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    revision int NOT NULL,
    document jsonb NOT NULL
);

CREATE TABLE roster (
    mentor_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    revision int NOT NULL,
    document jsonb NOT NULL
);

CREATE TABLE site (
    site_id text COLLATE "C" PRIMARY KEY,
    revision int NOT NULL,
    document jsonb NOT NULL
);

-- Our own: a training from its assignment to its end, with every try.
CREATE TABLE training (
    id uuid PRIMARY KEY,
    site_id text NOT NULL,
    mentor_id uuid NOT NULL,
    session_id uuid NOT NULL,
    assigned jsonb NOT NULL,
    opened_at timestamptz,
    cards_read int NOT NULL DEFAULT 0,
    tries jsonb NOT NULL DEFAULT '[]',
    said jsonb NOT NULL DEFAULT '[]',
    completed_at timestamptz
);
CREATE INDEX training_mentor ON training (mentor_id);

-- What a mentor remembers of one skill; `id` follows from both.
CREATE TABLE skill (
    id uuid PRIMARY KEY,
    site_id text NOT NULL,
    mentor_id uuid NOT NULL,
    skill text NOT NULL,
    reviews jsonb NOT NULL,
    open_misses jsonb NOT NULL,
    revision int NOT NULL,
    UNIQUE (mentor_id, skill)
);

-- The only free text in the system: sealed before it gets here, opened for a brief, each reading written down.
CREATE TABLE open_answer (
    training_id uuid,
    number int,
    site_id text NOT NULL,
    mentor_id uuid NOT NULL,
    item_id text NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (training_id, number)
);

CREATE TABLE open_answer_read (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    site_id text NOT NULL,
    mentor_id uuid NOT NULL,
    training_id uuid NOT NULL,
    read_by uuid NOT NULL,
    answers int NOT NULL
);
CREATE INDEX open_answer_read_mentor ON open_answer_read (mentor_id, at);
