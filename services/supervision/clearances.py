"""The task-shifting ledger: what a mentor is cleared for, each change with its evidence, and the roster that says so. Pure."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.supervision.domain import Entry, MentorCase
from shared.contracts.event import Event
from shared.contracts.supervision import Clearance, ClearanceChanged, MentorEnrolled

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
        function: Clearance(function=function, state="suspended" if case.holding(function) else "cleared", until=until)
        for function, until in sorted(case.granted.items())
    }


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
    old, entries = clearances(before), []
    for function, new in clearances(after).items():
        if new != old.get(function):
            entries.append(_entry(after, old.get(function), new, now, contact_id))
    return entries


def _entry(case: MentorCase, old: Clearance | None, new: Clearance, now: datetime, contact_id: UUID | None) -> Entry:
    contact = next((c for c in case.history.contacts if c.contact_id == contact_id), None)
    by = contact.by if contact else None
    if new.state == "suspended" and not contact:
        why, evidence = "safety_miss", ",".join(f"{h.module_id}/{h.item_id}" for h in case.holding(new.function))
    elif old and old.state == "suspended" and not contact:
        lifted = [hold for hold in case.history.holds if hold.corrected_at == now]
        why, evidence = "answer_corrected", ",".join(f"{h.module_id}/{h.item_id}" for h in lifted)
    elif contact:
        why, evidence = "undone" if contact.undone_at else "talked_through", str(contact.contact_id)
    else:
        why, evidence = "granted", "people_file"
    return Entry(new.function, new.state, new.until, why, evidence, by, now, case.revision)


def _said(case: MentorCase, entry: Entry) -> ClearanceChanged:
    return ClearanceChanged(
        mentor_id=case.mentor_id, site_id=case.site_id, function=entry.function, state=entry.state, why=entry.why, at=entry.at
    )
