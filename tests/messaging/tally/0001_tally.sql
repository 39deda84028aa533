CREATE TABLE tally (
    id text COLLATE "C" PRIMARY KEY,
    total int NOT NULL,
    seen int[] NOT NULL,
    rings_at timestamptz,
    rung int NOT NULL,
    version int NOT NULL DEFAULT 0,
    due_at timestamptz
);
CREATE INDEX tally_due ON tally (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE shelf (id text COLLATE "C" PRIMARY KEY, total int NOT NULL);
