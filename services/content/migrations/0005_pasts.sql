-- What every request of a mentor looks at, read from the index alone: when, which skill, which module as a whole.

CREATE INDEX choice_past ON choice (mentor_id, at) INCLUDE (skill, module_id);
