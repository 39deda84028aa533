-- How a training is read: the language that was chosen, which versions say the same in it, and a newer version of the cards.

ALTER TABLE training ADD COLUMN reading jsonb NOT NULL DEFAULT '{}';
