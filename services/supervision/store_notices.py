"""SQL of notices and of how people can be reached. A notice is added by whatever causes it, in its transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from asyncpg import Connection, Pool, Record
from pydantic import TypeAdapter

from services.supervision.notices import Notice, together
from services.supervision.reach import Broken, Reach

LOAD = """
SELECT notice_id, site_id, person_id, kind, about, created_at, useful_until, due_at, state, tries, channel, handed_at, sent_at,
       provider_id, reason
FROM notice WHERE notice_id = ANY($1::uuid[]) ORDER BY notice_id FOR UPDATE
"""
# Without a person it is for the site's lead; a site that has none gets no notice, as it has nobody to read it. Whoever it is for,
# it goes to who reads their mail while they are away. CASE, not coalesce: that might leak, and for a page nothing is looked up by
# what might.
ADD = """
INSERT INTO notice (notice_id, site_id, person_id, kind, about, created_at, useful_until, due_at, state, tries)
SELECT u.notice_id, u.site_id, stand_in(CASE WHEN u.person_id IS NULL THEN lead.person_id ELSE u.person_id END), u.kind, u.about,
       u.created_at, u.useful_until, u.due_at, 'waiting', 0
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::jsonb[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[])
  AS u (notice_id, site_id, person_id, kind, about, created_at, useful_until, due_at)
LEFT JOIN LATERAL (
    SELECT p.person_id FROM person p
    WHERE u.person_id IS NULL AND p.site_id = u.site_id AND p.role = 'site_lead' AND p.status = 'active'
    ORDER BY p.reference LIMIT 1
) AS lead ON true
WHERE u.person_id IS NOT NULL OR lead.person_id IS NOT NULL
ON CONFLICT DO NOTHING
"""
# A day's mail that waits for the answers of a later session leaves with the first that are asked for.
SOONER = """
UPDATE notice n SET due_at = least(n.due_at, u.due_at), useful_until = greatest(n.useful_until, u.useful_until)
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS u (notice_id, due_at, useful_until)
WHERE n.notice_id = u.notice_id AND n.kind = 'briefs' AND n.state = 'waiting' AND n.tries = 0
  AND (n.due_at > u.due_at OR n.useful_until < u.useful_until)
"""
UPDATE = """
UPDATE notice n SET (person_id, due_at, state, tries, channel, handed_at, sent_at, provider_id, reason)
  = (u.person_id, u.due_at, u.state, u.tries, u.channel, u.handed_at, u.sent_at, u.provider_id, u.reason)
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::int[], $6::text[], $7::timestamptz[], $8::timestamptz[],
            $9::text[], $10::text[])
  AS u (notice_id, person_id, due_at, state, tries, channel, handed_at, sent_at, provider_id, reason)
WHERE n.notice_id = u.notice_id
"""
# A claim is a lease: who dies with it leaves the notice to the next look after it ends. The state says how far it had come; one
# that has ended unheard keeps its own.
CLAIM = """
UPDATE notice n SET state = CASE WHEN n.state IN ('failed', 'bounced') THEN n.state ELSE 'sending' END, tries = n.tries + 1,
  due_at = now() + $2::interval, handed_at = NULL
FROM (SELECT notice_id, handed_at FROM notice WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS found
WHERE n.notice_id = found.notice_id
RETURNING n.notice_id, n.site_id, n.person_id, n.kind, n.about, n.created_at, n.useful_until, n.due_at, n.state, n.tries,
          n.channel, found.handed_at, n.sent_at, n.provider_id, n.reason
"""
# What somebody has to act on does not stand in line behind a thousand trainings of the same hour.
CLAIM_ASKS = """
UPDATE notice n SET state = CASE WHEN n.state IN ('failed', 'bounced') THEN n.state ELSE 'sending' END, tries = n.tries + 1,
  due_at = now() + $2::interval, handed_at = NULL
FROM (SELECT notice_id, handed_at FROM notice WHERE due_at <= now() AND kind IN ('alert', 'escalation', 'hold')
      ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS found
WHERE n.notice_id = found.notice_id
RETURNING n.notice_id, n.site_id, n.person_id, n.kind, n.about, n.created_at, n.useful_until, n.due_at, n.state, n.tries,
          n.channel, found.handed_at, n.sent_at, n.provider_id, n.reason
"""
# As of when it was written: it may have waited for its turn since, and says nothing of what came up meanwhile.
HAND_OVER = """
UPDATE notice SET state = 'handed_over', handed_at = $4, due_at = now() + $3::interval
WHERE notice_id = $1 AND tries = $2 AND state = 'sending'
"""
LOAD_REACH = """
SELECT person_id, site_id, wanted, broken FROM reach WHERE person_id = ANY($1::uuid[]) ORDER BY person_id FOR UPDATE
"""
INSERT_REACH = """
INSERT INTO reach (person_id, site_id, wanted, broken)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[]) ON CONFLICT DO NOTHING
"""
UPDATE_REACH = """
UPDATE reach r SET (wanted, broken) = (u.wanted, u.broken)
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[]) AS u (person_id, site_id, wanted, broken)
WHERE r.person_id = u.person_id
"""
OF_PERSON = """
SELECT notice_id, site_id, person_id, kind, about, created_at, useful_until, due_at, state, tries, channel, handed_at, sent_at,
       provider_id, reason
FROM notice WHERE person_id = $1 ORDER BY created_at DESC LIMIT $2
"""
ONE = "SELECT site_id, person_id, channel FROM notice WHERE notice_id = $1"
CHOICE = """
SELECT p.person_id, p.locale, p.phone, s.name AS site_name, s.phone AS site_phone, coalesce(r.wanted, 'mail') AS wanted,
       coalesce(c.link_epoch, 1) AS link_epoch
FROM person p JOIN site s ON s.site_id = p.site_id LEFT JOIN reach r ON r.person_id = p.person_id
LEFT JOIN mentor_case c ON c.mentor_id = p.person_id
WHERE p.person_id = $1 AND p.site_id = $2
"""
REACHES = "SELECT person_id, site_id, wanted, broken FROM reach WHERE person_id = ANY($1::uuid[])"

ABOUT = TypeAdapter(dict[str, str])
BROKEN = TypeAdapter(dict[str, Broken])


async def load_notices(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Notice]:
    return {row["notice_id"]: _notice(row) for row in await conn.fetch(LOAD, ids)}


async def save_notices(conn: Connection, changed: Sequence[Notice], new: Sequence[Notice]) -> bool:
    """False when somebody else added one of `new` meanwhile."""
    if changed:
        rows = [(n.notice_id, n.person_id, n.due_at, n.state, n.tries, n.channel, n.handed_at, n.sent_at, n.provider_id, n.reason)
                for n in changed]  # fmt: skip
        await conn.execute(UPDATE, *zip(*rows, strict=True))
    return await add(conn, new) == len(new)


async def add(conn: Connection, notices: Iterable[Notice]) -> int:
    """In the transaction of what causes them; one that is there already is left as it is, but for a day's mail that is wanted
    sooner. Answers how many are new."""
    made: dict[UUID, Notice] = {}
    for one in notices:
        made[one.notice_id] = together(made.get(one.notice_id, one), one)
    found = sorted(made.values(), key=lambda n: n.notice_id.bytes)
    if not found:
        return 0
    rows = [(n.notice_id, n.site_id, n.person_id, n.kind, ABOUT.dump_json(dict(n.about)).decode(), n.created_at, n.useful_until,
             n.due_at) for n in found]  # fmt: skip
    added: str = await conn.execute(ADD, *zip(*rows, strict=True))
    new = int(added.rpartition(" ")[2])
    if new < len(found) and (days := [(n.notice_id, n.due_at, n.useful_until) for n in found if n.kind == "briefs"]):
        await conn.execute(SOONER, *zip(*days, strict=True))
    return new


async def claim(pool: Pool, limit: int, lease: timedelta) -> list[Notice]:
    """What is due, each for one sender; alerts first. `handed_at`: the server may have it already, from a try that nobody told
    the end of."""
    async with pool.acquire(timeout=5) as conn, conn.transaction():
        asks = await conn.fetch(CLAIM_ASKS, limit, lease)
        others = await conn.fetch(CLAIM, limit - len(asks), lease) if len(asks) < limit else []
    return [_notice(row) for row in (*asks, *others)]


async def hand_over(pool: Pool, notice: Notice, lease: timedelta, written_at: datetime) -> bool:
    """From here on the server may have it. False: somebody else has claimed it since, and it is theirs."""
    noted: str = await pool.execute(HAND_OVER, notice.notice_id, notice.tries, lease, written_at)
    return noted.endswith(" 1")


async def list_of_person(conn: Connection, person_id: UUID, limit: int = 20) -> list[Notice]:
    return [_notice(row) for row in await conn.fetch(OF_PERSON, person_id, limit)]


async def find_whose(conn: Connection, notice_id: UUID) -> tuple[str, UUID, str | None] | None:
    """(site_id, person_id, channel)."""
    row = await conn.fetchrow(ONE, notice_id)
    return (row["site_id"], row["person_id"], row["channel"]) if row else None


async def find_choice(conn: Connection, person_id: UUID, site_id: str) -> Record | None:
    """What the page says on which somebody chooses how they are written to."""
    return await conn.fetchrow(CHOICE, person_id, site_id)


async def load_reach(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Reach]:
    return {row["person_id"]: _reach(row) for row in await conn.fetch(LOAD_REACH, ids)}


async def list_reach(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Reach]:
    """Without a lock, for pages; nobody is in it for whom mail works as far as is known."""
    return {row["person_id"]: _reach(row) for row in await conn.fetch(REACHES, ids)}


async def save_reach(conn: Connection, changed: Sequence[Reach], new: Sequence[Reach]) -> bool:
    """False when somebody else created one of `new` meanwhile."""
    if changed:
        await conn.execute(UPDATE_REACH, *zip(*map(_reach_row, changed), strict=True))
    if not new:
        return True
    inserted: str = await conn.execute(INSERT_REACH, *zip(*map(_reach_row, new), strict=True))
    return inserted == f"INSERT 0 {len(new)}"


def _notice(row: Record) -> Notice:
    return Notice(**dict(row) | {"about": ABOUT.validate_json(row["about"])})


def _reach(row: Record) -> Reach:
    return Reach(**dict(row) | {"broken": BROKEN.validate_json(row["broken"])})


def _reach_row(r: Reach) -> tuple[Any, ...]:
    return r.person_id, r.site_id, r.wanted, BROKEN.dump_json(dict(r.broken)).decode()
