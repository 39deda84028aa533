"""Entering and ending an absence, from the command line or the console: checked in words first, then submitted once."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.supervision import absences, store_absences
from services.supervision.messages import AbsenceEnded, AbsenceSet
from shared.running import Running

NOT_THEMSELVES = "Choose somebody else: nobody stands in for themselves"
BACKWARDS = "The last day cannot be before the first"
OVER = "These days are over. Choose days that are still to come"
NOT_OF_SITE = "Choose somebody who is a supervisor or site lead here"


class Wrong(Exception):
    """What is asked for cannot be: says why, and which field it is."""

    def __init__(self, words: str, field: str) -> None:
        super().__init__(words)
        self.words, self.field = words, field


@dataclass(frozen=True, slots=True)
class Asked:
    """Days are whole, on the calendar of who is away."""

    site_id: str
    person_id: UUID
    delegate_id: UUID
    first: date
    last: date
    by: UUID | None = None


async def enter(running: Running, asked: Asked, *, id: str = "", source: str = "jitt") -> None:
    """Raises Wrong. The same id again changes nothing."""
    async with running.connection() as conn:
        staff = {one["person_id"]: one for one in await store_absences.list_staff(conn, asked.site_id)}
        known = await store_absences.list_absences(conn, asked.site_id)
        now: datetime = await conn.fetchval("SELECT now()")
        request = id or str(uuid4())
        absence_id = absences.id_of(asked.person_id, request)
        if await store_absences.load_absences(conn, [absence_id]):
            return
    from_at, until_at = _checked(asked, staff, known, now)
    event = AbsenceSet(
        absence_id=absence_id,
        site_id=asked.site_id,
        person_id=asked.person_id,
        delegate_id=asked.delegate_id,
        from_at=from_at,
        until_at=until_at,
        by=asked.by,
    )
    await running.submit(event, id=request, source=source)


async def end(running: Running, absence_id: UUID, by: UUID | None = None, *, id: str = "", source: str = "jitt") -> bool:
    """False where it was over already."""
    outcome = await running.submit(AbsenceEnded(absence_id=absence_id, by=by), id=id or str(uuid4()), source=source)
    return outcome.kind in ("applied", "duplicate")


def _checked(asked: Asked, staff: dict[UUID, Any], known: list[dict[str, Any]], now: datetime) -> tuple[datetime, datetime]:
    if asked.person_id not in staff:
        raise Wrong(NOT_OF_SITE, "person")
    if asked.delegate_id not in staff:
        raise Wrong(NOT_OF_SITE, "delegate")
    if asked.delegate_id == asked.person_id:
        raise Wrong(NOT_THEMSELVES, "delegate")
    if asked.last < asked.first:
        raise Wrong(BACKWARDS, "last")
    from_at, until_at = absences.days(asked.first, asked.last, staff[asked.person_id]["time_zone"])
    if until_at <= now:
        raise Wrong(OVER, "last")
    then = [one for one in known if one["from_at"] < until_at and from_at < one["until_at"]]
    if any(one["person_id"] == asked.person_id for one in then):
        raise Wrong(f"{staff[asked.person_id]['name']} is away on some of these days already. End that absence first", "first")
    if any(one["person_id"] == asked.delegate_id for one in then):
        raise Wrong(f"{staff[asked.delegate_id]['name']} is away on some of these days, too. Choose somebody else", "delegate")
    return from_at, until_at
