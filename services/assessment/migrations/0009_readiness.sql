-- How ready a mentor feels after a training, where they say so.

ALTER TABLE training ADD COLUMN ready text CHECK (ready IN ('not_really', 'somewhat', 'ready'));
