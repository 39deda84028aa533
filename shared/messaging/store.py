"""Every SQL statement of the messaging tables but those of erasing: inbox, outbox, consumed, dead_letter, parked, sweep."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Connection, Record

from shared.messaging.message import Raw
from shared.messaging.message import Record as KafkaRecord

CLAIM = """
WITH claimed AS (INSERT INTO inbox (id, sha) SELECT * FROM unnest($1::uuid[], $2::bytea[]) ON CONFLICT DO NOTHING RETURNING id)
SELECT now() AS now, CASE WHEN count(*) < cardinality($1::uuid[]) THEN coalesce(array_agg(id), '{}') END AS only,
       EXISTS (SELECT 1 FROM parked) AS any_parked,
       ARRAY(SELECT person_id FROM erased WHERE person_id = ANY($3::uuid[])) AS erased
FROM claimed
"""
CLAIMED = "SELECT now() AS now, ARRAY(SELECT person_id FROM erased WHERE person_id = ANY($1::uuid[])) AS erased"
NOBODY_ELSE = "LOCK TABLE erased IN ACCESS EXCLUSIVE MODE"
STORED_SHA = "SELECT id, sha FROM inbox WHERE id = ANY($1::uuid[])"
REFUSE = "UPDATE inbox i SET refused = u.reason FROM unnest($1::uuid[], $2::text[]) AS u (id, reason) WHERE i.id = u.id"
PARKED = "SELECT concern FROM parked ORDER BY concern FOR KEY SHARE"  # a replay that lets go of one waits for this batch
PARK = "INSERT INTO parked (concern) SELECT * FROM unnest($1::text[]) ON CONFLICT DO NOTHING"
UNPARK = "DELETE FROM parked WHERE concern = ANY($1::text[])"
FAILED_LATELY = """
SELECT count(DISTINCT concerns) FROM dead_letter WHERE reason = 'failed' AND state = 'dead' AND at > now() - interval '1 minute'
"""
BURY = """
INSERT INTO dead_letter
  (state, reason, detail, principal, concerns, topic, partition, "offset", header_names, header_values, key, value)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING
"""
CONSUMED = """
INSERT INTO consumed AS c (topic, partition, next_offset) SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[])
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = greatest(c.next_offset, excluded.next_offset)
"""
OFFSETS = "SELECT topic, partition, next_offset FROM consumed WHERE topic = ANY($1::text[])"
UNSENT = """
SELECT id, shard, topic, key, event_id, type, at, payload, traceparent
FROM outbox WHERE shard = ANY($1::smallint[]) ORDER BY id LIMIT $2
"""
SENT = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"
BACKLOG = "SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT $1) AS waiting"
OPEN_DEAD = """
SELECT id, at, state, reason, detail, principal, concerns, topic, partition, "offset", header_names, header_values, key, value
FROM dead_letter WHERE state IN ('dead', 'parked') AND ($1::bigint[] IS NULL OR id = ANY($1)) ORDER BY id
"""
SETTLE_DEAD = "UPDATE dead_letter SET state = $2 WHERE id = ANY($1::bigint[]) AND state IN ('dead', 'parked')"
BURIED_LATELY = """
SELECT count(*) FROM (
  SELECT 1 FROM dead_letter
  WHERE principal = $1 AND concerns = '{}' AND reason <> 'failed' AND state = 'dead' AND at > now() - interval '1 hour'
  LIMIT $2) AS found
"""
INBOX_PAGES = "SELECT pg_relation_size('inbox') / current_setting('block_size')::int"
OLD_INBOX = """
DELETE FROM inbox
WHERE ctid >= format('(%s,0)', $1::bigint)::tid AND ctid < format('(%s,0)', $2::bigint)::tid
  AND at < now() - interval '35 days'
"""
OLD_DEAD = """
DELETE FROM dead_letter WHERE id = ANY(ARRAY(
  SELECT id FROM dead_letter
  WHERE at < now() - interval '14 days' AND NOT concerns && ARRAY(SELECT concern FROM parked) LIMIT 5000))
"""
BEGIN_SWEEP = "INSERT INTO sweep (id, handler, type, cause) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
DUE_SWEEP = """
SELECT id, handler, type, cause, cursor, last_look FROM sweep
WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
MOVE_SWEEP = "UPDATE sweep SET cursor = $2, last_look = $3, due_at = now() + $4 WHERE id = $1"
END_SWEEP = "DELETE FROM sweep WHERE id = $1"
BECAME = "SELECT id, at, refused FROM inbox WHERE id = $1"

OUTBOX_COLUMNS = ("shard", "topic", "key", "event_id", "type", "at", "payload", "traceparent")
Outgoing = tuple[int, str, str, UUID, str, datetime, bytes, str | None]


@dataclass(frozen=True, slots=True)
class Dead:
    """A record to bury: `state` parked when it only waits behind a failed one of the same concern."""

    state: str
    reason: str
    detail: str
    principal: str
    concerns: tuple[str, ...]
    raw: KafkaRecord | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """`now` is the database's. `only`: the ids that were new, None when all were. `erased`: of the people, those who were."""

    now: datetime
    only: set[UUID] | None = None
    any_parked: bool = False
    erased: frozenset[UUID] = frozenset()


async def claim(conn: Connection, ids: Sequence[UUID], shas: Sequence[bytes], people: Sequence[UUID]) -> Claimed:
    """Ids sorted. `people`: whom the messages are about."""
    row = await conn.fetchrow(CLAIM, ids, shas, people)
    assert row is not None  # an aggregate always answers with one row
    only = None if row["only"] is None else set(row["only"])
    return Claimed(row["now"], only, row["any_parked"], frozenset(row["erased"]))


async def claimed(conn: Connection, people: Sequence[UUID]) -> Claimed:
    """For messages whose ids an earlier transaction claimed."""
    row = await conn.fetchrow(CLAIMED, people)
    assert row is not None
    return Claimed(row["now"], erased=frozenset(row["erased"]))


async def wait_for_others(conn: Connection) -> None:
    """Every transaction that may still save something about somebody ends first; later ones wait. They all look at `erased`."""
    await conn.execute(NOBODY_ELSE)


async def stored_shas(conn: Connection, ids: Collection[UUID]) -> dict[UUID, bytes]:
    return {row["id"]: row["sha"] for row in await conn.fetch(STORED_SHA, list(ids))}


async def refuse(conn: Connection, reasons: Mapping[UUID, str]) -> None:
    await conn.execute(REFUSE, list(reasons), list(reasons.values()))


async def parked(conn: Connection) -> set[str]:
    return {row["concern"] for row in await conn.fetch(PARKED)}


async def park(conn: Connection, concerns: Iterable[str]) -> None:
    await conn.execute(PARK, sorted(set(concerns)))


async def failed_lately(conn: Connection) -> int:
    """How many records' aggregates failed in our hands within the last minute; what waits behind one is not counted."""
    return int(await conn.fetchval(FAILED_LATELY))


async def unpark(conn: Connection, concerns: Iterable[str]) -> None:
    await conn.execute(UNPARK, sorted(concerns))


async def bury(conn: Connection, letters: Sequence[Dead]) -> None:
    await conn.executemany(BURY, [_letter(dead) for dead in letters])


async def consumed(conn: Connection, offsets: Mapping[tuple[str, int], int]) -> None:
    rows = sorted((topic, partition, offset) for (topic, partition), offset in offsets.items())
    await conn.execute(CONSUMED, *(list(column) for column in zip(*rows, strict=True)))


async def load_offsets(conn: Connection, topics: Iterable[str]) -> dict[tuple[str, int], int]:
    rows = await conn.fetch(OFFSETS, sorted(set(topics)))
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def send(conn: Connection, events: Sequence[Outgoing]) -> None:
    await conn.copy_records_to_table("outbox", records=events, columns=OUTBOX_COLUMNS)


async def unsent(conn: Connection, shards: Sequence[int], limit: int) -> list[Record]:
    return list(await conn.fetch(UNSENT, shards, limit))


async def sent(conn: Connection, ids: Sequence[int]) -> None:
    await conn.execute(SENT, ids)


async def backlog(conn: Connection, at_most: int) -> int:
    return int(await conn.fetchval(BACKLOG, at_most))


async def list_open_dead(conn: Connection, ids: Sequence[int] | None = None) -> list[Record]:
    return list(await conn.fetch(OPEN_DEAD, ids))


async def settle_dead(conn: Connection, ids: Sequence[int], state: str) -> bool:
    """False when none of them was open any more."""
    return bool(await conn.execute(SETTLE_DEAD, ids, state) != "UPDATE 0")


async def buried_lately(conn: Connection, principal: str, at_most: int) -> int:
    """How many of its records of the last hour could not be read and are open; those that failed in our hands are not its
    fault, and those that were replayed or skipped are forgiven."""
    return int(await conn.fetchval(BURIED_LATELY, principal, at_most))


async def tidy(conn: Connection, page: int, pages: int = 1_000) -> int:
    """One step of forgetting: dead letters after their 14 days, and, on so many pages of the inbox from `page` on, ids older
    than any repeat can be. Answers the page to go on from; 0 at the end."""
    await conn.execute(OLD_DEAD)
    await conn.execute(OLD_INBOX, page, page + pages)
    return page + pages if page + pages < await conn.fetchval(INBOX_PAGES) else 0


async def find_inbox(conn: Connection, id: UUID) -> Record | None:
    return await conn.fetchrow(BECAME, id)


async def begin_sweeps(conn: Connection, sweeps: Sequence[tuple[UUID, str, str, bytes]]) -> None:
    await conn.executemany(BEGIN_SWEEP, sweeps)


async def due_sweep(conn: Connection) -> Record | None:
    """Claims and locks one that is due."""
    return await conn.fetchrow(DUE_SWEEP)


async def move_sweep(conn: Connection, id: UUID, cursor: str | None, last_look: bool, wait: timedelta) -> None:
    await conn.execute(MOVE_SWEEP, id, cursor, last_look, wait)


async def end_sweep(conn: Connection, id: UUID) -> None:
    await conn.execute(END_SWEEP, id)


def raw_of(row: Record) -> Raw:
    names = [name.decode("utf-8", "surrogateescape") for name in row["header_names"]]
    headers = tuple(zip(names, row["header_values"], strict=True))
    return Raw(row["topic"] or "", row["partition"] or 0, row["offset"] or 0, row["key"], row["value"], headers)


def _letter(dead: Dead) -> tuple[object, ...]:
    words = (dead.state, dead.reason, dead.detail.replace("\x00", "")[:2_000], dead.principal, list(dead.concerns))
    raw = dead.raw
    if raw is None:
        return (*words, None, None, None, [], [], None, None)
    headers = [(name.encode("utf-8", "surrogateescape"), value or b"") for name, value in raw.headers]
    return (*words, raw.topic, raw.partition, raw.offset, [n for n, _ in headers], [v for _, v in headers], raw.key, raw.value)
