-- Modules with their versions, and what was chosen for each mentor.

CREATE TABLE publication (
    key text COLLATE "C" PRIMARY KEY,  -- module_id/locale
    module_id text NOT NULL,
    locale text NOT NULL
);

CREATE TABLE version (
    key text COLLATE "C" NOT NULL REFERENCES publication (key),
    number int NOT NULL CHECK (number > 0),
    module_id text COLLATE "C" NOT NULL,
    locale text NOT NULL,
    status text NOT NULL CHECK (status IN ('published', 'withdrawn')),
    content_hash text NOT NULL,
    skill text NOT NULL,
    scope_level int NOT NULL,
    minutes int NOT NULL,
    variables text[] NOT NULL,
    items jsonb NOT NULL,  -- what choosing looks at: id, skill, kind, variables
    module jsonb NOT NULL,  -- never changed
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (key, number)
);
CREATE INDEX version_skill ON version (skill) WHERE status = 'published';
CREATE INDEX version_edition ON version (module_id, number) WHERE status = 'published';

CREATE TABLE learner (
    mentor_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    erased boolean NOT NULL
);

CREATE TABLE choice (
    mentor_id uuid NOT NULL REFERENCES learner (mentor_id),
    request_id uuid NOT NULL,
    site_id text NOT NULL,
    session_id uuid NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('module', 'recall', 'nothing')),
    skill text,
    module_id text,
    version int,
    items jsonb NOT NULL,  -- references only: module_id, version, item_id
    PRIMARY KEY (mentor_id, request_id)
);
