"""Every SQL statement of the content schema. Rows in, dataclasses out; keys sorted, rows locked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from asyncpg import Connection, Record
from pydantic import TypeAdapter

from services.content.choices import Choice, Edition, ItemFact, ItemKey, Offer, Past, Showing
from services.content.domain import Learner, Publication, Version
from services.content.why import Named, Versions, Why
from services.content.words import item_words, variables
from shared.contracts.content import Module, ModuleRef
from shared.contracts.trigger import ItemRef

LOCK_PUBLICATIONS = """
SELECT key, module_id, locale FROM publication WHERE key = ANY($1::text[]) ORDER BY key FOR UPDATE
"""
VERSIONS = """
SELECT key, number, content_hash, status, module, correction FROM version WHERE key = ANY($1::text[]) ORDER BY key, number
"""
NEW_PUBLICATIONS = """
INSERT INTO publication (key, module_id, locale)
SELECT key, module_id, locale FROM unnest($1::text[], $2::text[], $3::text[]) AS u (key, module_id, locale)
ON CONFLICT DO NOTHING
"""
SAVE_VERSIONS = """
INSERT INTO version (key, number, module_id, locale, status, content_hash, skill, scope_level, minutes, variables, items, module,
                     correction)
SELECT key, number, module_id, locale, status, content_hash, skill, scope_level, minutes,
       ARRAY(SELECT jsonb_array_elements_text(variables)), items, module, correction
FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::int[],
            $10::jsonb[], $11::jsonb[], $12::jsonb[], $13::text[])
  AS u (key, number, module_id, locale, status, content_hash, skill, scope_level, minutes, variables, items, module, correction)
ON CONFLICT (key, number) DO UPDATE SET status = excluded.status
"""
OFFERS = """
SELECT DISTINCT ON (key) module_id, locale, number, skill, scope_level, minutes, variables, items
FROM version WHERE skill = ANY($1::text[]) AND status = 'published' ORDER BY key, number DESC
"""
ITEMS = """
SELECT DISTINCT ON (u.module_id, u.item_id, v.locale) u.module_id, u.item_id, v.locale, v.number, i.fact
FROM unnest($1::text[], $2::text[]) AS u (module_id, item_id)
JOIN version v ON v.module_id = u.module_id AND v.status = 'published'
CROSS JOIN LATERAL jsonb_array_elements(v.items) AS i (fact)
WHERE i.fact ->> 'id' = u.item_id
ORDER BY u.module_id, u.item_id, v.locale, v.number DESC
"""
LOCK_LEARNERS = """
SELECT mentor_id, site_id FROM learner WHERE mentor_id = ANY($1::uuid[]) ORDER BY mentor_id FOR UPDATE
"""
PASTS = """
SELECT mentor_id, array_agg(at ORDER BY at) AS at, array_agg(skill ORDER BY at) AS skills,
       array_agg(module_id ORDER BY at) AS modules
FROM choice WHERE mentor_id = ANY($1::uuid[]) GROUP BY mentor_id
"""
SAME_REQUEST = """
SELECT c.mentor_id, c.request_id, c.session_id, c.at, c.kind
FROM unnest($1::uuid[], $2::uuid[]) AS u (mentor_id, request_id) JOIN choice c USING (mentor_id, request_id)
"""
SHOWINGS = """
SELECT mentor_id, at, kind, skill, items FROM choice WHERE mentor_id = ANY($1::uuid[]) ORDER BY mentor_id, at, request_id
"""
NEW_LEARNERS = """
INSERT INTO learner (mentor_id, site_id)
SELECT mentor_id, site_id FROM unnest($1::uuid[], $2::text[]) AS u (mentor_id, site_id)
ON CONFLICT DO NOTHING
"""
SAVE_CHOICES = """
INSERT INTO choice (mentor_id, request_id, site_id, session_id, at, kind, skill, module_id, version, items, because)
SELECT mentor_id, request_id, site_id, session_id, at, kind, skill, module_id, version, items, because
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
            $9::int[], $10::jsonb[], $11::text[])
  AS u (mentor_id, request_id, site_id, session_id, at, kind, skill, module_id, version, items, because)
ON CONFLICT (mentor_id, request_id) DO UPDATE SET (session_id, at, kind, skill, module_id, version, items, because, why)
  = (excluded.session_id, excluded.at, excluded.kind, excluded.skill, excluded.module_id, excluded.version, excluded.items,
     excluded.because, NULL)
"""
CHOSEN = """
SELECT mentor_id, request_id, session_id, at, kind, skill, module_id, version, items, coalesce(why::text, because) AS why
FROM choice WHERE request_id = $1 OR session_id = $1 ORDER BY at DESC LIMIT 1
"""
NAMED = """
SELECT key, number, module ->> 'title' AS title, variables
FROM version JOIN unnest($1::text[], $2::int[]) AS u (key, number) USING (key, number)
"""
LIST = """
SELECT module_id, locale, number, status, skill, module ->> 'title' AS title, minutes, scope_level, content_hash, published_at,
       module ->> 'review_due' AS review_due
FROM version WHERE $1 OR status = 'published' ORDER BY module_id, locale, number
"""
ONE = """
SELECT module_id, locale, number, status, content_hash, published_at, module
FROM version WHERE key = $1 AND ($2::int IS NULL OR number = $2) ORDER BY status = 'published' DESC, number DESC LIMIT 1
"""
ITEM_FACT = TypeAdapter(ItemFact)
ITEM_FACTS = TypeAdapter(tuple[ItemFact, ...])
ITEM_REFS = TypeAdapter(tuple[ItemRef, ...])


@dataclass(frozen=True, slots=True)
class Known:
    """What a mentor was asked before, oldest first. `items`: at least of these questions, as they are published now."""

    showings: Sequence[Showing]
    items: Mapping[ItemKey, tuple[Edition, ...]]


@dataclass(frozen=True, slots=True)
class Listed:
    """A version as a list shows it."""

    module_id: str
    locale: str
    version: int
    status: str
    skill: str
    title: str
    minutes: int
    scope_level: int
    content_hash: str
    published_at: datetime
    review_due: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A version, whole."""

    module_id: str
    locale: str
    version: int
    status: str
    content_hash: str
    published_at: datetime
    module: Module


async def load_publications(conn: Connection, keys: Sequence[str]) -> dict[str, Publication]:
    rows = await conn.fetch(LOCK_PUBLICATIONS, keys)
    versions: dict[str, list[Version]] = {row["key"]: [] for row in rows}
    for row in await conn.fetch(VERSIONS, list(versions)) if rows else ():
        module = Module.model_validate_json(row["module"])
        versions[row["key"]].append(Version(row["number"], row["content_hash"], row["status"], module, row["correction"]))
    return {row["key"]: Publication(row["module_id"], row["locale"], tuple(versions[row["key"]])) for row in rows}


async def save_publications(conn: Connection, changed: Sequence[Publication], new: Sequence[Publication]) -> bool:
    """False when somebody else created one of `new` meanwhile."""
    inserted = "INSERT 0 0"
    if new:
        inserted = await conn.execute(NEW_PUBLICATIONS, *_columns([(p.key, p.module_id, p.locale) for p in new]))
    if inserted != f"INSERT 0 {len(new)}":
        return False
    rows = [_version_row(publication, version) for publication in (*changed, *new) for version in publication.versions]
    await conn.execute(SAVE_VERSIONS, *_columns(rows))
    return True


async def load_offers(conn: Connection, skills: Sequence[str]) -> Mapping[str, Sequence[Mapping[str, Offer]]]:
    """The modules of each skill: of each language the newest published version."""
    found: dict[str, dict[str, dict[str, Offer]]] = {}
    for row in await conn.fetch(OFFERS, skills):
        found.setdefault(row["skill"], {}).setdefault(row["module_id"], {})[row["locale"]] = _offer(row)
    return {skill: list(modules.values()) for skill, modules in found.items()}


async def load_items(conn: Connection, keys: Sequence[ItemKey]) -> Mapping[ItemKey, tuple[Edition, ...]]:
    """In each language, the newest published version that has the question."""
    found: dict[ItemKey, list[Edition]] = {}
    for row in await conn.fetch(ITEMS, *_columns(keys)):
        edition = Edition(row["module_id"], row["locale"], row["number"], ITEM_FACT.validate_json(row["fact"]))
        found.setdefault((row["module_id"], row["item_id"]), []).append(edition)
    return {key: tuple(editions) for key, editions in found.items()}


async def load_learners(conn: Connection, mentors: Sequence[UUID]) -> dict[UUID, Learner]:
    """With their past, but for the questions they were asked."""
    rows = await conn.fetch(LOCK_LEARNERS, mentors)
    found = await conn.fetch(PASTS, [row["mentor_id"] for row in rows]) if rows else ()  # only now that nobody else can add
    pasts = {row["mentor_id"]: Past(row["at"], row["skills"], row["modules"]) for row in found}
    return {row["mentor_id"]: _learner(row, pasts.get(row["mentor_id"], Past())) for row in rows}


async def load_chosen(conn: Connection, requests: Sequence[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], Choice]:
    """By mentor and request, as far as they were answered before."""
    return {
        (row["mentor_id"], row["request_id"]): Choice(row["request_id"], row["session_id"], row["at"], row["kind"])
        for row in await conn.fetch(SAME_REQUEST, *_columns(requests))
    }


async def load_known(conn: Connection, mentors: Sequence[UUID]) -> Mapping[UUID, Known]:
    """The questions that each was asked, and these as they are published now."""
    showings: dict[UUID, list[Showing]] = {}
    for row in await conn.fetch(SHOWINGS, mentors):
        recall_of = row["skill"] if row["kind"] == "recall" else None
        showings.setdefault(row["mentor_id"], []).append(Showing(row["at"], recall_of, _item_keys(row["items"])))
    keys = {key for each in showings.values() for showing in each for key in showing.items}
    items = await load_items(conn, list(keys)) if keys else {}
    return {mentor: Known(each, items) for mentor, each in showings.items()}


async def save_learners(conn: Connection, changed: Sequence[Learner], new: Sequence[Learner]) -> bool:
    """False when somebody else created one of `new` meanwhile."""
    inserted = "INSERT 0 0"
    if new:
        inserted = await conn.execute(NEW_LEARNERS, *_columns([(x.mentor_id, x.site_id) for x in new]))
    if inserted != f"INSERT 0 {len(new)}":
        return False
    if rows := [_choice_row(each, made) for each in (*changed, *new) for made in each.made]:
        await conn.execute(SAVE_CHOICES, *_columns(rows))
    return True


async def find_choice(conn: Connection, id: UUID) -> Choice | None:
    """By the training's or the session's id; the newest, with why."""
    row = await conn.fetchrow(CHOSEN, id)
    if row is None:
        return None
    return replace(_choice(row), why=Why.model_validate_json(row["why"]) if row["why"] else None)


async def load_named(conn: Connection, keys: Sequence[tuple[str, int]]) -> Versions:
    rows = await conn.fetch(NAMED, *_columns(keys)) if keys else ()
    return {(row["key"], row["number"]): Named(row["title"], tuple(row["variables"])) for row in rows}


async def list_modules(conn: Connection, withdrawn: bool = False) -> list[Listed]:
    return [Listed(**_versioned(row)) for row in await conn.fetch(LIST, withdrawn)]


async def find_module(conn: Connection, module_id: str, locale: str, version: int | None = None) -> Shown | None:
    """That version; without one the newest published, and if all are withdrawn the newest."""
    row = await conn.fetchrow(ONE, f"{module_id}/{locale}", version)
    if row is None:
        return None
    return Shown(**_versioned(row) | {"module": Module.model_validate_json(row["module"])})


def _versioned(row: Record) -> dict[str, Any]:
    values = dict(row)
    return values | {"version": values.pop("number")}


def _offer(row: Record) -> Offer:
    return Offer(
        module_id=row["module_id"],
        locale=row["locale"],
        version=row["number"],
        skill=row["skill"],
        scope_level=row["scope_level"],
        minutes=row["minutes"],
        variables=tuple(row["variables"]),
        items=ITEM_FACTS.validate_json(row["items"]),
    )


def _version_row(publication: Publication, version: Version) -> tuple[object, ...]:
    module = version.module
    items = [ItemFact(item.id, item.skill, item.kind, variables(item_words(item))) for item in module.items]
    return (
        publication.key,
        version.number,
        publication.module_id,
        publication.locale,
        version.status,
        version.content_hash,
        module.skill,
        module.scope_level,
        module.minutes,
        json.dumps(module.site_variables),
        ITEM_FACTS.dump_json(tuple(items)).decode(),
        module.model_dump_json(),
        version.correction,
    )


def _learner(row: Record, past: Past) -> Learner:
    return Learner(row["mentor_id"], row["site_id"], past)


def _choice(row: Record) -> Choice:
    module = ModuleRef(module_id=row["module_id"], version=row["version"]) if row["module_id"] else None
    items = ITEM_REFS.validate_json(row["items"])
    return Choice(row["request_id"], row["session_id"], row["at"], row["kind"], row["skill"], module, items)


@lru_cache(maxsize=4_000)
def _item_keys(items: str) -> tuple[ItemKey, ...]:
    """Many mentors were asked the questions of the same module."""
    return tuple((ref.module_id, ref.item_id) for ref in ITEM_REFS.validate_json(items))


def _choice_row(learner: Learner, made: Choice) -> tuple[object, ...]:
    module = (made.module.module_id, made.module.version) if made.module else (None, None)
    items = ITEM_REFS.dump_json(made.items).decode()
    owner = (learner.mentor_id, made.request_id, learner.site_id, made.session_id)
    why = made.why.model_dump_json(exclude_defaults=True) if made.why else None
    return (*owner, made.at, made.kind, made.skill, *module, items, why)


def _columns(rows: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return list(zip(*rows, strict=True))
