-- Who was erased stands in `erased`, as in every service; the column goes when no older version writes it any more.

ALTER TABLE learner ALTER COLUMN erased SET DEFAULT false;
