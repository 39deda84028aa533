-- Found without looking at everything, so that they can be forgotten: mentors whom a session had before it moved to another, and
-- tokens by when they were last used. Most sessions stay with their mentor: they are not in the index.

CREATE INDEX session_earlier ON session USING gin ((rest -> 'earlier') jsonb_path_ops) WHERE rest ? 'earlier';
CREATE INDEX token_use_at ON token_use (at);
