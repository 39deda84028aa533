-- Questions that were corrected, and what that changed: an answer keeps the result it had before, a hold says that it never was one.

-- Copied: from which version on a question of a version is right. `document` is the event as it came.
CREATE TABLE correction (
    key text COLLATE "C" PRIMARY KEY,  -- module_id/locale@version/item_id
    document jsonb NOT NULL
);

ALTER TABLE answer
    ADD COLUMN correct_before boolean,  -- as it was answered; null: never regraded
    ADD COLUMN corrected_at timestamptz,
    ADD COLUMN reason text;  -- what changed, in the author's words

-- A hold whose question was wrong has both: it is over, and it never was a miss.
ALTER TABLE hold ADD COLUMN corrected_at timestamptz;
