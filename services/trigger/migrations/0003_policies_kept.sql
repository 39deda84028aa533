-- A session whose training has gone out keeps the policy that it was planned with.

CREATE TABLE policy_kept (
    site_id text COLLATE "C",
    version int,
    document jsonb NOT NULL,
    PRIMARY KEY (site_id, version)
);

-- For what concerns all sessions of a site: through its mentors, so that an announced session costs no index of its own.
CREATE INDEX mentor_site ON mentor (site_id);
