-- What the roster says of a mentor's mail address, so that calendars can tell whose an entry is: a keyed hash, not the address.
-- Filled in by the next import of the people's file.

ALTER TABLE mentor_case ADD COLUMN address_hash text;
