"""SQL of corrected questions: the newest correction of each, and which trainings asked it."""

import json
from collections.abc import Iterable, Sequence
from uuid import UUID

from asyncpg import Connection, Record

from services.assessment.training import Training
from shared.contracts.content import AssignedItem, ItemCorrected
from shared.messaging import Stretch

LOAD_CORRECTIONS = """
SELECT key, document FROM correction WHERE key = ANY($1::text[]) ORDER BY key COLLATE "C" FOR UPDATE
"""
FIND_CORRECTIONS = "SELECT key, document FROM correction WHERE key = ANY($1::text[])"
INSERT_CORRECTIONS = """
INSERT INTO correction (key, document) SELECT * FROM unnest($1::text[], $2::jsonb[]) ON CONFLICT DO NOTHING
"""
UPDATE_CORRECTIONS = """
UPDATE correction c SET document = u.document
FROM unnest($1::text[], $2::jsonb[]) AS u (key, document) WHERE c.key = u.key
"""
INSERT_ASKED = """
INSERT INTO asked (module_id, version, training_id, site_id)
SELECT * FROM unnest($1::text[], $2::int[], $3::uuid[], $4::text[]) ON CONFLICT DO NOTHING
"""
# Those that know of the correction already are left out, so that a sweep's last look finds only what was made meanwhile: a
# thousand rows are looked through at once, however few of them are found.
ASKED = """
WITH stretch AS MATERIALIZED (
  SELECT training_id FROM asked
  WHERE module_id = $1 AND version = $2 AND training_id > coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')
  ORDER BY training_id LIMIT 1000
), found AS (
  SELECT s.training_id FROM stretch s JOIN training t ON t.id = s.training_id
  WHERE (t.assigned -> 'items' @> $4::jsonb OR t.reading -> 'translations' @> $7::jsonb) AND NOT t.corrections @> $5::jsonb
  ORDER BY s.training_id LIMIT $6
)
SELECT ARRAY(SELECT training_id FROM found ORDER BY training_id) AS keys, (SELECT count(*) = 1000 FROM stretch) AS goes_on,
       (SELECT training_id FROM stretch ORDER BY training_id DESC LIMIT 1) AS until
"""


async def load_corrections(conn: Connection, keys: Sequence[str]) -> dict[str, ItemCorrected]:
    return _corrections(await conn.fetch(LOAD_CORRECTIONS, keys))


async def find_corrections(conn: Connection, keys: Sequence[str]) -> dict[str, ItemCorrected]:
    return _corrections(await conn.fetch(FIND_CORRECTIONS, keys))


async def save_corrections(conn: Connection, changed: Sequence[ItemCorrected], new: Sequence[ItemCorrected]) -> bool:
    """False when somebody else created one of `new` meanwhile."""
    if changed:
        await conn.execute(UPDATE_CORRECTIONS, *_rows(changed))
    inserted = await conn.execute(INSERT_CORRECTIONS, *_rows(new)) if new else "INSERT 0 0"
    return bool(inserted == f"INSERT 0 {len(new)}")


async def note_asked(conn: Connection, trainings: Iterable[Training]) -> None:
    """Which versions these trainings ask questions of; in order, so that two batches never wait for each other."""
    rows = sorted({(item.module_id, item.version, t.id, t.assigned.site_id) for t in trainings for item in _items(t)})
    if rows:
        await conn.execute(INSERT_ASKED, *zip(*rows, strict=True))


def _items(training: Training) -> Iterable[AssignedItem]:
    """As assigned, and in every translation."""
    yield from training.assigned.items
    for told in training.reading.translations:
        yield from (item for item in told.items if item)


async def asked(conn: Connection, cause: ItemCorrected, after: UUID | None, limit: int) -> list[UUID] | Stretch:
    """Trainings that asked the question and do not know of its correction, in any language: what is theirs, they decide."""
    item = {"module_id": cause.module_id, "version": cause.version, "item_id": cause.item_id}
    known = {name: getattr(cause, name) for name in ("module_id", "item_id", "locale", "corrected_version")}
    told = json.dumps([{"items": [item | {"locale": cause.locale}]}])
    row = await conn.fetchrow(ASKED, cause.module_id, cause.version, after, json.dumps([item]), json.dumps([known]), limit, told)
    assert row is not None  # it has no FROM
    keys: list[UUID] = row["keys"]
    return Stretch(keys, row["until"]) if row["goes_on"] and len(keys) < limit else keys


def _corrections(rows: Iterable[Record]) -> dict[str, ItemCorrected]:
    return {row["key"]: ItemCorrected.model_validate_json(row["document"]) for row in rows}


def _rows(corrections: Sequence[ItemCorrected]) -> tuple[list[str], list[str]]:
    return [one.key() for one in corrections], [one.model_dump_json() for one in corrections]
