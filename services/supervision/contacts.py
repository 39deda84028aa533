"""A logged talk, and its undo: what one tap closes, clears or puts off in a mentor's case. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.supervision import alerts, cases, regrades
from services.supervision.alerts import Told
from services.supervision.domain import UNDO, Alert, Contact, MentorCase, suspended_by
from services.supervision.messages import ContactMade, ContactUndone
from services.supervision.rules import BY_NAME, SAFETY_RULES
from shared.contracts.event import Event, Refused
from shared.contracts.supervision import ContactLogged


def made(case: MentorCase | None, event: ContactMade, now: datetime, _: cases.Facts) -> cases.Decided:
    """One tap. A hold needs a talk: it cannot be waved away, only talked through or put off."""
    if case is None:
        return Refused("unknown_mentor")
    if event.outcome == "not_needed" and case.open_holds:
        return Refused("a_hold_needs_a_talk")
    if event.clear and event.outcome != "talked":
        return Refused("clearing_needs_a_talk")
    if event.talked_at and event.talked_at > now:
        return Refused("in_the_future")
    until = now + timedelta(minutes=event.snooze_minutes) if event.outcome == "snoozed" else None
    new = _cleared(case, event, now) if event.clear else case
    gone = [hold for hold in new.history.holds if hold.contact_id == event.request_id]
    functions = sorted({name for hold in gone for name in suspended_by(hold.skill, case.granted)})
    contact = Contact(
        contact_id=event.request_id,
        session_id=event.session_id,
        by=event.by,
        outcome=event.outcome,
        at=now,
        seen_at=min(filter(None, (event.seen_at, event.talked_at)), default=None),
        talked_at=event.talked_at,
        how=event.how,
        cleared=tuple(functions),
        snoozed_until=until,
    )
    recent = tuple(c for c in case.history.contacts if now - c.at < 2 * UNDO and c.contact_id != contact.contact_id)
    new = cases.remembering(new, contacts=(*recent, contact))
    new, events = _snoozed(new, contact, now) if until else _talked(new, contact, now)
    return cases.settled(case, new, now, [*events, _logged(case, contact, event.outcome, now)], contact.contact_id)


def _cleared(case: MentorCase, event: ContactMade, now: datetime) -> MentorCase:
    """Lifts the holds that the page showed: one made while they talked stays."""
    seen_at = min(event.seen_at or now, event.talked_at or now)
    holds = tuple(
        replace(hold, cleared_at=now, cleared_by=event.by, contact_id=event.request_id)
        if hold.over_at is None and hold.held_at <= seen_at
        else hold
        for hold in case.history.holds
    )
    return cases.remembering(case, holds=holds)


def _talked(case: MentorCase, contact: Contact, now: datetime) -> Told:
    events: list[Event] = []
    how = "talked" if contact.outcome == "talked" else "not_needed"
    for alert in case.alerts:
        if alert.live and _answered_by(case, alert, contact):
            case, told = alerts.resolved(case, alert, now, how=how, by=contact.by, contact_id=contact.contact_id)
            events += told
    return case, events


def _answered_by(case: MentorCase, alert: Alert, contact: Contact) -> bool:
    """A talk closes what it can have been about.

    Alerts of that session and of those with the same training, calls, and safety alerts without a hold left.
    """
    if not BY_NAME[alert.rule].talk or _unseen(case, alert, contact.seen_at):
        return False
    if alert.rule in SAFETY_RULES and {str(hold.hold_id) for hold in case.open_holds}.isdisjoint(alert.evidence):
        return True
    return contact.session_id is None or alert.session_id is None or contact.session_id in case.prepared_with(alert.session_id)


def _unseen(case: MentorCase, alert: Alert, seen_at: datetime | None) -> bool:
    """What came up after the page was drawn cannot have been talked over."""
    if seen_at is None:
        return False
    later = any(hold.held_at > seen_at and str(hold.hold_id) in alert.evidence for hold in case.open_holds)
    return later or alert.raised_at > seen_at


def _snoozed(case: MentorCase, contact: Contact, now: datetime) -> Told:
    assert contact.snoozed_until
    events: list[Event] = []
    for alert in case.alerts:
        if alert.live and _answered_by(case, alert, contact):
            case, told = alerts.snoozed(case, alert, contact.snoozed_until, now, contact.by)
            events += told
    return case, events


def undone(case: MentorCase | None, event: ContactUndone, now: datetime, _: cases.Facts) -> cases.Decided:
    """Within ten minutes: holds and alerts are as they were before."""
    contact = next((c for c in case.history.contacts if c.contact_id == event.contact_id), None) if case else None
    if case is None or contact is None:
        return Refused("unknown_contact")
    if contact.undone_at:
        return Refused("already_undone")
    if now - contact.at > UNDO:
        return Refused("too_late_to_undo")
    contacts = tuple(replace(c, undone_at=now) if c is contact else c for c in case.history.contacts)
    holds = tuple(
        replace(h, cleared_at=None, cleared_by=None, contact_id=None) if h.contact_id == contact.contact_id else h
        for h in case.history.holds
    )
    new, events = _as_before(cases.remembering(case, contacts=contacts, holds=holds), contact, now)
    return cases.settled(case, new, now, [*events, _logged(case, contact, "undone", now)], contact.contact_id)


def _as_before(case: MentorCase, contact: Contact, now: datetime) -> Told:
    events: list[Event] = []
    for alert in case.alerts:
        if alert.contact_id == contact.contact_id and regrades.stands(case, alert):
            case, told = alerts.reopened(case, alert, now)
            events += told
        elif alert.live and contact.snoozed_until and alert.snoozed_until == contact.snoozed_until:
            back = replace(alert, snoozed_until=None, escalate_at=alerts.waits_for(alert, now) if alert.escalate_at else None)
            case = alerts.put(case, back, "returned", now)
    return case, events


def _logged(case: MentorCase, contact: Contact, outcome: Any, now: datetime) -> ContactLogged:
    return ContactLogged(
        mentor_id=case.mentor_id,
        site_id=case.site_id,
        supervisor_id=contact.by,
        session_id=contact.session_id,
        outcome=outcome,
        how=contact.how,
        at=now if outcome == "undone" else contact.talked_at or now,
    )
