-- Why each training was chosen: what was asked for, what was considered, and what was passed over. Codes and figures only.

ALTER TABLE choice ADD COLUMN why jsonb;  -- null: chosen before this was kept
CREATE INDEX choice_of_request ON choice (request_id);
CREATE INDEX choice_of_session ON choice (session_id);
