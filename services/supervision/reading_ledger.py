"""What the ledger's pages read: as much of a mentor's case as says where they are with each function, and its history."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Connection, Record
from pydantic import TypeAdapter

from services.supervision import store_ledger
from services.supervision.domain import History, MentorCase
from services.supervision.ledger import Evidence
from services.supervision.screens.facts import Entry, Mentor
from shared.contracts.vocabulary import vocabulary

# Of a case what the ledger goes by; the rest is long. The caller has seen to it that the mentors are in the reader's caseload.
CASES = """
SELECT mentor_id, site_id, enrolled, supervisor_id, time_zone, granted,
       history - '{sessions,trainings,calls,handled,corrections,check_ins}'::text[] AS history
FROM mentor_case WHERE mentor_id = ANY($1::uuid[])
"""
ENTRIES = """
SELECT e.state, e.until, e.why, e.evidence, e.by_person, p.name AS by_name, e.at
FROM clearance_entry e LEFT JOIN person p ON p.person_id = e.by_person
WHERE e.mentor_id = $1 AND e.function = $2 ORDER BY e.id DESC LIMIT 60
"""
HISTORY = TypeAdapter(History)
GRANTED = TypeAdapter(dict[str, datetime | None])
Counted = dict[tuple[UUID, str], Evidence]


async def list_cases(conn: Connection, mentors: Sequence[Mentor]) -> dict[UUID, MentorCase]:
    return {row["mentor_id"]: _case(row) for row in await conn.fetch(CASES, [mentor.id for mentor in mentors])}


async def list_counted(conn: Connection, cases: Sequence[MentorCase]) -> Counted:
    """What renewals count, for the functions that these mentors have."""
    asked = [
        (case.mentor_id, name)
        for case in cases
        for name in case.granted
        if (known := vocabulary().functions.get(name)) and (known.renew.contacts or known.renew.check_ins)
    ]
    return dict(await store_ledger.load_evidence(conn, asked))


async def list_entries(conn: Connection, mentor_id: UUID, function: str) -> list[Entry]:
    """Newest first."""
    rows = await conn.fetch(ENTRIES, mentor_id, function)
    return [Entry(r["state"], r["until"], r["why"], r["evidence"], r["by_person"], r["by_name"] or "", r["at"]) for r in rows]


def _case(row: Record) -> MentorCase:
    values = dict(row)
    values["granted"] = GRANTED.validate_json(values["granted"])
    values["history"] = HISTORY.validate_json(values["history"])
    return MentorCase(**values)
