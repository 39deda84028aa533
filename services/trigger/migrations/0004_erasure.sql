-- Everything about a mentor can be found, and so be erased, without looking at everybody else.

CREATE INDEX training_mentor ON training (mentor_id);
