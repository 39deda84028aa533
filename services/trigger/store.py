"""Every SQL statement about sessions. Rows in, values out; keys sorted, rows locked."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from asyncpg import Connection, Pool, Record
from pydantic import TypeAdapter

from services.trigger.moments import Moment
from services.trigger.session import (
    ON,
    Announcement,
    Decision,
    Described,
    History,
    Mark,
    Missing,
    Nearby,
    Next,
    Session,
    Turn,
    Verdict,
    Waiting,
    asked_for_alone,
)
from shared.contracts.site import Mode, Stage
from shared.values import value_object

LOAD = """
SELECT id, site_id, status, mentor_id, mentee_ref, starts_at, wall, time_zone, minutes, activity, revision, plan, stage,
       session_no, mentor_zone, policy_version, quiz_by, moment, due_at, rest
FROM session WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""
FIND = """
SELECT id, site_id, status, mentor_id, mentee_ref, starts_at, wall, time_zone, minutes, activity, revision, plan, stage,
       session_no, mentor_zone, policy_version, quiz_by, moment, due_at, rest
FROM session WHERE id = $1
"""
AT_SITE = """
SELECT id, site_id, status, mentor_id, mentee_ref, starts_at, wall, time_zone, minutes, activity, revision, plan, stage,
       session_no, mentor_zone, policy_version, quiz_by, moment, due_at, rest
FROM session WHERE id IN (
  SELECT s.id FROM mentor m JOIN session s ON s.mentor_id = m.id
  WHERE m.site_id = $1 AND s.starts_at >= $2 AND s.starts_at < $3
  UNION ALL
  SELECT id FROM session WHERE site_id = $1 AND status = 'waiting' AND starts_at >= $2 AND starts_at < $3)
AND ($4::uuid IS NULL OR mentor_id = $4) ORDER BY starts_at, id LIMIT $5
"""
DUE = """
SELECT id, site_id, status, mentor_id, mentee_ref, starts_at, wall, time_zone, minutes, activity, revision, plan, stage,
       session_no, mentor_zone, policy_version, quiz_by, moment, due_at, rest
FROM session WHERE due_at >= $2 AND due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
"""
OVERDUE = """
SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 AS oldest
FROM (SELECT due_at FROM session WHERE due_at <= now() ORDER BY due_at LIMIT $1) AS found
"""
INSERT = """
INSERT INTO session (id, site_id, status, mentor_id, mentee_ref, starts_at, wall, time_zone, minutes, activity, revision,
                     plan, stage, session_no, mentor_zone, policy_version, quiz_by, moment, due_at, rest)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[], $7::timestamp[],
                     $8::text[], $9::int[], $10::text[], $11::int[], $12::int[], $13::text[], $14::int[], $15::text[],
                     $16::int[], $17::timestamptz[], $18::text[], $19::timestamptz[], $20::jsonb[]) ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE session s SET (status, mentor_id, mentee_ref, starts_at, wall, time_zone, minutes, activity, revision, plan, stage,
                      session_no, mentor_zone, policy_version, quiz_by, moment, due_at, rest)
  = (u.status, u.mentor_id, u.mentee_ref, u.starts_at, u.wall, u.time_zone, u.minutes, u.activity, u.revision, u.plan,
     u.stage, u.session_no, u.mentor_zone, u.policy_version, u.quiz_by, u.moment, u.due_at, u.rest)
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[], $7::timestamp[],
            $8::text[], $9::int[], $10::text[], $11::int[], $12::int[], $13::text[], $14::int[], $15::text[],
            $16::int[], $17::timestamptz[], $18::text[], $19::timestamptz[], $20::jsonb[])
  AS u (id, site_id, status, mentor_id, mentee_ref, starts_at, wall, time_zone, minutes, activity, revision, plan, stage,
        session_no, mentor_zone, policy_version, quiz_by, moment, due_at, rest)
WHERE s.id = u.id
"""
REST_CLOCK = """
UPDATE session SET due_at = NULL, rest = coalesce(rest, '{}') || jsonb_build_object('stood_at', due_at)
WHERE id = ANY($1::uuid[]) AND due_at IS NOT NULL
"""
# A mentor with thousands of sessions is a name that stands for nobody yet. Only so many are looked at, those next to a session;
# else each of them would cost what all of them cost, and every site would wait. No mentor has 3,000 in the 730 days that they
# are kept.
MOST_EARLIER, MOST_AROUND, MOST_NEARBY = 3_000, 10_000, 20
HISTORY = """
SELECT k.n, h.earlier, h.first_at
FROM unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $4::text[]) WITH ORDINALITY AS k (starts_at, mentor_id, id, mentee_ref, n)
CROSS JOIN LATERAL (
  SELECT count(*) AS earlier, min(s.starts_at) FILTER (WHERE coalesce(s.mentee_ref, '') = k.mentee_ref) AS first_at
  FROM (
    SELECT starts_at, mentee_ref FROM session
    WHERE mentor_id = k.mentor_id AND starts_at <= k.starts_at AND status <> 'cancelled' AND id <> k.id
      AND (starts_at < k.starts_at OR id < k.id)
    LIMIT $5
  ) AS s
) AS h
WHERE h.earlier > 0
"""
NEARBY = """
SELECT s.id, s.mentor_id, s.starts_at, s.mentor_zone, s.status, s.marks, s.training_id, t.completed_at IS NOT NULL AS completed
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::uuid[]) AS k (mentor_id, since, until, id)
CROSS JOIN LATERAL (
  SELECT id, mentor_id, starts_at, mentor_zone, status, rest -> 'marks' AS marks,
         (rest -> 'decision' ->> 'training_id')::uuid AS training_id
  FROM session s
  WHERE s.mentor_id = k.mentor_id AND s.starts_at BETWEEN k.since AND k.until AND s.id IS DISTINCT FROM k.id
  ORDER BY s.starts_at, s.id LIMIT $5  -- each by the index of mentors: joined at once, the whole table would be read
) AS s
LEFT JOIN training t ON t.id = s.training_id  -- as a column: what might leak is not compared with rows of a page's scope
ORDER BY s.starts_at, s.id
"""

WAITED_FOR = """
SELECT DISTINCT mentor_id FROM session WHERE status = 'waiting' AND mentor_id = ANY($1::uuid[])
"""
SITES_WAITED_FOR = "SELECT DISTINCT site_id FROM session WHERE status = 'waiting' AND site_id = ANY($1::text[])"
WAITING_FOR_MENTOR = """
SELECT id FROM session
WHERE mentor_id = $1 AND status = 'waiting' AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3
"""
WAITING_AT_SITE = """
SELECT id FROM session
WHERE site_id = $1 AND status = 'waiting' AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3
"""
ON_ANOTHER_CLOCK = """
SELECT id FROM session
WHERE mentor_id = $1 AND status = 'planned' AND moment IS NOT NULL AND mentor_zone <> $2
  AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4
"""
AT_SITE_ON_ANOTHER_CLOCK = """
SELECT s.id FROM mentor m JOIN session s ON s.mentor_id = m.id
WHERE m.site_id = $1 AND m.time_zone = '' AND s.status = 'planned' AND s.moment IS NOT NULL AND s.mentor_zone <> $2
  AND ($3::uuid IS NULL OR s.id > $3) ORDER BY s.id LIMIT $4
"""
IN_ZONES = """
SELECT id, (time_zone = ANY($1::text[]) OR mentor_zone = ANY($1::text[])) AND status IN ('planned', 'waiting')
           AND starts_at > now() AS concerned
FROM session WHERE id > $2::uuid ORDER BY id LIMIT $3
"""
UNDER_OLDER_POLICY = """
SELECT s.id FROM mentor m JOIN session s ON s.mentor_id = m.id
WHERE m.site_id = $1 AND s.status = 'planned' AND s.moment = 'assign' AND s.policy_version < $2
  AND ($3::uuid IS NULL OR s.id > $3) ORDER BY s.id LIMIT $4
"""

HistoryKey = tuple[datetime, UUID, UUID, str]  # start, mentor, session, mentee ("" for none)
NearbyKey = tuple[UUID, datetime, UUID]  # mentor, start, session
NEAR = timedelta(hours=26)  # the day before and the day after, in any zone


@value_object(frozen=True, slots=True)
class Rest:
    """What most sessions do not have when they are announced, kept as one document."""

    focus: tuple[str, ...] = ()
    mode: Mode = "in_person"
    match_stage: Stage | None = None
    source_updated_at: datetime | None = None
    told_warnings: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    verdict: Verdict | None = None
    lost: Missing | None = None
    stood_at: datetime | None = None  # where a parked row's clock stands: saving the session sets it going again
    waiting: Waiting | None = None
    marks: tuple[Mark, ...] = ()
    decision: Decision | None = None
    earlier: tuple[Turn, ...] = ()
    announcements: tuple[Announcement, ...] = ()


NOTHING_ELSE = Rest()
REST = TypeAdapter(Rest)
MARKS = TypeAdapter(tuple[Mark, ...])
START = attrgetter("starts_at")


async def load_sessions(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Session]:
    return {row["id"]: _session(row) for row in await conn.fetch(LOAD, ids)}


async def find_session(conn: Connection | Pool, id: UUID) -> Session | None:
    """Without a lock, for pages."""
    row = await conn.fetchrow(FIND, id)
    return _session(row) if row else None


async def list_at_site(
    conn: Connection | Pool, site_id: str, span: tuple[datetime, datetime], mentor_id: UUID | None, limit: int
) -> list[Session]:
    """Those that start within the span, whatever became of them; of one mentor, or of all."""
    return [_session(row) for row in await conn.fetch(AT_SITE, site_id, *span, mentor_id, limit)]


async def due_sessions(conn: Connection, limit: int, since: datetime) -> dict[UUID, Session]:
    """Claims and locks what is due; rows that another worker holds are left to it."""
    return {row["id"]: _session(row) for row in await conn.fetch(DUE, limit, since)}


async def rest_sessions(conn: Connection, ids: Sequence[UUID]) -> None:
    await conn.execute(REST_CLOCK, ids)


async def save_sessions(conn: Connection, changed: Sequence[Session], new: Sequence[Session]) -> bool:
    """False when somebody else created one of `new` meanwhile: roll back and run the batch again."""
    if changed:
        await conn.execute(UPDATE, *_columns(changed))
    inserted = await conn.execute(INSERT, *_columns(new)) if new else "INSERT 0 0"
    return inserted == f"INSERT 0 {len(new)}"


async def load_history(conn: Connection, keys: Sequence[HistoryKey]) -> Mapping[HistoryKey, History]:
    """The sessions before each of these; a key without any is absent."""
    rows = await conn.fetch(HISTORY, *(list(column) for column in zip(*keys, strict=True)), MOST_EARLIER)
    return {keys[row["n"] - 1]: History(row["earlier"], row["first_at"]) for row in rows}


async def load_nearby(conn: Connection, keys: Sequence[NearbyKey]) -> Mapping[NearbyKey, tuple[Nearby, ...]]:
    """The same mentor's other sessions within the day before and the day after, as committed, in the order of their starts:
    about MOST_NEARBY on each side. A key without any is absent. Keys next to each other are looked up together."""
    runs: list[list[NearbyKey]] = []
    for key in sorted(keys):
        if runs and runs[-1][-1][0] == key[0] and key[1] - runs[-1][-1][1] <= 2 * NEAR:
            runs[-1].append(key)
        else:
            runs.append([key])
    spans = [(run[0][0], run[0][1] - NEAR, run[-1][1] + NEAR, run[0][2] if len(run) == 1 else None) for run in runs]
    around: dict[UUID, list[Nearby]] = {}
    for row in await conn.fetch(NEARBY, *(list(column) for column in zip(*spans, strict=True)), MOST_AROUND):
        around.setdefault(row["mentor_id"], []).append(_nearby(row))
    return {key: near for key in keys if (near := _next_to(key, around.get(key[0], ())))}


def _next_to(key: NearbyKey, ordered: Sequence[Nearby]) -> tuple[Nearby, ...]:
    _, start, own = key
    here = bisect_left(ordered, start, key=START)
    first = max(here - MOST_NEARBY, bisect_left(ordered, start - NEAR, key=START))
    last = min(here + MOST_NEARBY + 1, bisect_right(ordered, start + NEAR, key=START))
    return tuple(one for one in ordered[first:last] if one.id != own)


def _nearby(row: Record) -> Nearby:
    marks = MARKS.validate_json(row["marks"]) if row["marks"] else ()
    return Nearby(
        id=row["id"],
        mentor_id=row["mentor_id"],
        starts_at=row["starts_at"],
        mentor_zone=row["mentor_zone"],
        on=row["status"] in ON,
        marks=marks,
        training_id=row["training_id"] or asked_for_alone(row["id"], row["mentor_id"], marks),
        completed=row["completed"],
    )


def _session(row: Record) -> Session:
    rest = REST.validate_json(row["rest"]) if row["rest"] else NOTHING_ELSE
    moment, at = row["moment"], row["due_at"] or rest.stood_at
    return Session(
        id=row["id"],
        site_id=row["site_id"],
        described=_described(row, rest) if row["mentor_id"] else None,
        verdict=rest.verdict,
        lost=rest.lost,
        plan=row["plan"],
        stage=row["stage"],
        session_no=row["session_no"],
        mentor_zone=row["mentor_zone"],
        policy_version=row["policy_version"],
        quiz_by=row["quiz_by"],
        next=Next(Moment(moment), at) if moment and at else None,
        waiting=rest.waiting,
        marks=rest.marks,
        decision=rest.decision,
        earlier=rest.earlier,
        warnings=rest.warnings,
        announcements=rest.announcements,
    )


def _described(row: Record, rest: Rest) -> Described:
    return Described(
        mentor_id=row["mentor_id"],
        mentee_ref=row["mentee_ref"],
        starts_at=row["starts_at"],
        wall=row["wall"],
        time_zone=row["time_zone"],
        minutes=row["minutes"],
        activity=row["activity"],
        focus=rest.focus,
        mode=rest.mode,
        match_stage=rest.match_stage,
        revision=row["revision"],
        source_updated_at=rest.source_updated_at,
        warnings=rest.told_warnings,
    )


def _columns(sessions: Sequence[Session]) -> list[tuple[Any, ...]]:
    return list(zip(*(_row(s) for s in sessions), strict=True))


def _row(s: Session) -> tuple[Any, ...]:
    d = s.described
    told = (
        (d.mentor_id, d.mentee_ref, d.starts_at, d.wall, d.time_zone, d.minutes, d.activity, d.revision)
        if d
        else (None, None, None, None, None, None, None, None)
    )
    planned = (s.plan, s.stage, s.session_no, s.mentor_zone, s.policy_version, s.quiz_by)
    moment = s.next.moment if s.next else None
    return (s.id, s.site_id, s.status, *told, *planned, moment, s.due_at, _rest(s))


def _rest(s: Session) -> str | None:
    """None, at no cost, for a session that was just announced and is in nothing special."""
    d = s.described
    if d and not _special(d) and not _eventful(s):
        return None
    rest = Rest(
        focus=d.focus if d else (),
        mode=d.mode if d else "in_person",
        match_stage=d.match_stage if d else None,
        source_updated_at=d.source_updated_at if d else None,
        told_warnings=d.warnings if d else (),
        warnings=s.warnings,
        verdict=s.verdict,
        lost=s.lost,
        waiting=s.waiting,
        marks=s.marks,
        decision=s.decision,
        earlier=s.earlier,
        announcements=s.announcements,
    )
    return REST.dump_json(rest, exclude_defaults=True).decode()


def _special(d: Described) -> bool:
    return bool(d.focus or d.mode != "in_person" or d.match_stage or d.source_updated_at or d.warnings)


def _eventful(s: Session) -> bool:
    return bool(s.marks or s.decision or s.waiting or s.verdict or s.lost or s.earlier or s.warnings or s.announcements)
