"""Every SQL statement of the assessment schema. Rows in, dataclasses out; keys sorted, rows locked."""

from base64 import b64decode
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from asyncpg import Connection, LockNotAvailableError, Pool, Record
from cachetools import TTLCache
from pydantic import TypeAdapter

from services.assessment import store_regrades
from services.assessment.memory import Checked, Review, Skill
from services.assessment.training import Correction, Reading, Said, Training, Try
from shared.contracts.assessment import OpenMiss
from shared.contracts.content import ModulePublished, ModuleWithdrawn, TrainingAssigned
from shared.contracts.event import Event
from shared.contracts.supervision import MentorEnrolled, SiteDescribed
from shared.contracts.trigger import SessionPlanned

LOAD_MODULES = 'SELECT key, document FROM module WHERE key = ANY($1::text[]) ORDER BY key COLLATE "C" FOR UPDATE'
FIND_MODULES = "SELECT key, document FROM module WHERE key = ANY($1::text[])"
INSERT_MODULES = """
INSERT INTO module (key, document) SELECT * FROM unnest($1::text[], $2::jsonb[]) ON CONFLICT DO NOTHING
"""
UPDATE_MODULES = """
UPDATE module m SET document = u.document FROM unnest($1::text[], $2::jsonb[]) AS u (key, document) WHERE m.key = u.key
"""

LOAD_SESSIONS = """
SELECT session_id AS key, document FROM planned_session WHERE session_id = ANY($1::uuid[]) ORDER BY session_id FOR UPDATE
"""
FIND_SESSIONS = "SELECT session_id AS key, document FROM planned_session WHERE session_id = ANY($1::uuid[])"
INSERT_SESSIONS = """
INSERT INTO planned_session (session_id, site_id, revision, document)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::jsonb[]) ON CONFLICT DO NOTHING
"""
UPDATE_SESSIONS = """
UPDATE planned_session s SET (site_id, revision, document) = (u.site_id, u.revision, u.document)
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::jsonb[]) AS u (session_id, site_id, revision, document)
WHERE s.session_id = u.session_id
"""

LOAD_ROSTER = """
SELECT mentor_id AS key, document FROM roster WHERE mentor_id = ANY($1::uuid[]) ORDER BY mentor_id FOR UPDATE
"""
INSERT_ROSTER = """
INSERT INTO roster (mentor_id, site_id, revision, document)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::jsonb[]) ON CONFLICT DO NOTHING
"""
UPDATE_ROSTER = """
UPDATE roster r SET (site_id, revision, document) = (u.site_id, u.revision, u.document)
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::jsonb[]) AS u (mentor_id, site_id, revision, document)
WHERE r.mentor_id = u.mentor_id
"""

LOAD_SITES = """
SELECT site_id AS key, document FROM site WHERE site_id = ANY($1::text[]) ORDER BY site_id COLLATE "C" FOR UPDATE
"""
INSERT_SITES = """
INSERT INTO site (site_id, revision, document)
SELECT * FROM unnest($1::text[], $2::int[], $3::jsonb[]) ON CONFLICT DO NOTHING
"""
UPDATE_SITES = """
UPDATE site s SET (revision, document) = (u.revision, u.document)
FROM unnest($1::text[], $2::int[], $3::jsonb[]) AS u (site_id, revision, document) WHERE s.site_id = u.site_id
"""
SITE_REVISIONS = "SELECT site_id, revision FROM site"
SITES = "SELECT document FROM site WHERE site_id = ANY($1::text[])"

LOAD_TRAININGS = """
SELECT id, assigned, shared, opened_at, cards_read, tries, said, completed_at, corrections, reading, ready
FROM training WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""
INSERT_TRAININGS = """
INSERT INTO training (id, site_id, mentor_id, session_id, assigned, shared, opened_at, tries, said, completed_at,
                      corrections, reading, ready)
SELECT id, site_id, mentor_id, session_id, assigned, shared::uuid[], opened_at, tries, said, completed_at,
       corrections, reading, ready
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::jsonb[], $6::text[], $7::timestamptz[], $8::jsonb[],
            $9::jsonb[], $10::timestamptz[], $11::jsonb[], $12::jsonb[], $13::text[])
  AS u (id, site_id, mentor_id, session_id, assigned, shared, opened_at, tries, said, completed_at, corrections, reading, ready)
ON CONFLICT DO NOTHING
"""
UPDATE_TRAININGS = """
UPDATE training t SET (shared, opened_at, tries, said, completed_at, corrections, reading, ready)
  = (u.shared::uuid[], u.opened_at, u.tries, u.said, u.completed_at, u.corrections, u.reading, u.ready)
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::jsonb[], $5::jsonb[], $6::timestamptz[], $7::jsonb[],
            $8::jsonb[], $9::text[])
  AS u (id, shared, opened_at, tries, said, completed_at, corrections, reading, ready)
WHERE t.id = u.id
"""
PUT_BOOKMARK = "UPDATE training SET cards_read = $2 WHERE id = $1 AND cards_read < $2"
INSERT_OPEN_ANSWERS = """
INSERT INTO open_answer (training_id, number, site_id, mentor_id, item_id, key_id, sealed, answered_at)
SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::bytea[], $8::timestamptz[])
ON CONFLICT DO NOTHING
"""

LOAD_SKILLS = """
SELECT id, mentor_id, site_id, skill, reviews, open_misses, revision, steps
FROM skill WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""
FIND_SKILLS = """
SELECT id, mentor_id, site_id, skill, reviews, open_misses, revision, steps FROM skill WHERE id = ANY($1::uuid[])
"""
INSERT_SKILLS = """
INSERT INTO skill (id, site_id, mentor_id, skill, reviews, open_misses, revision, steps)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::jsonb[], $6::jsonb[], $7::int[], $8::jsonb[])
ON CONFLICT DO NOTHING
"""
UPDATE_SKILLS = """
UPDATE skill s SET (reviews, open_misses, revision, steps) = (u.reviews, u.open_misses, u.revision, u.steps)
FROM unnest($1::uuid[], $2::jsonb[], $3::jsonb[], $4::int[], $5::jsonb[]) AS u (id, reviews, open_misses, revision, steps)
WHERE s.id = u.id
"""

OPENED = """
SELECT now() AS now, t.id, t.assigned, t.shared, t.opened_at, t.cards_read, t.tries, t.said, t.completed_at, t.corrections,
       t.reading, t.ready,
       ARRAY(SELECT s.document FROM planned_session s WHERE s.session_id = ANY(t.session_id || t.shared)) AS sessions,
       r.document AS mentor, e.document AS site, (SELECT p.kind FROM report p WHERE p.id = $3) AS report
FROM (SELECT $1::uuid AS training_id, $2::uuid AS mentor_id) k
LEFT JOIN training t ON t.id = k.training_id AND t.mentor_id = k.mentor_id
LEFT JOIN roster r ON r.mentor_id = k.mentor_id
LEFT JOIN site e ON e.site_id = coalesce(t.site_id, r.site_id)
"""
OPEN_ANSWERS = """
SELECT number, site_id, mentor_id, item_id, key_id, sealed, answered_at
FROM open_answer WHERE training_id = $1 ORDER BY number
"""
AUDIT = """
INSERT INTO open_answer_read (site_id, mentor_id, training_id, read_by, answers)
SELECT site_id, mentor_id, id, $2, $3 FROM training WHERE id = $1
"""

Catalogued = ModulePublished | ModuleWithdrawn
E = TypeVar("E", bound=Event)
CATALOGUED: TypeAdapter[Catalogued] = TypeAdapter(Catalogued)
REMEMBERED: TTLCache[str, Catalogued] = TTLCache(maxsize=200, ttl=60)
TRIES: TypeAdapter[tuple[Try, ...]] = TypeAdapter(tuple[Try, ...])
SAID: TypeAdapter[tuple[Said, ...]] = TypeAdapter(tuple[Said, ...])
CORRECTIONS: TypeAdapter[tuple[Correction, ...]] = TypeAdapter(tuple[Correction, ...])
REVIEWS: TypeAdapter[tuple[Review, ...]] = TypeAdapter(tuple[Review, ...])
MISSES: TypeAdapter[tuple[OpenMiss, ...]] = TypeAdapter(tuple[OpenMiss, ...])
STEPS: TypeAdapter[tuple[Checked, ...]] = TypeAdapter(tuple[Checked, ...])


@dataclass(frozen=True, slots=True)
class Opened:
    """What is known here about one training link, read at one instant of the database's clock; nothing need be here yet."""

    now: datetime
    training: Training | None
    sessions: tuple[SessionPlanned, ...]  # that the training prepares for
    mentor: MentorEnrolled | None
    site: SiteDescribed | None
    report: str | None = None  # what stands reported, where it was asked for


@dataclass(frozen=True, slots=True)
class SealedAnswer:
    number: int
    item_id: str
    key_id: str
    sealed: bytes
    answered_at: datetime


async def load_modules(conn: Connection, keys: Sequence[str]) -> dict[str, Catalogued]:
    return {row["key"]: CATALOGUED.validate_json(row["document"]) for row in await conn.fetch(LOAD_MODULES, keys)}


async def find_modules(conn: Connection | Pool, keys: Sequence[str]) -> dict[str, Catalogued]:
    """A version never changes and is read for every page and answer, so it is remembered. That it was withdrawn may be known
    a minute late: those who have it go on with it."""
    found = {key: known for key in keys if (known := REMEMBERED.get(key))}
    if missing := [key for key in keys if key not in found]:
        for row in await conn.fetch(FIND_MODULES, missing):
            found[row["key"]] = REMEMBERED[row["key"]] = CATALOGUED.validate_json(row["document"])
    return found


async def save_modules(conn: Connection, changed: Sequence[Catalogued], new: Sequence[Catalogued]) -> bool:
    await _update(conn, UPDATE_MODULES, [(m.key(), m.model_dump_json()) for m in changed])
    return await _insert(conn, INSERT_MODULES, [(m.key(), m.model_dump_json()) for m in new])


async def load_sessions(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, SessionPlanned]:
    return _documents(SessionPlanned, await conn.fetch(LOAD_SESSIONS, keys))


async def find_sessions(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, SessionPlanned]:
    return _documents(SessionPlanned, await conn.fetch(FIND_SESSIONS, keys))


async def save_sessions(conn: Connection, changed: Sequence[SessionPlanned], new: Sequence[SessionPlanned]) -> bool:
    await _update(conn, UPDATE_SESSIONS, [_session_row(s) for s in changed])
    return await _insert(conn, INSERT_SESSIONS, [_session_row(s) for s in new])


async def load_roster(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, MentorEnrolled]:
    return _documents(MentorEnrolled, await conn.fetch(LOAD_ROSTER, keys))


async def save_roster(conn: Connection, changed: Sequence[MentorEnrolled], new: Sequence[MentorEnrolled]) -> bool:
    await _update(conn, UPDATE_ROSTER, [_mentor_row(m) for m in changed])
    return await _insert(conn, INSERT_ROSTER, [_mentor_row(m) for m in new])


async def load_sites(conn: Connection, keys: Sequence[str]) -> dict[str, SiteDescribed]:
    return _documents(SiteDescribed, await conn.fetch(LOAD_SITES, keys))


async def save_sites(conn: Connection, changed: Sequence[SiteDescribed], new: Sequence[SiteDescribed]) -> bool:
    await _update(conn, UPDATE_SITES, [_site_row(s) for s in changed])
    return await _insert(conn, INSERT_SITES, [_site_row(s) for s in new])


async def list_site_revisions(pool: Pool) -> dict[str, int]:
    return {row["site_id"]: row["revision"] for row in await pool.fetch(SITE_REVISIONS)}


async def list_sites(pool: Pool, site_ids: Sequence[str]) -> list[SiteDescribed]:
    return [SiteDescribed.model_validate_json(row["document"]) for row in await pool.fetch(SITES, site_ids)]


async def load_trainings(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, Training]:
    return {row["id"]: training_of(row) for row in await conn.fetch(LOAD_TRAININGS, keys)}


async def save_trainings(conn: Connection, changed: Sequence[Training], new: Sequence[Training]) -> bool:
    """Also puts freshly written open answers into their own table; a training that was read back carries none."""
    await _update(conn, UPDATE_TRAININGS, [(t.id, *_progress(t)) for t in changed])
    await _update(conn, INSERT_OPEN_ANSWERS, [row for t in (*changed, *new) for row in _open_answer_rows(t)])
    await store_regrades.note_asked(conn, [*new, *(t for t in changed if t.reading.translations)])
    return await _insert(conn, INSERT_TRAININGS, [(*_identity(t), *_progress(t)) for t in new])


async def put_bookmark(pool: Pool, training_id: UUID, number: int) -> None:
    """Up to which card a mentor has read. Nothing is decided on it, so it is no event: docs/decisions/0046.

    Where somebody else has the training for seconds, reading goes on without it: that of the next card comes soon.
    """
    with suppress(LockNotAvailableError):
        await pool.execute(PUT_BOOKMARK, training_id, number)


async def load_skills(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, Skill]:
    return {row["id"]: _skill(row) for row in await conn.fetch(LOAD_SKILLS, keys)}


async def find_skills(conn: Connection | Pool, keys: Sequence[UUID]) -> dict[UUID, Skill]:
    return {row["id"]: _skill(row) for row in await conn.fetch(FIND_SKILLS, keys)}


async def save_skills(conn: Connection, changed: Sequence[Skill], new: Sequence[Skill]) -> bool:
    await _update(conn, UPDATE_SKILLS, [(s.id, *_memory(s)) for s in changed])
    return await _insert(conn, INSERT_SKILLS, [(s.id, s.site_id, s.mentor_id, s.skill, *_memory(s)) for s in new])


async def get_opened(pool: Pool, training_id: UUID, mentor_id: UUID, report_id: UUID | None = None) -> Opened:
    (row,) = await pool.fetch(OPENED, training_id, mentor_id, report_id)
    return Opened(
        now=row["now"],
        training=training_of(row) if row["id"] else None,
        sessions=tuple(SessionPlanned.model_validate_json(document) for document in row["sessions"]),
        mentor=MentorEnrolled.model_validate_json(row["mentor"]) if row["mentor"] else None,
        site=SiteDescribed.model_validate_json(row["site"]) if row["site"] else None,
        report=row["report"],
    )


async def read_open_answers(pool: Pool, training_id: UUID, by: UUID) -> list[SealedAnswer]:
    """In one transaction with the line in the audit: nobody reads without leaving it."""
    async with pool.acquire() as conn, conn.transaction():
        rows = await conn.fetch(OPEN_ANSWERS, training_id)
        await conn.execute(AUDIT, training_id, by, len(rows))
    return [SealedAnswer(row["number"], row["item_id"], row["key_id"], row["sealed"], row["answered_at"]) for row in rows]


async def _update(conn: Connection, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        await conn.execute(sql, *_columns(rows))


async def _insert(conn: Connection, sql: str, rows: Sequence[tuple[object, ...]]) -> bool:
    """False when somebody else created one of these meanwhile: roll back and run the batch again."""
    inserted = await conn.execute(sql, *_columns(rows)) if rows else "INSERT 0 0"
    return bool(inserted == f"INSERT 0 {len(rows)}")


def _columns(rows: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return list(zip(*rows, strict=True))


def _documents(event_class: type[E], rows: Iterable[Record]) -> dict[Any, E]:
    return {row["key"]: event_class.model_validate_json(row["document"]) for row in rows}


def _session_row(s: SessionPlanned) -> tuple[object, ...]:
    return s.session_id, s.site_id, s.revision, s.model_dump_json()


def _mentor_row(m: MentorEnrolled) -> tuple[object, ...]:
    return m.mentor_id, m.site_id, m.revision, m.model_dump_json()


def _site_row(s: SiteDescribed) -> tuple[object, ...]:
    return s.site_id, s.revision, s.model_dump_json()


def training_of(row: Record) -> Training:
    return Training(
        assigned=TrainingAssigned.model_validate_json(row["assigned"]),
        shared=tuple(row["shared"]),
        opened_at=row["opened_at"],
        cards_read=row["cards_read"],
        tries=TRIES.validate_json(row["tries"]),
        said=SAID.validate_json(row["said"]),
        completed_at=row["completed_at"],
        corrections=CORRECTIONS.validate_json(row["corrections"]),
        reading=Reading.model_validate_json(row["reading"]),
        ready=row["ready"],
    )


def _identity(t: Training) -> tuple[object, ...]:
    a = t.assigned
    return t.id, a.site_id, a.mentor_id, a.session_id, a.model_dump_json()


def _progress(t: Training) -> tuple[object, ...]:
    said = SAID.dump_json(t.said, exclude={"__all__": {"text"}}).decode()
    shared = f"{{{','.join(map(str, t.shared))}}}"
    corrections = CORRECTIONS.dump_json(t.corrections).decode()
    tries, reading = TRIES.dump_json(t.tries).decode(), t.reading.model_dump_json()
    return shared, t.opened_at, tries, said, t.completed_at, corrections, reading, t.ready


def _open_answer_rows(t: Training) -> list[tuple[object, ...]]:
    a = t.assigned
    return [
        (t.id, s.number, a.site_id, a.mentor_id, s.item_id, s.text.key_id, b64decode(s.text.sealed), s.answered_at)
        for s in t.said
        if s.text
    ]


def _skill(row: Record) -> Skill:
    return Skill(
        mentor_id=row["mentor_id"],
        site_id=row["site_id"],
        skill=row["skill"],
        reviews=REVIEWS.validate_json(row["reviews"]),
        open_misses=MISSES.validate_json(row["open_misses"]),
        revision=row["revision"],
        steps=STEPS.validate_json(row["steps"]),
    )


def _memory(s: Skill) -> tuple[object, ...]:
    return (
        REVIEWS.dump_json(s.reviews).decode(),
        MISSES.dump_json(s.open_misses).decode(),
        s.revision,
        STEPS.dump_json(s.steps).decode(),
    )
