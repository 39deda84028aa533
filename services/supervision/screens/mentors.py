"""The caseload, and one mentor."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.supervision.ledger import Standing
from services.supervision.screens import ledger, matches, said, today
from services.supervision.screens.axis import Kind
from services.supervision.screens.facts import Contact, Meeting, Mentor, Sessions, Staff
from shared.pages import times

HOW = {"call": "by phone", "in_person": "in person", "message": "by message"}
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
    """A line with its status: a training."""

    words: str
    kind: Kind
    status: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Cleared:
    """One function, where it leads, and how far it is."""

    words: str
    kind: Kind
    status: str
    href: str
    note: str


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
    contacts: tuple[Logged, ...]


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
        subtitle=said.clipped([matches.words(mentor.matches, now, viewer.zone), _next(coming, now, viewer.zone)]),
        phone=mentor.phone,
        tel=said.tel(mentor.phone),
        next_session=coming.id if coming else None,
        trainings=tuple(training(m, now, viewer.zone) for m in reversed(meetings) if m.training),
        no_trainings=_no_trainings(coming, now, viewer.zone),
        contacts=tuple(logged(one, now, viewer) for one in contacts),
    )


def asked(page: Page, at: datetime | None, now: datetime, zone: str) -> str:
    """That the mentor's link had expired and a new one was asked for; empty when none is waited for."""
    return f"{page.first_name} asked for a new link {said.when(at, now, zone)}." if at else ""


def next_meeting(meetings: Sequence[Meeting], now: datetime) -> Meeting | None:
    return next((m for m in meetings if m.starts_at > now and m.status == "planned"), None)


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


def cleared(standings: Iterable[Standing], mentor_id: UUID, now: datetime, zone: str) -> tuple[Cleared, ...]:
    """What asks for something first, then what they are cleared for; of the rest only where a training is done."""
    shown = [one for one in standings if one.state != "not_yet" or one.needs_sign_off or ledger.progress(one)]
    order = ("hold", "talk", "ready", "idle")
    found = [
        Cleared(said.sentence(said.function(one.function)), *ledger.status(one, now, zone), ledger.href(mentor_id, one.function),
                ledger.progress(one) or ("Training done." if one.needs_sign_off and one.state == "not_yet" else ""))
        for one in shown
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (order.index(one.kind), one.words)))


def match(mentor: Mentor, took: Sessions, now: datetime, zone: str) -> tuple[str, ...]:
    """How long, and which sessions took place, in words; empty where no match is known."""
    if mentor.match_started_on is None:
        return ()
    today = now.astimezone(times.known(zone)).date()
    started = mentor.match_started_on
    months = (today.year - started.year) * 12 + today.month - started.month - (today.day < started.day)
    length = said.counted(months, "month", "months") if months > 0 else "the first month"
    since = f"{said.sentence(length)}, since {started:%B} {started.day}, {started.year}."
    counts = [(took.held, "session took place", "sessions took place"), (took.canceled, "was canceled", "were canceled"),
              (took.missed, "did not take place", "did not take place")]  # fmt: skip
    said_of = [said.counted(count, one, many) for count, one, many in counts if count]
    if not said_of:
        return since, "No session yet."
    return since, f"{said.sentence(said.listed(said_of))}."


def logged(contact: Contact, now: datetime, viewer: Staff, mentor: Mentor | None = None) -> Logged:
    zone = viewer.zone
    by = "" if contact.by == viewer.id else f" by {contact.by_name}"
    cleared = ", safety question talked through" if contact.cleared else ""
    how = f", {HOW[contact.how]}" if contact.how in HOW else ""
    words = f"{DONE[contact.outcome]}{by}{how}{cleared}"
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
