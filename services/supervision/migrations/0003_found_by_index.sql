-- What pages and sign-ins look for, found without reading the whole table.

CREATE INDEX contact_of_session ON contact (session_id);
CREATE INDEX sign_in_link_expires ON sign_in_link (expires_at);
CREATE INDEX console_session_ends ON console_session (ends_at);
