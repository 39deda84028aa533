"""The task-shifting ledger: what a mentor is cleared for, each change with its evidence, and the roster that says so. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.supervision.domain import Entry, Hold, MentorCase
from shared.contracts.event import Event
from shared.contracts.supervision import Clearance, ClearanceChanged, MentorEnrolled
from shared.contracts.vocabulary import vocabulary

Published = tuple[MentorCase, list[Event]]


def published(before: MentorCase | None, after: MentorCase, now: datetime, contact_id: UUID | None = None) -> Published:
    """Where roster or clearances changed: a new revision, a ledger line for each change, and the events that say so."""
    if not after.enrolled:
        return after, []
    if before and before.enrolled and roster(before) == roster(after):
        return after, []
    after = replace(after, revision=after.revision + 1)
    entries = _changed(before, after, now, contact_id)
    after = replace(after, entries=(*after.entries, *entries))
    return after, [roster(after).model_copy(update={"revision": after.revision}), *(_said(after, entry) for entry in entries)]


def clearances(case: MentorCase | None) -> dict[str, Clearance]:
    if case is None or not case.enrolled:
        return {}
    return {
        function: Clearance(function=function, state=_state(case, function), until=until)
        for function, until in sorted(case.granted.items())
    }


def _state(case: MentorCase, function: str) -> Literal["cleared", "suspended", "revoked"]:
    if function in case.history.revoked:
        return "revoked"
    return "suspended" if case.holding(function) else "cleared"


def roster(case: MentorCase) -> MentorEnrolled:
    """What everybody else may know of a mentor: no name, no contact. Its revision is the case's, set when published."""
    return MentorEnrolled(
        mentor_id=case.mentor_id,
        site_id=case.site_id,
        supervisor_id=case.supervisor_id,
        time_zone=case.time_zone,
        locale=case.locale,
        address_hash=case.address_hash,
        clearances=tuple(clearances(case).values()),
        matches=case.matches,
        link_epoch=case.link_epoch,
        status=case.status,
        revision=1,
    )


def _changed(before: MentorCase | None, after: MentorCase, now: datetime, contact_id: UUID | None) -> list[Entry]:
    old, new = clearances(before), clearances(after)
    changed = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    return [_entry(before, after, name, now, contact_id) for name in changed]


def _entry(before: MentorCase | None, after: MentorCase, function: str, now: datetime, contact_id: UUID | None) -> Entry:
    """A line of the ledger. A clearance that is gone stands there as revoked."""
    new = clearances(after).get(function)
    contact = next((c for c in after.history.contacts if c.contact_id == contact_id), None)
    mark = next((m for m in after.history.marks if m.function == function and now in (m.at, m.undone_at)), None)
    why: str
    by: UUID | None = None
    if mark:
        why, evidence, by = "undone" if mark.undone_at else mark.act, mark.evidence, mark.by
    elif contact and _same_end(before, after, function):
        why, evidence, by = "undone" if contact.undone_at else "talked_through", str(contact.contact_id), contact.by
    else:
        why, evidence = _by_itself(before, after, function, now)
    state, until = (new.state, new.until) if new else ("revoked", None)
    return Entry(function, state, until, why, evidence, by, now, after.revision)


def _same_end(before: MentorCase | None, after: MentorCase, function: str) -> bool:
    return before is not None and function in before.granted and before.granted[function] == after.granted.get(function)


def _by_itself(before: MentorCase | None, after: MentorCase, function: str, now: datetime) -> tuple[str, str]:
    """Why nobody had to do anything, and on what evidence."""
    if function not in after.granted:
        return "match_ended", ""
    if after.holding(function):
        return "safety_miss", _items(after.holding(function))
    if before and _same_end(before, after, function):
        return "answer_corrected", _items(hold for hold in after.history.holds if hold.corrected_at == now)
    listed = before.history.listed if before and before.enrolled else {}
    if function in after.history.listed and (function not in listed or listed[function] != after.history.listed[function]):
        return "granted", "people_file"
    return "trained", ",".join(vocabulary().functions[function].skills)


def _items(holds: Iterable[Hold]) -> str:
    return ",".join(f"{hold.module_id}/{hold.item_id}" for hold in holds)


def _said(case: MentorCase, entry: Entry) -> ClearanceChanged:
    return ClearanceChanged(
        mentor_id=case.mentor_id,
        site_id=case.site_id,
        function=entry.function,
        state=entry.state,
        why=entry.why,
        at=entry.at,
        until=entry.until,
        by=entry.by,
    )
