-- Who signs in with an account of their own, for how long they stay, and which systems may ask. Tokens are hashed (sha256).

-- An account at an issuer and whom it is: several people where somebody works at several sites. A person has one account.
CREATE TABLE account (
    issuer text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    person_id uuid NOT NULL UNIQUE,
    site_id text NOT NULL,
    bound_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject, person_id)
);

-- Those who run the network, and those who write its trainings: of no site, which is '' everywhere.
CREATE TABLE network_person (
    person_id uuid PRIMARY KEY,
    site_id text NOT NULL DEFAULT '' CHECK (site_id = ''),
    role text NOT NULL CHECK (role IN ('platform', 'author')),
    name text NOT NULL,
    email text COLLATE "C" NOT NULL UNIQUE,
    added_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX person_of_email ON person (lower(email)) WHERE email IS NOT NULL AND role IN ('supervisor', 'site_lead');

-- `used_at` is to the minute. `issuer` is '' for a printed link.
ALTER TABLE console_session
    ADD COLUMN session_id uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN used_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN browser text NOT NULL DEFAULT '',
    ADD COLUMN issuer text NOT NULL DEFAULT '';
CREATE INDEX console_session_of_person ON console_session (person_id);

-- A system's token: what it may do, and for which sites. `used_at` is to the hour.
CREATE TABLE api_token (
    name text COLLATE "C" PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    prefix text NOT NULL,
    sites text[] NOT NULL,
    scopes text[] NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    used_at timestamptz
);
