"""SQL of sites, people, copies and preparations (mentors' cases: store_cases.py). Keys sorted, rows locked, rows in and out."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Connection, Record
from pydantic import TypeAdapter

from services.supervision import store_notices, store_regrades
from services.supervision.people import Known, Module, Person, Site, Skill
from services.supervision.preparations import Assigned, Plan, Preparation
from shared.contracts.assessment import ItemAnswered, OpenAnswer, SkillRemembered
from shared.contracts.content import AssignedItem
from shared.contracts.content import Module as Content
from shared.contracts.supervision import Hotline, SiteDescribed

LOAD_SITES = """
SELECT site_id, name, phone, time_zone, locales, hotline_label, hotline_number, reporting_steps, staff_on_call, ask_directly,
       status, revision
FROM site WHERE site_id = ANY($1::text[]) ORDER BY site_id FOR UPDATE
"""
FIND_SITE = """
SELECT site_id, name, phone, time_zone, locales, hotline_label, hotline_number, reporting_steps, staff_on_call, ask_directly,
       status, revision
FROM site WHERE site_id = $1
"""
LIST_SITES = """
SELECT site_id, name, phone, time_zone, locales, hotline_label, hotline_number, reporting_steps, staff_on_call, ask_directly,
       status, revision
FROM site ORDER BY site_id
"""
INSERT_SITE = """
INSERT INTO site (site_id, name, phone, time_zone, locales, hotline_label, hotline_number, reporting_steps, staff_on_call,
                  ask_directly, status, revision)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING
"""
UPDATE_SITE = """
UPDATE site SET name = $2, phone = $3, time_zone = $4, locales = $5, hotline_label = $6, hotline_number = $7,
                reporting_steps = $8, staff_on_call = $9, ask_directly = $10, status = $11, revision = $12
WHERE site_id = $1
"""
LOAD_PEOPLE = """
SELECT person_id, site_id, role, reference, name, email, phone, time_zone, locale, row_hash, back_up_id, status, source
FROM person WHERE person_id = ANY($1::uuid[]) ORDER BY person_id FOR UPDATE
"""
LIST_KNOWN = """
SELECT p.person_id, p.role, p.reference, p.name, p.email, p.phone, p.time_zone, p.locale, p.status, p.source, p.row_hash,
       p.back_up_id, c.supervisor_id
FROM person p LEFT JOIN mentor_case c ON c.mentor_id = p.person_id WHERE p.site_id = $1
"""
HERE = "SELECT person_id FROM person WHERE person_id = ANY($1::uuid[]) AND status = 'active'"
SITE_LEADS = """
SELECT DISTINCT ON (site_id) site_id, person_id FROM person
WHERE role = 'site_lead' AND status = 'active' AND site_id = ANY($1::text[]) ORDER BY site_id, reference
"""
BACK_UPS = """
SELECT p.person_id, b.person_id AS back_up_id FROM person p JOIN person b ON b.person_id = p.back_up_id AND b.status = 'active'
WHERE p.person_id = ANY($1::uuid[])
"""
INSERT_PEOPLE = """
INSERT INTO person (person_id, site_id, role, reference, name, email, phone, time_zone, locale, row_hash, back_up_id, status,
                    source)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                     $10::bytea[], $11::uuid[], $12::text[], $13::text[]) ON CONFLICT DO NOTHING
"""
UPDATE_PEOPLE = """
UPDATE person p SET (site_id, role, reference, name, email, phone, time_zone, locale, row_hash, back_up_id, status, source)
  = (u.site_id, u.role, u.reference, u.name, u.email, u.phone, u.time_zone, u.locale, u.row_hash, u.back_up_id, u.status,
     u.source)
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::bytea[], $11::uuid[], $12::text[], $13::text[])
  AS u (person_id, site_id, role, reference, name, email, phone, time_zone, locale, row_hash, back_up_id, status, source)
WHERE p.person_id = u.person_id
"""
LOAD_MODULES = """
SELECT key, module_id, locale, version, status, module FROM module WHERE key = ANY($1::text[]) ORDER BY key FOR UPDATE
"""
INSERT_MODULES = """
INSERT INTO module (key, module_id, locale, version, status, module)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::jsonb[]) ON CONFLICT DO NOTHING
"""
UPDATE_MODULES = """
UPDATE module m SET (status, module) = (u.status, u.module)
FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::jsonb[])
  AS u (key, module_id, locale, version, status, module)
WHERE m.key = u.key
"""
LOAD_SKILLS = """
SELECT skill_id, remembered FROM skill WHERE skill_id = ANY($1::uuid[]) ORDER BY skill_id FOR UPDATE
"""
INSERT_SKILLS = """
INSERT INTO skill (skill_id, mentor_id, site_id, skill, revision, remembered)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::jsonb[]) ON CONFLICT DO NOTHING
"""
UPDATE_SKILLS = """
UPDATE skill s SET (revision, remembered) = (u.revision, u.remembered)
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::jsonb[])
  AS u (skill_id, mentor_id, site_id, skill, revision, remembered)
WHERE s.skill_id = u.skill_id
"""
LOAD_PREPARATIONS = """
SELECT preparation_id, session_id, mentor_id, site_id, starts_at, quiz_by, status, activity, function, mode, minutes, session_no,
       stage, time_zone, plan_revision, training_id, locale, module_id, module_version, items, nothing_suitable, opened_at,
       last_answer_at, completed_at, late, open_answers, ready_at, complete_when_ready
FROM preparation WHERE preparation_id = ANY($1::uuid[]) ORDER BY preparation_id FOR UPDATE
"""
DUE_PREPARATIONS = """
SELECT preparation_id, session_id, mentor_id, site_id, starts_at, quiz_by, status, activity, function, mode, minutes, session_no,
       stage, time_zone, plan_revision, training_id, locale, module_id, module_version, items, nothing_suitable, opened_at,
       last_answer_at, completed_at, late, open_answers, ready_at, complete_when_ready
FROM preparation WHERE due_at >= $2 AND due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
"""
OVERDUE_PREPARATIONS = """
SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 AS oldest
FROM (SELECT due_at FROM preparation WHERE due_at <= now() ORDER BY due_at LIMIT $1) AS found
"""
INSERT_PREPARATIONS = """
INSERT INTO preparation (preparation_id, session_id, mentor_id, site_id, starts_at, quiz_by, status, activity, function, mode,
  minutes, session_no, stage, time_zone, plan_revision, training_id, locale, module_id, module_version, items, nothing_suitable,
  opened_at, last_answer_at, completed_at, late, open_answers, ready_at, complete_when_ready, due_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[],
  $8::text[], $9::text[], $10::text[], $11::int[], $12::int[], $13::text[], $14::text[], $15::int[], $16::uuid[], $17::text[],
  $18::text[], $19::int[], $20::jsonb[], $21::bool[], $22::timestamptz[], $23::timestamptz[], $24::timestamptz[], $25::bool[],
  $26::jsonb[], $27::timestamptz[], $28::bool[], $29::timestamptz[]) ON CONFLICT DO NOTHING
"""
UPDATE_PREPARATIONS = """
UPDATE preparation p SET (starts_at, quiz_by, status, activity, function, mode, minutes, session_no, stage, time_zone,
    plan_revision, training_id, locale, module_id, module_version, items, nothing_suitable, opened_at, last_answer_at,
    completed_at, late, open_answers, ready_at, complete_when_ready, due_at)
  = (u.starts_at, u.quiz_by, u.status, u.activity, u.function, u.mode, u.minutes, u.session_no, u.stage, u.time_zone,
    u.plan_revision, u.training_id, u.locale, u.module_id, u.module_version, u.items, u.nothing_suitable, u.opened_at,
    u.last_answer_at, u.completed_at, u.late, u.open_answers, u.ready_at, u.complete_when_ready, u.due_at)
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[],
  $8::text[], $9::text[], $10::text[], $11::int[], $12::int[], $13::text[], $14::text[], $15::int[], $16::uuid[], $17::text[],
  $18::text[], $19::int[], $20::jsonb[], $21::bool[], $22::timestamptz[], $23::timestamptz[], $24::timestamptz[], $25::bool[],
  $26::jsonb[], $27::timestamptz[], $28::bool[], $29::timestamptz[])
  AS u (preparation_id, session_id, mentor_id, site_id, starts_at, quiz_by, status, activity, function, mode, minutes,
    session_no, stage, time_zone, plan_revision, training_id, locale, module_id, module_version, items, nothing_suitable,
    opened_at, last_answer_at, completed_at, late, open_answers, ready_at, complete_when_ready, due_at)
WHERE p.preparation_id = u.preparation_id
"""
DONE = "SELECT training_id FROM preparation WHERE training_id = ANY($1::uuid[]) AND completed_at IS NOT NULL"
REST_PREPARATIONS = "UPDATE preparation SET due_at = NULL WHERE preparation_id = ANY($1::uuid[])"
INSERT_ANSWERS = """
INSERT INTO answer (training_id, module_id, item_id, attempt, version, mentor_id, site_id, session_id, skill, kind, chosen, shown,
                    correct, mistakes, confidence, safety_critical, answered_at, received_at, late)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) ON CONFLICT DO NOTHING
"""
SUPERVISORS = "SELECT mentor_id, supervisor_id FROM mentor_case WHERE mentor_id = ANY($1::uuid[])"

ITEMS = TypeAdapter(tuple[AssignedItem, ...])
OPEN_ANSWERS = TypeAdapter(tuple[OpenAnswer, ...])


async def load_sites(conn: Connection, keys: Sequence[str]) -> dict[str, Site]:
    return {row["site_id"]: Site(_described(row)) for row in await conn.fetch(LOAD_SITES, keys)}


async def find_site(conn: Connection, site_id: str) -> SiteDescribed | None:
    row = await conn.fetchrow(FIND_SITE, site_id)
    return _described(row) if row else None


async def list_sites(conn: Connection) -> list[SiteDescribed]:
    return [_described(row) for row in await conn.fetch(LIST_SITES)]


async def save_sites(conn: Connection, changed: Sequence[Site], new: Sequence[Site]) -> bool:
    for site in changed:
        await conn.execute(UPDATE_SITE, *_site_row(site.described))
    return all([await conn.execute(INSERT_SITE, *_site_row(site.described)) == "INSERT 0 1" for site in new])


async def load_people(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, Person]:
    return {row["person_id"]: Person(**dict(row)) for row in await conn.fetch(LOAD_PEOPLE, keys)}


async def save_people(conn: Connection, changed: Sequence[Person], new: Sequence[Person]) -> bool:
    return await _saved(conn, UPDATE_PEOPLE, INSERT_PEOPLE, [_person_row(p) for p in changed], [_person_row(p) for p in new])


async def list_known(conn: Connection, site_id: str) -> dict[UUID, Known]:
    """Everybody at a site, as the last import told of them."""
    return {row["person_id"]: Known(**dict(row)) for row in await conn.fetch(LIST_KNOWN, site_id)}


async def load_here(conn: Connection, person_ids: Sequence[UUID]) -> dict[UUID, bool]:
    """Of these, the people who have not left."""
    return {row["person_id"]: True for row in await conn.fetch(HERE, person_ids)}


async def load_leads(conn: Connection, site_ids: Sequence[str]) -> dict[str, UUID]:
    return {row["site_id"]: row["person_id"] for row in await conn.fetch(SITE_LEADS, site_ids)}


async def load_back_ups(conn: Connection, person_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    return {row["person_id"]: row["back_up_id"] for row in await conn.fetch(BACK_UPS, person_ids)}


async def load_modules(conn: Connection, keys: Sequence[str]) -> dict[str, Module]:
    rows = await conn.fetch(LOAD_MODULES, keys)
    return {row["key"]: Module(**dict(row) | {"module": Content.model_validate_json(row["module"])}) for row in rows}


async def save_modules(conn: Connection, changed: Sequence[Module], new: Sequence[Module]) -> bool:
    return await _saved(conn, UPDATE_MODULES, INSERT_MODULES, [_module_row(m) for m in changed], [_module_row(m) for m in new])


async def load_skills(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, Skill]:
    rows = await conn.fetch(LOAD_SKILLS, keys)
    return {row["skill_id"]: Skill(row["skill_id"], SkillRemembered.model_validate_json(row["remembered"])) for row in rows}


async def save_skills(conn: Connection, changed: Sequence[Skill], new: Sequence[Skill]) -> bool:
    return await _saved(conn, UPDATE_SKILLS, INSERT_SKILLS, [_skill_row(s) for s in changed], [_skill_row(s) for s in new])


async def load_preparations(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, Preparation]:
    return {row["preparation_id"]: _preparation(row) for row in await conn.fetch(LOAD_PREPARATIONS, keys)}


async def due_preparations(conn: Connection, limit: int, since: datetime) -> dict[UUID, Preparation]:
    """Claims and locks what is due; rows that another worker holds are left to it."""
    return {row["preparation_id"]: _preparation(row) for row in await conn.fetch(DUE_PREPARATIONS, limit, since)}


async def save_preparations(conn: Connection, changed: Sequence[Preparation], new: Sequence[Preparation]) -> bool:
    rows = [[_preparation_row(p) for p in some] for some in (changed, new)]
    if not await _saved(conn, UPDATE_PREPARATIONS, INSERT_PREPARATIONS, *rows):
        return False
    if answers := [_answer_row(answer) for p in (*changed, *new) for answer in p.answers]:
        await conn.executemany(INSERT_ANSWERS, answers)
    await store_regrades.regrade_answers(conn, (one for p in (*changed, *new) for one in p.regrades))
    await store_notices.add(conn, (one for p in (*changed, *new) for one in p.notices))
    return True


async def load_done(conn: Connection, training_ids: Sequence[UUID]) -> dict[UUID, bool]:
    """Of these, the trainings that are completed."""
    return {row["training_id"]: True for row in await conn.fetch(DONE, training_ids)}


async def rest_preparations(conn: Connection, keys: Sequence[UUID]) -> None:
    await conn.execute(REST_PREPARATIONS, keys)


async def load_supervisors(conn: Connection, mentor_ids: Sequence[UUID]) -> dict[UUID, UUID | None]:
    return {row["mentor_id"]: row["supervisor_id"] for row in await conn.fetch(SUPERVISORS, mentor_ids)}


async def _saved(conn: Connection, update: str, insert: str, changed: list[Any], new: list[Any]) -> bool:
    """False when somebody else created one of `new` meanwhile: roll back and run the batch again."""
    if changed:
        await conn.execute(update, *columns(changed))
    inserted = await conn.execute(insert, *columns(new)) if new else "INSERT 0 0"
    return bool(inserted == f"INSERT 0 {len(new)}")


def columns(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True))


def _described(row: Record) -> SiteDescribed:
    values = dict(row)
    label, number = values.pop("hotline_label"), values.pop("hotline_number")
    lists = {name: tuple(values[name]) for name in ("locales", "reporting_steps")}
    hotline = Hotline(label=label, number=number) if number else None
    return SiteDescribed(**values | lists, hotline=hotline)


def _site_row(s: SiteDescribed) -> tuple[Any, ...]:
    hotline = (s.hotline.label, s.hotline.number) if s.hotline else (None, None)
    return (s.site_id, s.name, s.phone, s.time_zone, s.locales, *hotline, s.reporting_steps, s.staff_on_call, s.ask_directly,
            s.status, s.revision)  # fmt: skip


def _person_row(p: Person) -> tuple[Any, ...]:
    return (p.person_id, p.site_id, p.role, p.reference, p.name, p.email, p.phone, p.time_zone, p.locale, p.row_hash,
            p.back_up_id, p.status, p.source)  # fmt: skip


def _module_row(m: Module) -> tuple[Any, ...]:
    return (m.key, m.module_id, m.locale, m.version, m.status, m.module.model_dump_json())


def _skill_row(s: Skill) -> tuple[Any, ...]:
    r = s.remembered
    return (s.skill_id, r.mentor_id, r.site_id, r.skill, r.revision, r.model_dump_json())


PLAN = ("status", "activity", "function", "mode", "minutes", "session_no", "stage", "time_zone")


def _preparation(row: Record) -> Preparation:
    values = dict(row)
    plan = {name: values.pop(name) for name in PLAN} | {"revision": values.pop("plan_revision")}
    training = {name: values.pop(name) for name in ("locale", "module_id", "module_version", "items")}
    items = ITEMS.validate_json(training["items"]) if training["items"] else None
    return Preparation(
        **values | {"open_answers": OPEN_ANSWERS.validate_json(values["open_answers"])},
        plan=Plan(**plan) if plan["status"] else None,
        assigned=None if items is None else Assigned(**training | {"items": items}),
    )


def _preparation_row(p: Preparation) -> tuple[Any, ...]:
    plan = tuple(getattr(p.plan, name) for name in PLAN) if p.plan else (None,) * len(PLAN)
    a = p.assigned
    training = (a.locale, a.module_id, a.module_version, ITEMS.dump_json(a.items).decode()) if a else (None,) * 4
    return (p.preparation_id, p.session_id, p.mentor_id, p.site_id, p.starts_at, p.quiz_by, *plan,
            p.plan.revision if p.plan else None, p.training_id, *training, p.nothing_suitable, p.opened_at, p.last_answer_at,
            p.completed_at, p.late, OPEN_ANSWERS.dump_json(p.open_answers).decode(), p.ready_at, p.complete_when_ready,
            p.due_at)  # fmt: skip


def _answer_row(a: ItemAnswered) -> tuple[Any, ...]:
    return (a.training_id, a.module_id, a.item_id, a.attempt, a.version, a.mentor_id, a.site_id, a.session_id, a.skill, a.kind,
            a.chosen, a.shown, a.correct, a.mistakes, a.confidence, a.safety_critical, a.answered_at, a.received_at,
            a.late)  # fmt: skip
