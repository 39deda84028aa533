-- Those who look at figures of the whole network, and at nothing else; and what is counted there by month is found by time.
ALTER TABLE network_person DROP CONSTRAINT network_person_role_check,
    ADD CONSTRAINT network_person_role_check CHECK (role IN ('platform', 'author', 'network'));

CREATE INDEX preparation_by_time ON preparation USING brin (starts_at) WITH (autosummarize = on);
CREATE INDEX answer_by_time ON answer USING brin (answered_at) WITH (autosummarize = on);
CREATE INDEX contact_by_time ON contact USING brin (at) WITH (autosummarize = on);
