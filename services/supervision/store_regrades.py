"""SQL of corrected questions: the newest correction of each, answers that count differently, and who had talked by then."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Connection

from shared.contracts.assessment import AnswerRegraded
from shared.contracts.content import ItemCorrected

LOAD_CORRECTIONS = """
SELECT key, document FROM correction WHERE key = ANY($1::text[]) ORDER BY key COLLATE "C" FOR UPDATE
"""
INSERT_CORRECTIONS = """
INSERT INTO correction (key, document) SELECT * FROM unnest($1::text[], $2::jsonb[]) ON CONFLICT DO NOTHING
"""
UPDATE_CORRECTIONS = """
UPDATE correction c SET document = u.document
FROM unnest($1::text[], $2::jsonb[]) AS u (key, document) WHERE c.key = u.key
"""
# What it was when it was answered stays, however often a question is corrected.
REGRADE = """
UPDATE answer SET correct = $5, mistakes = $6, correct_before = coalesce(correct_before, correct), corrected_at = $7, reason = $8
WHERE training_id = $1 AND module_id = $2 AND item_id = $3 AND attempt = $4
"""
TALKED = """
SELECT k.mentor_id, k.session_id, max(k.at) AS at
FROM contact k JOIN unnest($1::uuid[], $2::uuid[]) AS u (mentor_id, session_id) USING (mentor_id, session_id)
WHERE k.outcome IN ('talked', 'not_needed') AND k.undone_at IS NULL GROUP BY k.mentor_id, k.session_id
"""
About = tuple[UUID, UUID]  # mentor, session


async def load_corrections(conn: Connection, keys: Sequence[str]) -> dict[str, ItemCorrected]:
    rows = await conn.fetch(LOAD_CORRECTIONS, keys)
    return {row["key"]: ItemCorrected.model_validate_json(row["document"]) for row in rows}


async def save_corrections(conn: Connection, changed: Sequence[ItemCorrected], new: Sequence[ItemCorrected]) -> bool:
    """False when somebody else created one of `new` meanwhile."""
    if changed:
        await conn.execute(UPDATE_CORRECTIONS, *_rows(changed))
    inserted = await conn.execute(INSERT_CORRECTIONS, *_rows(new)) if new else "INSERT 0 0"
    return bool(inserted == f"INSERT 0 {len(new)}")


async def regrade_answers(conn: Connection, regrades: Iterable[AnswerRegraded]) -> None:
    if rows := [_regrade(one) for one in regrades]:
        await conn.executemany(REGRADE, rows)


async def load_talked(conn: Connection, about: Sequence[About]) -> Mapping[About, datetime]:
    """When somebody last logged a contact with a mentor about a session."""
    rows = await conn.fetch(TALKED, *zip(*about, strict=True))
    return {(row["mentor_id"], row["session_id"]): row["at"] for row in rows}


def _regrade(one: AnswerRegraded) -> tuple[Any, ...]:
    answer = (one.training_id, one.module_id, one.item_id, one.attempt)
    return *answer, one.correct, one.mistakes, one.corrected_at, one.reason


def _rows(corrections: Sequence[ItemCorrected]) -> tuple[list[str], list[str]]:
    return [one.key() for one in corrections], [one.model_dump_json() for one in corrections]
