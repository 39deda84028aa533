-- A digest of each time zone's rules, as our sessions were planned with them. One row.

CREATE TABLE zone_rules (
    id text COLLATE "C" PRIMARY KEY,
    zones jsonb NOT NULL
);
