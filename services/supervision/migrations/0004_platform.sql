-- People who run the network sign in too: they belong to no site (site_id null) and are nobody's row in `person`.
ALTER TABLE sign_in_link ALTER COLUMN site_id DROP NOT NULL;
ALTER TABLE console_session ALTER COLUMN site_id DROP NOT NULL;
