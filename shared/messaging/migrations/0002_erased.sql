-- Whose rows were erased here, and how many of which table: nothing about these people is taken in any more. No site stands here,
-- so that every caller is held to it. An id leads back to nobody without JITT_ID_KEY.

CREATE TABLE erased (
    person_id uuid PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    rows jsonb NOT NULL DEFAULT '{}'
);

-- What was deleted because its time was over: counts, never whose.
CREATE TABLE forgotten (
    at timestamptz NOT NULL DEFAULT now(),
    name text NOT NULL,
    days int NOT NULL,
    rows int NOT NULL
);
CREATE INDEX forgotten_at ON forgotten (at);
