-- What a mentor says is off with a question. The row is what makes a second tap count once, and lets it be taken back.

CREATE TABLE report (
    id uuid PRIMARY KEY,  -- follows from the training and the number
    training_id uuid NOT NULL,
    number int NOT NULL,
    site_id text NOT NULL,
    mentor_id uuid NOT NULL,
    module_id text NOT NULL,
    locale text NOT NULL,
    version int NOT NULL,
    item_id text NOT NULL,
    kind text CHECK (kind IN ('unclear', 'wrong', 'not_my_situation'))  -- null: taken back
);
