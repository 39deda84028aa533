-- A record that Kafka delivers again is buried once: its place and its bytes are its identity.
CREATE UNIQUE INDEX dead_letter_record ON dead_letter (topic, partition, "offset", md5(coalesce(value, '')))
WHERE topic <> '' AND topic NOT LIKE 'sweep/%';
CREATE INDEX dead_letter_at ON dead_letter (at);

-- Block ranges only widen: once deleted rows' pages are used again, every range spans all times. The table is walked instead.
DROP INDEX inbox_at;
