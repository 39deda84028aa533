"""What the console reads of a training: its answers as they count now, and its questions in the version in which they are right.

The rows of its session come from `reading`, which has seen to the caller's caseload.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from uuid import UUID

from asyncpg import Connection, Record
from pydantic import TypeAdapter

from services.supervision.screens.facts import Answer, ItemKey, Training
from shared.contracts.assessment import OpenAnswer
from shared.contracts.content import AssignedItem, Item
from shared.contracts.supervision import SiteDescribed
from shared.pages.site_words import fill

ANSWERS = """
SELECT training_id, module_id, version, item_id, attempt, chosen, shown, correct, confidence, safety_critical, skill, answered_at,
       correct_before, corrected_at, reason
FROM answer WHERE training_id = ANY($1::uuid[]) ORDER BY answered_at, attempt
"""
ITEMS = """
SELECT m.module_id, m.version, m.locale, m.module->'prompts' AS prompts, m.module->'items' AS items
FROM module m WHERE m.key = ANY($1::text[])
"""
CORRECTED = """
SELECT c.document ->> 'module_id' AS module_id, (c.document ->> 'version')::int AS version, c.document ->> 'locale' AS locale,
       i.item
FROM correction c
JOIN module m ON m.key = format('%s/%s@%s', c.document ->> 'module_id', c.document ->> 'locale',
                                c.document ->> 'corrected_version')
CROSS JOIN LATERAL jsonb_array_elements(m.module -> 'items') AS i (item)
WHERE c.key = ANY($1::text[]) AND i.item ->> 'id' = c.document ->> 'item_id'
"""
ITEM = TypeAdapter(Item)
ITEM_LIST = TypeAdapter(tuple[Item, ...])
ASSIGNED = TypeAdapter(tuple[AssignedItem, ...])
OPEN_ANSWERS = TypeAdapter(tuple[OpenAnswer, ...])
TEXTS = TypeAdapter(tuple[str, ...])
ModuleKey = tuple[str, int, str]  # module, version, locale
Modules = Mapping[ModuleKey, tuple[tuple[Item, ...], tuple[str, ...]]]


def training(row: Record, answers: tuple[Answer, ...], modules: Modules) -> Training:
    assigned = _assigned(row)
    items: tuple[ItemKey, ...] = tuple((item.module_id, item.version, item.item_id) for item in assigned)
    _, prompts = _of(modules, row["module_id"], row["module_version"], row["locale"])
    return Training(
        id=row["training_id"], session_id=row["session_id"], quiz_by=row["quiz_by"] or row["starts_at"], items=items,
        opened_at=row["opened_at"], completed_at=row["completed_at"], late=row["late"],
        open_answers=tuple((one.item_id, one.state) for one in OPEN_ANSWERS.validate_json(row["open_answers"])),
        answers=_as_assigned(answers, items), texts=_texts(assigned, row["locale"], modules), prompts=prompts,
    )  # fmt: skip


async def load_answers(conn: Connection, trainings: Sequence[UUID]) -> dict[UUID, tuple[Answer, ...]]:
    rows = await conn.fetch(ANSWERS, trainings)
    return {id: tuple(map(_answer, group)) for id, group in grouped(rows, "training_id").items()}


async def load_modules(conn: Connection, rows: Sequence[Record], site: SiteDescribed | None) -> Modules:
    """The items and prompts of every module version that these trainings name, in their language and in English, with the
    site's own numbers in them."""
    keys = {key for row in rows if row["training_id"] for item in _assigned(row) for key in _keys(item, row["locale"])}
    modules = {
        (m["module_id"], m["version"], m["locale"]): (ITEM_LIST.validate_json(m["items"]), TEXTS.validate_json(m["prompts"]))
        for m in await conn.fetch(ITEMS, sorted(keys))
    }
    right = await _corrected(conn, modules)
    say = partial(fill, site=site)
    return {
        key: (tuple(_said(right.get((key, item.id), item), say) for item in items), tuple(map(say, prompts)))
        for key, (items, prompts) in modules.items()
    }


def _said(item: Item, say: Callable[[str], str]) -> Item:
    options = tuple(one.model_copy(update={"text": say(one.text), "why": say(one.why)}) for one in item.options)
    words = {name: say(getattr(item, name)) for name in ("topic", "stem", "question")}
    return item.model_copy(update={**words, "options": options})


async def _corrected(conn: Connection, modules: Modules) -> dict[tuple[ModuleKey, str], Item]:
    """By version and question, as it is right; without those whose corrected version has not arrived."""
    keys = [f"{module}/{locale}@{n}/{item.id}" for (module, n, locale), (items, _) in modules.items() for item in items]
    rows = await conn.fetch(CORRECTED, keys) if keys else ()
    found = [((row["module_id"], row["version"], row["locale"]), ITEM.validate_json(row["item"])) for row in rows]
    return {(key, item.id): item for key, item in found}


def grouped(rows: Iterable[Record], column: str) -> dict[UUID, list[Record]]:
    groups: dict[UUID, list[Record]] = defaultdict(list)
    for key, group in groupby(rows, lambda row: row[column]):
        groups[key] += group
    return groups


def _as_assigned(answers: Iterable[Answer], items: Iterable[ItemKey]) -> tuple[Answer, ...]:
    """What was answered in a corrected version is an answer to the question that was assigned."""
    versions = {(module, item): version for module, version, item in items}
    return tuple(replace(one, version=versions.get((one.module_id, one.item_id), one.version)) for one in answers)


def _keys(item: AssignedItem, locale: str | None) -> set[str]:
    languages = (item.locale,) if item.locale else (locale or "en", "en")  # one that does not say: the training's, or English
    return {f"{item.module_id}/{language}@{item.version}" for language in languages}


def _assigned(row: Record) -> tuple[AssignedItem, ...]:
    return ASSIGNED.validate_json(row["items"]) if row["items"] else ()


def _texts(assigned: Iterable[AssignedItem], locale: str | None, modules: Modules) -> dict[ItemKey, Item]:
    return {
        (one.module_id, one.version, one.item_id): item
        for one in assigned
        for item in _of(modules, one.module_id, one.version, one.locale or locale)[0]
        if item.id == one.item_id
    }


def _of(modules: Modules, module: str, version: int, locale: str | None) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    return modules.get((module, version, locale or "en")) or modules.get((module, version, "en")) or ((), ())


def _answer(row: Record) -> Answer:
    return Answer(
        row["module_id"], row["version"], row["item_id"], row["attempt"], tuple(row["chosen"]), row["shown"], row["correct"],
        row["confidence"], row["safety_critical"], row["skill"], row["answered_at"], row["correct_before"], row["corrected_at"],
        row["reason"],
    )  # fmt: skip
