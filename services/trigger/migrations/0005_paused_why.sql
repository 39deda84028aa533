-- Why a publisher is not listened to: somebody's words, or that too much of it could not be read. Empty when it is heard.
ALTER TABLE publisher ADD COLUMN paused_why text NOT NULL DEFAULT '';
