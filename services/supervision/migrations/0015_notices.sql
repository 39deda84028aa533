-- Notices: a message to one person, made in the transaction of its cause and sent outside any.
-- about: ids, codes and instants only; names, addresses and links are looked up when it is sent.
-- waiting -> sending (a sender has claimed it) -> handed_over (the server may have it) -> sent -> delivered. Else it ends as failed,
-- bounced, expired (of no use any more) or dropped (nobody should get it). due_at: when a sender looks at it, null once it has ended.

CREATE TABLE notice (
    notice_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    about jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    useful_until timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN
        ('waiting', 'sending', 'handed_over', 'sent', 'delivered', 'failed', 'bounced', 'expired', 'dropped')),
    due_at timestamptz,
    tries int NOT NULL,
    channel text CHECK (channel IN ('mail', 'text')),
    handed_at timestamptz,
    sent_at timestamptz,
    provider_id text,
    reason text
);
CREATE INDEX notice_due ON notice (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX notice_of_person ON notice (person_id, created_at);
CREATE INDEX notice_of_site ON notice (site_id, created_at);

-- How a person can be reached. wanted: the person's own choice. broken: channel -> since when and why nothing arrives there.
CREATE TABLE reach (
    person_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    wanted text NOT NULL CHECK (wanted IN ('mail', 'text', 'none')),
    broken jsonb NOT NULL
);
CREATE INDEX reach_broken ON reach (site_id) WHERE broken <> '{}' OR wanted = 'none';
