"""The SQL of what mentors report about questions: one row a question of a training."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Connection, Record

from services.assessment.reports import Report

LOAD = """
SELECT training_id, number, site_id, mentor_id, module_id, locale, version, item_id, kind
FROM report WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""
INSERT = """
INSERT INTO report (id, training_id, number, site_id, mentor_id, module_id, locale, version, item_id, kind)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::int[], $9::text[],
                     $10::text[]) ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE report r SET (module_id, locale, version, kind) = (u.module_id, u.locale, u.version, u.kind)
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[]) AS u (id, module_id, locale, version, kind)
WHERE r.id = u.id
"""


async def load_reports(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, Report]:
    rows = await conn.fetch(LOAD, keys)
    return {report.id: report for report in map(_report, rows)}


async def save_reports(conn: Connection, changed: Sequence[Report], new: Sequence[Report]) -> bool:
    """False when somebody else created one of `new` meanwhile."""
    if changed:
        rows = [(r.id, r.module_id, r.locale, r.version, r.kind) for r in changed]
        await conn.execute(UPDATE, *zip(*rows, strict=True))
    if not new:
        return True
    inserted: str = await conn.execute(INSERT, *zip(*map(_row, new), strict=True))
    return inserted == f"INSERT 0 {len(new)}"


def _report(row: Record) -> Report:
    return Report(**dict(row))


def _row(r: Report) -> tuple[object, ...]:
    what = (r.module_id, r.locale, r.version, r.item_id, r.kind)
    return (r.id, r.training_id, r.number, r.site_id, r.mentor_id, *what)
