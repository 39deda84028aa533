-- Every service's schema has these: what came in, what goes out, how far we have read, and what could not be applied.

CREATE TABLE inbox (
    id uuid PRIMARY KEY,
    sha bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    refused text
);
CREATE INDEX inbox_at ON inbox USING brin (at);

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shard smallint NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    at timestamptz NOT NULL,
    payload bytea NOT NULL,
    traceparent text
);

CREATE TABLE consumed (
    topic text COLLATE "C",
    partition int,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);

CREATE TABLE dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL CHECK (state IN ('dead', 'parked', 'replayed', 'skipped')),
    reason text NOT NULL,
    detail text NOT NULL,
    principal text NOT NULL,
    concerns text[] NOT NULL DEFAULT '{}',  -- handler/key of each aggregate that this record is for
    topic text,
    partition int,
    "offset" bigint,
    header_names bytea[] NOT NULL DEFAULT '{}',
    header_values bytea[] NOT NULL DEFAULT '{}',
    key bytea,
    value bytea
);
CREATE INDEX dead_letter_open ON dead_letter (id) WHERE state IN ('dead', 'parked');
CREATE INDEX dead_letter_principal ON dead_letter (principal, at);

CREATE TABLE parked (
    concern text COLLATE "C" PRIMARY KEY,
    since timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sweep (
    id uuid PRIMARY KEY,
    handler text NOT NULL,
    type text NOT NULL,
    cause bytea NOT NULL,
    cursor text,
    last_look boolean NOT NULL DEFAULT false,
    due_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sweep_due ON sweep (due_at);
