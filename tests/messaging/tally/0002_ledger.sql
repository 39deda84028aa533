-- What the chaos runs add: a ledger, whose revisions go to a compacted topic, and pledges, which wait for another event.

CREATE TABLE ledger (id text COLLATE "C" PRIMARY KEY, total bigint NOT NULL, revision int NOT NULL);
CREATE TABLE pledge (
    id text COLLATE "C" PRIMARY KEY,
    waits_until timestamptz,
    alerts int NOT NULL,
    due_at timestamptz
);
CREATE INDEX pledge_due ON pledge (due_at) WHERE due_at IS NOT NULL;
