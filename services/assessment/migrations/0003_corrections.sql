-- Questions that were corrected, which trainings asked them, and what each correction did to a training.

-- Copied: the newest correction of each version's question. `document` is the event as it came.
CREATE TABLE correction (
    key text COLLATE "C" PRIMARY KEY,  -- module_id/locale@version/item_id
    document jsonb NOT NULL
);

-- Which versions a training asks questions of: where a correction looks for them, in the order of its cursor.
CREATE TABLE asked (
    module_id text COLLATE "C",
    version int,
    training_id uuid,
    site_id text NOT NULL,
    PRIMARY KEY (module_id, version, training_id)
);
INSERT INTO asked (module_id, version, training_id, site_id)
SELECT DISTINCT i.module_id, i.version, t.id, t.site_id
FROM training t, jsonb_to_recordset(t.assigned -> 'items') AS i (module_id text, version int);

-- Each with the tries as they stood before it: an old result is never lost.
ALTER TABLE training ADD COLUMN corrections jsonb NOT NULL DEFAULT '[]';
