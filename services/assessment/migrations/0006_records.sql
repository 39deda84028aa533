-- A mentor's own record: what was finished, newest first, and the mentor's sessions; and requests for a new link.

CREATE INDEX training_completed ON training (mentor_id, completed_at) WHERE completed_at IS NOT NULL;

-- Sessions are copies, their mentor stands in the document: an index on it leaves the copies as they are.
CREATE INDEX planned_session_mentor ON planned_session ((document ->> 'mentor_id'));

-- The last time a mentor with an expired link asked for a new one.
CREATE TABLE link_request (
    mentor_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    training_id uuid NOT NULL,
    requested_at timestamptz NOT NULL
);
