"""Every SQL statement about copied facts and policies. They change by their own handlers and are read without a lock."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from asyncpg import Connection, Pool, Record
from pydantic import TypeAdapter

from services.trigger import policy
from services.trigger.copies import Mentor, Site, Training, skill_id
from services.trigger.policy import Policy, SitePolicy
from shared.contracts.assessment import OpenMiss, SkillRemembered
from shared.contracts.supervision import Clearance, Match
from shared.erasing import Erasure

MENTORS = """
SELECT id, site_id, time_zone, locale, active, matches, clearances, revision, address_hash FROM mentor WHERE id = ANY($1::uuid[])
"""
LOCK_MENTORS = """
SELECT id, site_id, time_zone, locale, active, matches, clearances, revision, address_hash
FROM mentor WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""
INSERT_MENTORS = """
INSERT INTO mentor (id, site_id, time_zone, locale, active, matches, clearances, revision, address_hash)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::jsonb[], $7::jsonb[], $8::int[], $9::text[])
ON CONFLICT DO NOTHING
"""
UPDATE_MENTORS = """
UPDATE mentor m SET (site_id, time_zone, locale, active, matches, clearances, revision, address_hash)
  = (u.site_id, u.time_zone, u.locale, u.active, u.matches, u.clearances, u.revision, u.address_hash)
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::jsonb[], $7::jsonb[], $8::int[], $9::text[])
  AS u (id, site_id, time_zone, locale, active, matches, clearances, revision, address_hash)
WHERE m.id = u.id
"""
# Where a mentor stands inside what is another's: whom a session had before, and the rules of a site's calendar.
INSIDE = (
    """
    UPDATE session s SET rest = jsonb_set(s.rest, '{earlier}', (
      SELECT coalesce(jsonb_agg(turn ORDER BY n), '[]')
      FROM jsonb_array_elements(s.rest -> 'earlier') WITH ORDINALITY AS e (turn, n)
      WHERE (turn ->> 'mentor_id')::uuid <> $1))
    WHERE s.rest ? 'earlier' AND s.rest -> 'earlier' @> jsonb_build_array(jsonb_build_object('mentor_id', $1::uuid))
    """,
    """
    UPDATE feed SET mapped = array_remove(mapped, $1),
      mapping = jsonb_set(mapping, '{mentor}', (SELECT coalesce(jsonb_agg(rule ORDER BY n), '[]')
      FROM jsonb_array_elements(mapping -> 'mentor') WITH ORDINALITY AS e (rule, n)
      WHERE (rule -> 'value' ->> 0)::uuid = $1 IS NOT TRUE))
    WHERE mentor_id IS NULL AND mapped @> ARRAY[$1::uuid]
    """,
)
SITES = "SELECT site_id, time_zone, variables, active, revision FROM site WHERE site_id = ANY($1::text[])"
LOCK_SITES = """
SELECT site_id, time_zone, variables, active, revision FROM site WHERE site_id = ANY($1::text[]) ORDER BY site_id FOR UPDATE
"""
INSERT_SITES = """
INSERT INTO site (site_id, time_zone, variables, active, revision)
SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::bool[], $5::int[]) ON CONFLICT DO NOTHING
"""
UPDATE_SITES = """
UPDATE site s SET (time_zone, variables, active, revision) = (u.time_zone, u.variables, u.active, u.revision)
FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::bool[], $5::int[]) AS u (site_id, time_zone, variables, active, revision)
WHERE s.site_id = u.site_id
"""
MEMORY = """
SELECT id, mentor_id, site_id, skill, stability, difficulty, decay, reviewed_at, open_misses, revision
FROM skill WHERE mentor_id = ANY($1::uuid[])
"""
LOCK_SKILLS = """
SELECT id, mentor_id, site_id, skill, stability, difficulty, decay, reviewed_at, open_misses, revision
FROM skill WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""
INSERT_SKILLS = """
INSERT INTO skill (id, mentor_id, site_id, skill, stability, difficulty, decay, reviewed_at, open_misses, revision)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::float8[], $6::float8[], $7::float8[],
                     $8::timestamptz[], $9::jsonb[], $10::int[]) ON CONFLICT DO NOTHING
"""
UPDATE_SKILLS = """
UPDATE skill s SET (stability, difficulty, decay, reviewed_at, open_misses, revision)
  = (u.stability, u.difficulty, u.decay, u.reviewed_at, u.open_misses, u.revision)
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::float8[], $6::float8[], $7::float8[],
            $8::timestamptz[], $9::jsonb[], $10::int[])
  AS u (id, mentor_id, site_id, skill, stability, difficulty, decay, reviewed_at, open_misses, revision)
WHERE s.id = u.id
"""
TRAININGS = """
SELECT id, session_id, mentor_id, site_id, assigned_at, completed_at, nothing_suitable
FROM training WHERE id = ANY($1::uuid[])
"""
LOCK_TRAININGS = """
SELECT id, session_id, mentor_id, site_id, assigned_at, completed_at, nothing_suitable
FROM training WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""
INSERT_TRAININGS = """
INSERT INTO training (id, session_id, mentor_id, site_id, assigned_at, completed_at, nothing_suitable)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::bool[])
ON CONFLICT DO NOTHING
"""
UPDATE_TRAININGS = """
UPDATE training t SET (assigned_at, completed_at, nothing_suitable) = (u.assigned_at, u.completed_at, u.nothing_suitable)
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::bool[])
  AS u (id, session_id, mentor_id, site_id, assigned_at, completed_at, nothing_suitable)
WHERE t.id = u.id
"""
POLICIES = """
SELECT k.site_id, k.version, coalesce(kept.document, p.document) AS document
FROM unnest($1::text[], $2::int[]) AS k (site_id, version)
JOIN policy p ON p.site_id = k.site_id
LEFT JOIN policy_kept kept ON kept.site_id = k.site_id AND kept.version = k.version
"""
KEEP_POLICIES = """
INSERT INTO policy_kept (site_id, version, document)
SELECT * FROM unnest($1::text[], $2::int[], $3::jsonb[]) ON CONFLICT DO NOTHING
"""
LOCK_POLICIES = "SELECT site_id, version, document FROM policy WHERE site_id = ANY($1::text[]) ORDER BY site_id FOR UPDATE"
INSERT_POLICIES = """
INSERT INTO policy (site_id, version, document)
SELECT * FROM unnest($1::text[], $2::int[], $3::jsonb[]) ON CONFLICT DO NOTHING
"""
UPDATE_POLICIES = """
UPDATE policy p SET (version, document) = (u.version, u.document)
FROM unnest($1::text[], $2::int[], $3::jsonb[]) AS u (site_id, version, document) WHERE p.site_id = u.site_id
"""

MATCHES = TypeAdapter(tuple[Match, ...])
CLEARANCES = TypeAdapter(tuple[Clearance, ...])
MISSES = TypeAdapter(tuple[OpenMiss, ...])
NAMES = TypeAdapter(tuple[str, ...])
CURRENT = -1  # instead of a policy's version
Memory = Mapping[str, SkillRemembered]  # by skill


async def load_mentors(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Mentor]:
    return {row["id"]: _mentor(row) for row in await conn.fetch(MENTORS, ids)}


async def lock_mentors(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Mentor]:
    return {row["id"]: _mentor(row) for row in await conn.fetch(LOCK_MENTORS, ids)}


async def save_mentors(conn: Connection, changed: Sequence[Mentor], new: Sequence[Mentor]) -> bool:
    return await _save(conn, UPDATE_MENTORS, INSERT_MENTORS, [_of_mentor(m) for m in changed], [_of_mentor(m) for m in new])


async def erase_inside(conn: Connection, erasure: Erasure) -> None:
    """What no column says (the rest goes as privacy.toml says)."""
    for statement in INSIDE:
        await conn.execute(statement, erasure.person_id)


async def load_sites(conn: Connection, ids: Sequence[str]) -> dict[str, Site]:
    return {row["site_id"]: _site(row) for row in await conn.fetch(SITES, ids)}


async def lock_sites(conn: Connection, ids: Sequence[str]) -> dict[str, Site]:
    return {row["site_id"]: _site(row) for row in await conn.fetch(LOCK_SITES, ids)}


async def save_sites(conn: Connection, changed: Sequence[Site], new: Sequence[Site]) -> bool:
    return await _save(conn, UPDATE_SITES, INSERT_SITES, [_of_site(s) for s in changed], [_of_site(s) for s in new])


async def load_memory(conn: Connection, mentor_ids: Sequence[UUID]) -> dict[UUID, Memory]:
    """Every skill that each mentor was ever trained in."""
    memory: dict[UUID, dict[str, SkillRemembered]] = {}
    for row in await conn.fetch(MEMORY, mentor_ids):
        memory.setdefault(row["mentor_id"], {})[row["skill"]] = _skill(row)
    return dict(memory)


async def lock_skills(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, SkillRemembered]:
    return {row["id"]: _skill(row) for row in await conn.fetch(LOCK_SKILLS, ids)}


async def save_skills(conn: Connection, changed: Sequence[SkillRemembered], new: Sequence[SkillRemembered]) -> bool:
    return await _save(conn, UPDATE_SKILLS, INSERT_SKILLS, [_of_skill(s) for s in changed], [_of_skill(s) for s in new])


async def load_trainings(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Training]:
    return {row["id"]: Training(**dict(row)) for row in await conn.fetch(TRAININGS, ids)}


async def lock_trainings(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Training]:
    return {row["id"]: Training(**dict(row)) for row in await conn.fetch(LOCK_TRAININGS, ids)}


async def save_trainings(conn: Connection, changed: Sequence[Training], new: Sequence[Training]) -> bool:
    return await _save(conn, UPDATE_TRAININGS, INSERT_TRAININGS, [_of_training(t) for t in changed],
                       [_of_training(t) for t in new])


async def load_policies(conn: Connection | Pool, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Policy]:
    """By site and version, CURRENT for the policy of now. Sites that have not chosen are absent: they have the default."""
    rows = await conn.fetch(POLICIES, [site for site, _ in keys], [version for _, version in keys])
    return {(row["site_id"], row["version"]): policy.parse(row["document"]) for row in rows}


async def get_policy(conn: Connection | Pool, site_id: str) -> Policy:
    return (await load_policies(conn, [(site_id, CURRENT)])).get((site_id, CURRENT), policy.DEFAULT)


async def lock_policies(conn: Connection, site_ids: Sequence[str]) -> dict[str, SitePolicy]:
    rows = await conn.fetch(LOCK_POLICIES, site_ids)
    return {row["site_id"]: SitePolicy(row["site_id"], policy.parse(row["document"])) for row in rows}


async def save_policies(conn: Connection, changed: Sequence[SitePolicy], new: Sequence[SitePolicy]) -> bool:
    rows = [_of_policy(p) for p in (*changed, *new)]
    await conn.execute(KEEP_POLICIES, *zip(*rows, strict=True))
    return await _save(conn, UPDATE_POLICIES, INSERT_POLICIES, rows[: len(changed)], rows[len(changed) :])


async def _save(conn: Connection, update: str, insert: str, changed: Sequence[Any], new: Sequence[Any]) -> bool:
    if changed:
        await conn.execute(update, *zip(*changed, strict=True))
    inserted = await conn.execute(insert, *zip(*new, strict=True)) if new else "INSERT 0 0"
    return inserted == f"INSERT 0 {len(new)}"


def _mentor(row: Record) -> Mentor:
    return Mentor(
        id=row["id"],
        site_id=row["site_id"],
        time_zone=row["time_zone"],
        locale=row["locale"],
        active=row["active"],
        matches=_matches(row["matches"]),
        clearances=_clearances(row["clearances"]),
        revision=row["revision"],
        address_hash=row["address_hash"],
    )


@lru_cache(maxsize=20_000)
def _matches(document: str) -> tuple[Match, ...]:
    return MATCHES.validate_json(document)


@lru_cache(maxsize=20_000)
def _clearances(document: str) -> tuple[Clearance, ...]:
    return CLEARANCES.validate_json(document)


def _of_mentor(m: Mentor) -> tuple[object, ...]:
    documents = (MATCHES.dump_json(m.matches).decode(), CLEARANCES.dump_json(m.clearances).decode())
    return (m.id, m.site_id, m.time_zone, m.locale, m.active, *documents, m.revision, m.address_hash)


def _site(row: Record) -> Site:
    return Site(row["site_id"], row["time_zone"], NAMES.validate_json(row["variables"]), row["active"], row["revision"])


def _of_site(s: Site) -> tuple[object, ...]:
    return (s.id, s.time_zone, NAMES.dump_json(s.variables).decode(), s.active, s.revision)


def _skill(row: Record) -> SkillRemembered:
    reviewed_at: datetime = row["reviewed_at"]
    return SkillRemembered(
        mentor_id=row["mentor_id"],
        site_id=row["site_id"],
        skill=row["skill"],
        stability=row["stability"],
        difficulty=row["difficulty"],
        decay=row["decay"],
        reviewed_at=reviewed_at,
        open_misses=() if row["open_misses"] == "[]" else MISSES.validate_json(row["open_misses"]),
        revision=row["revision"],
    )


def _of_skill(s: SkillRemembered) -> tuple[object, ...]:
    fading = (s.stability, s.difficulty, s.decay, s.reviewed_at)
    return (skill_id(s), s.mentor_id, s.site_id, s.skill, *fading, MISSES.dump_json(s.open_misses).decode(), s.revision)


def _of_training(t: Training) -> tuple[object, ...]:
    return (t.id, t.session_id, t.mentor_id, t.site_id, t.assigned_at, t.completed_at, t.nothing_suitable)


def _of_policy(p: SitePolicy) -> tuple[object, ...]:
    return (p.site_id, p.policy.version, policy.written(p.policy))
