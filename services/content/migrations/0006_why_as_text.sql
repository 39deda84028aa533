-- Written for every choice and read for few: as text, since Postgres would spend more on taking JSON apart than on all else here.

ALTER TABLE choice ADD COLUMN because text;  -- the JSON of services/content/why.py; null: `why` has it, or it was not kept yet
