-- Copied: the audio, video and captions of cards, by their hash, each fetched from content when it is first asked for.

CREATE TABLE media (
    sha256 text COLLATE "C" PRIMARY KEY,
    media_type text NOT NULL,
    body bytea NOT NULL
);
ALTER TABLE media ALTER COLUMN body SET STORAGE EXTERNAL;  -- a part of it is read without the rest
