"""The caseload, one mentor, and the contact log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.supervision.screens import said, today
from services.supervision.screens.axis import Kind
from services.supervision.screens.facts import Clearance, Contact, Meeting, Mentor, Staff
from shared.contracts.vocabulary import vocabulary
from shared.pages import times

MONTH = 31  # days
DONE = {"talked": "Talked", "not_needed": "Not needed", "snoozed": "Snoozed"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One mentor in the list; `held` comes with the word “Talk first”, `asked` with “Needs a new link”."""

    name: str
    href: str
    supervisor: str
    next: str
    last: str
    held: bool
    asked: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A line with its status: a clearance, a training, a contact."""

    words: str
    kind: Kind
    status: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    at: str
    iso: str
    words: str
    talked: bool
    name: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    first_name: str
    subtitle: str
    phone: str
    tel: str
    next_session: UUID | None
    trainings: tuple[Said, ...]
    no_trainings: str
    clearances: tuple[Said, ...]
    contacts: tuple[Logged, ...]


@dataclass(frozen=True, slots=True)
class Log:
    summary: str
    due: tuple[Said, ...]
    entries: tuple[Logged, ...]


def entry(
    mentor: Mentor,
    coming: Meeting | None,
    last: Contact | None,
    *,
    held: bool,
    asked: bool,
    viewer: Staff,
    now: datetime,
) -> Entry:
    zone = viewer.zone
    return Entry(
        name=mentor.name,
        href=f"/mentors/{mentor.id}",
        supervisor=(mentor.supervisor_name or "No supervisor yet") if viewer.leads else "",
        next=f"Next session {said.when(coming.starts_at, now, zone)}." if coming else "No session is planned.",
        last=_last(last, viewer, now),
        held=held,
        asked=asked,
    )


def _last(contact: Contact | None, viewer: Staff, now: datetime) -> str:
    if contact is None:
        return "No talk logged yet."
    who = "You" if contact.by == viewer.id else contact.by_name
    return f"{who} talked {said.on_day(contact.at, now, viewer.zone)}."


def page(
    mentor: Mentor,
    meetings: Sequence[Meeting],
    clearances: Sequence[Clearance],
    contacts: Sequence[Contact],
    *,
    viewer: Staff,
    now: datetime,
) -> Page:
    """`meetings` in time order, past and coming; `contacts` latest first."""
    coming = next_meeting(meetings, now)
    return Page(
        name=mentor.name,
        first_name=said.first_name(mentor.name),
        subtitle=said.clipped([_since(mentor.match_started_on), _next(coming, now, viewer.zone)]),
        phone=mentor.phone,
        tel=said.tel(mentor.phone),
        next_session=coming.id if coming else None,
        trainings=tuple(training(m, now, viewer.zone) for m in reversed(meetings) if m.training),
        no_trainings=_no_trainings(coming, now, viewer.zone),
        clearances=_clearances(clearances, now, viewer.zone),
        contacts=tuple(logged(one, now, viewer) for one in contacts),
    )


def asked(page: Page, at: datetime | None, now: datetime, zone: str) -> str:
    """That the mentor's link had expired and a new one was asked for; empty when none is waited for."""
    return f"{page.first_name} asked for a new link {said.when(at, now, zone)}." if at else ""


def next_meeting(meetings: Sequence[Meeting], now: datetime) -> Meeting | None:
    return next((m for m in meetings if m.starts_at > now and m.status == "planned"), None)


def _since(started: date | None) -> str:
    return f"With this match since {started.strftime('%B %Y')}." if started else ""


def _next(coming: Meeting | None, now: datetime, zone: str) -> str:
    return f"Next session {said.when(coming.starts_at, now, zone)}." if coming else "No session is planned."


def _no_trainings(coming: Meeting | None, now: datetime, zone: str) -> str:
    if coming is None:
        return "No trainings yet."
    return f"No trainings yet. The first is due before the session {said.when(coming.starts_at, now, zone)}."


def training(meeting: Meeting, now: datetime, zone: str) -> Said:
    found = today.status(meeting, now)
    misses = meeting.training.misses if meeting.training else ()
    words = today.missed(misses) if meeting.training and meeting.training.completed_at else ""
    href = f"/briefs/{meeting.training.id}" if meeting.training else None
    started = f"{said.sentence(said.when(meeting.starts_at, now, zone))}. {words}".strip()
    return Said(started, found.kind, found.word, href)


def _clearances(clearances: Sequence[Clearance], now: datetime, zone: str) -> tuple[Said, ...]:
    known = [clearance(one, now, zone) for one in clearances if one.function in vocabulary().functions]
    return tuple(sorted(known, key=lambda one: (one.kind != "hold", one.words)))


def clearance(one: Clearance, now: datetime, zone: str) -> Said:
    name = said.sentence(said.function(one.function))
    if one.state == "suspended":
        return Said(name, "hold", "On hold: talk first")
    if one.state == "revoked":
        return Said(name, "idle", "Not cleared")
    if one.until is None:
        return Said(name, "ready", "Cleared")
    day = said.day(one.until, now, zone)
    return Said(name, "idle", f"Ended {day}") if one.until <= now else Said(name, "ready", f"Until {day}")


def logged(contact: Contact, now: datetime, viewer: Staff, mentor: Mentor | None = None) -> Logged:
    zone = viewer.zone
    by = "" if contact.by == viewer.id else f" by {contact.by_name}"
    cleared = ", safety question talked through" if contact.cleared else ""
    words = f"{DONE[contact.outcome]}{by}{cleared}"
    if contact.undone_at:
        words = f"{words} (taken back)"
    return Logged(
        at=times.clock(contact.at, zone) if said.day(contact.at, now, zone) == "today" else _short_day(contact.at, zone),
        iso=times.iso(contact.at, zone),
        words=words,
        talked=contact.outcome == "talked" and contact.undone_at is None,
        name=mentor.name if mentor else "",
        href=f"/mentors/{mentor.id}" if mentor else "",
    )


def _short_day(at: datetime, zone: str) -> str:
    """Oct 24"""
    return at.astimezone(times.known(zone)).strftime("%b ") + str(at.astimezone(times.known(zone)).day)


def log(
    contacts: Sequence[tuple[Contact, Mentor]],
    caseload: Sequence[Mentor],
    talks: Mapping[UUID, Contact],
    viewer: Staff,
    now: datetime,
) -> Log:
    """`contacts`: this month's, latest first; `talks`: the last talk with each mentor."""
    talked = {mentor.id for contact, mentor in contacts if contact.outcome == "talked" and not contact.undone_at}
    whole = f"{len(caseload)} {'mentor' if len(caseload) == 1 else 'mentors'}"
    due = (_due(mentor, talks.get(mentor.id), viewer, now) for mentor in caseload)
    return Log(
        summary=f"{len(talked)} of {whole} talked with this month.",
        due=tuple(one for one in due if one),
        entries=tuple(logged(contact, now, viewer, mentor) for contact, mentor in contacts),
    )


def _due(mentor: Mentor, last: Contact | None, viewer: Staff, now: datetime) -> Said | None:
    """At least one talk a month (docs/evidence.md L11); a new match has its first month."""
    if last:
        days = (now - last.at).days
        words = f"No talk logged for {days} days."
    else:
        started = mentor.match_started_on
        days = (now.astimezone(times.known(viewer.zone)).date() - started).days if started else MONTH
        words = "No talk logged yet."
    return Said(mentor.name, "talk", words, f"/mentors/{mentor.id}") if days >= MONTH else None
