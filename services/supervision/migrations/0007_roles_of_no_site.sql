-- People of no site either run the network (also where no role is named) or write its trainings.

ALTER TABLE sign_in_link ADD COLUMN role text NOT NULL DEFAULT '';
ALTER TABLE console_session ADD COLUMN role text NOT NULL DEFAULT '';
