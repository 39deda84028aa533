-- Feeds of alerts for systems: what stood at the moment of each change, and who is told of it.

-- As it was told: rule, severity, state, ids and codes. What is sent again is the same. Null: a row from before this column.
ALTER TABLE alert_change ADD COLUMN document jsonb;
CREATE INDEX alert_change_of_site ON alert_change (site_id, xact, seq);

-- A receiver of webhooks. It is told of the changes after (xact, seq), one at a time, in order.
-- due_at: when the next one may be sent; whoever sends it moves this on first, so that nobody else does meanwhile.
-- dead: those that were given up, as places in alert_change with the last answer; no ids of people.
CREATE TABLE webhook (
    name text COLLATE "C" PRIMARY KEY,
    sites text[] NOT NULL,
    supervisor_id uuid,  -- only of this supervisor's mentors; null: of all
    url text NOT NULL,
    secrets jsonb NOT NULL,  -- sealed, the newest first
    state text NOT NULL CHECK (state IN ('active', 'paused', 'failing', 'gone', 'removed')),
    added_at timestamptz NOT NULL,
    xact xid8 NOT NULL,
    seq bigint NOT NULL,
    tries int NOT NULL,
    tried_since timestamptz,  -- the first try of the change that it stands at
    failing_since timestamptz,  -- since when nothing has arrived
    delivered_at timestamptz,
    answer text NOT NULL,  -- the last one, as a code
    dead jsonb NOT NULL,
    due_at timestamptz NOT NULL
);
CREATE INDEX webhook_due ON webhook (due_at) WHERE state = 'active';

-- A reader of Kafka: alert events of its sites are copied to its own topic, alerts.NAME.
CREATE TABLE subscriber (
    name text COLLATE "C" PRIMARY KEY,
    sites text[] NOT NULL,
    supervisor_id uuid,
    state text NOT NULL CHECK (state IN ('active', 'removed')),
    added_at timestamptz NOT NULL
);
CREATE INDEX subscriber_of_site ON subscriber USING gin (sites) WHERE state = 'active';
