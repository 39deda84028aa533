"""Sessions as a network would have them: many that wait for a day to come, and some whose moment comes now.

They are written by the server itself, so that ten million take minutes. What comes due belongs to mentors of the roster.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg

from services.trigger.assigning import SEND
from services.trigger.moments import Moment
from services.trigger.needs import LISTED
from services.trigger.session import Decision, Mark, Outcome
from services.trigger.store import REST, Rest
from shared.contracts.trigger import Need
from shared.contracts.vocabulary import vocabulary

ON_A_DAY = 2  # sessions of a mentor that come due
COPIED = 2  # the revision of mentors who are copies
PENDING = "pending"  # the site of those that only wait
CHUNK = 1_000_000
ENOUGH = 500_000  # rows from which making the indexes anew is quicker than keeping them
WAITING = """
INSERT INTO trigger.session
  (id, site_id, status, mentor_id, starts_at, wall, time_zone, minutes, activity, revision, plan, stage, session_no, mentor_zone,
   policy_version, quiz_by, moment, due_at)
SELECT gen_random_uuid(), $3, 'planned', md5((n / 8)::text)::uuid, at + interval '1 day',
       (at + interval '1 day') AT TIME ZONE 'America/Chicago', 'America/Chicago', 45, 'homework_help', 1, 1, 'building', 1,
       'America/Chicago', 0, at + interval '21 hours', 'assign', at
FROM (SELECT n, $4::timestamptz + interval '59 days' * random() AS at FROM generate_series($1::int, $2::int) n) AS one
"""
COMING = """
INSERT INTO trigger.session
  (id, site_id, status, mentor_id, starts_at, wall, time_zone, minutes, activity, revision, plan, stage, session_no, mentor_zone,
   policy_version, quiz_by, moment, due_at, rest)
SELECT gen_random_uuid(), m.site_id, 'planned', m.id, at + $4::interval, (at + $4::interval) AT TIME ZONE m.time_zone,
       m.time_zone, 45, 'homework_help', 1, 1, 'building', 1, m.time_zone, 0, at + $4::interval - interval '3 hours', $5,
       at, jsonb_set($6::jsonb, '{decision,training_id}', to_jsonb(gen_random_uuid()))
FROM (SELECT n % (SELECT count(*) FROM trigger.mentor) AS k, $2::timestamptz + $3::interval * random() AS at
      FROM generate_series(1, $1::int) n) AS one
JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS k, id, site_id, time_zone FROM trigger.mentor) AS m USING (k)
"""
# Most mentors have one session on a day, some two or three: these have two. Those whom world.seed did not tell of are copies.
MORE_MENTORS = """
INSERT INTO trigger.mentor (id, site_id, time_zone, locale, active, matches, clearances, revision)
SELECT gen_random_uuid(), m.site_id, m.time_zone, m.locale, m.active, m.matches, m.clearances, $2
FROM (SELECT n % (SELECT count(*) FROM trigger.mentor WHERE revision < $2) AS k
      FROM generate_series(1, $1::int - (SELECT count(*)::int FROM trigger.mentor)) AS n) AS more
JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS k FROM trigger.mentor WHERE revision < $2) AS m USING (k)
"""
REMEMBERED = """
INSERT INTO trigger.skill (id, mentor_id, site_id, skill, stability, difficulty, decay, reviewed_at, open_misses, revision)
SELECT md5(m.id || s)::uuid, m.id, m.site_id, s, 12.5, 5, 0.15, now() - interval '9 days', '[]', 1
FROM trigger.mentor m, unnest($1::text[]) s ON CONFLICT DO NOTHING
"""
FORGET = "DELETE FROM trigger.session WHERE site_id <> $1"
IN_ORDER = "SELECT due_at FROM trigger.session WHERE site_id <> $1 ORDER BY due_at"
EMPTY = "TRUNCATE trigger.inbox, trigger.outbox, trigger.dead_letter, trigger.parked RESTART IDENTITY"
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'trigger' AND tablename = 'session'"
# From a moment until the session starts, by the policy that a site has when it has chosen none.
BEFORE_START = {
    Moment.ASSIGN: timedelta(days=1),
    Moment.NUDGE: timedelta(hours=5),
    Moment.LAST_CALL: timedelta(minutes=30),
    Moment.CHECK_IN: -timedelta(hours=1),
}


async def waiting(owner: asyncpg.Connection, number: int) -> None:
    """Exactly `number` sessions, none of which comes due within a day; those of a run before are used again."""
    await owner.execute(EMPTY)
    await owner.execute(FORGET, PENDING)
    there = await owner.fetchval("SELECT count(*) FROM trigger.session")
    if there > number:
        await owner.execute("TRUNCATE trigger.session")
        there = 0
    if there < number:
        async with _indexes_made_after(owner, number - there):
            await write(owner, there + 1, number, PENDING, datetime.now(UTC) + timedelta(days=1))
    await settle(owner)


async def write(owner: asyncpg.Connection, first: int, last: int, site: str, since: datetime) -> None:
    """Sessions with these numbers, due at some instant of the 59 days after `since`."""
    for n in range(first, last + 1, CHUNK):
        await owner.execute(WAITING, n, min(n + CHUNK - 1, last), site, since)


async def coming(owner: asyncpg.Connection, number: int, first_at: datetime, within: timedelta,
                 moment: Moment = Moment.NUDGE) -> list[datetime]:
    """Sessions whose `moment` comes at a random instant of that span. The instants, in order."""
    assert await owner.fetchval("SELECT count(*) FROM trigger.mentor"), "tell trigger of mentors first (world.seed)"
    await owner.execute(MORE_MENTORS, -(-number // ON_A_DAY), COPIED)
    if moment is Moment.ASSIGN:
        await owner.execute(REMEMBERED, sorted(vocabulary().skills)[:8])
    await owner.execute(COMING, number, first_at, within, BEFORE_START[moment], moment.value, _so_far(moment))
    await settle(owner)
    return [row["due_at"] for row in await owner.fetch(IN_ORDER, PENDING)]


async def settle(owner: asyncpg.Connection) -> None:
    await owner.execute("VACUUM (ANALYZE) trigger.session, trigger.mentor")
    await owner.execute("CHECKPOINT")


def _so_far(moment: Moment) -> str | None:
    """What has happened to a session until this moment: its training was asked for. Each row has a training of its own."""
    if moment is Moment.ASSIGN:
        return None
    mark, decision = asked_for(datetime.now(UTC) - timedelta(hours=19))
    return REST.dump_json(Rest(marks=(mark,), decision=decision), exclude_defaults=True).decode()


def asked_for(then: datetime) -> tuple[Mark, Decision]:
    """A training was asked for at that instant: the mark, and why."""
    needs = tuple(
        Need(skill=skill, need=0.8 - 0.1 * n, reason="fading", predicted_recall=0.75)
        for n, skill in enumerate(sorted(vocabulary().skills)[:LISTED])
    )
    decision = Decision(then, available=True, reason="due", arm=SEND, policy_version=0, vocabulary_version=vocabulary().version,
                        needs=needs, stage="building", session_no=1, training_id=uuid4())  # fmt: skip
    return Mark(Moment.ASSIGN, Outcome.FIRED, then, then), decision


@asynccontextmanager
async def _indexes_made_after(owner: asyncpg.Connection, new: int) -> AsyncIterator[None]:
    if new < ENOUGH:
        yield
        return
    later = [row["indexdef"] for row in await owner.fetch(INDEXES) if row["indexname"] != "session_pkey"]
    await owner.execute("ALTER TABLE trigger.session DROP CONSTRAINT session_pkey")
    for row in await owner.fetch(INDEXES):
        await owner.execute("DROP INDEX trigger." + row["indexname"])
    yield
    await owner.execute("SET maintenance_work_mem = '256MB'")
    for statement in ("ALTER TABLE trigger.session ADD PRIMARY KEY (id)", *later, "RESET maintenance_work_mem"):
        await owner.execute(statement)
