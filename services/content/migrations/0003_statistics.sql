-- What is added up of answers: by version of a module in one language, sums for each of its questions. No person is in it.

CREATE TABLE item_statistics (
    key text COLLATE "C" PRIMARY KEY,  -- module_id/locale@version
    module_id text NOT NULL,
    locale text NOT NULL,
    version int NOT NULL,
    items jsonb NOT NULL  -- question -> sums (services/content/statistics.py)
);
