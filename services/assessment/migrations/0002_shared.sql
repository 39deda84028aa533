-- Other sessions that a training prepares for: those of the same mentor on the same day.

ALTER TABLE training ADD COLUMN shared uuid[] NOT NULL DEFAULT '{}';
