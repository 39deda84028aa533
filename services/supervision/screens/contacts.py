"""The contact log: with whom a talk is due, what was logged this month, and the form for a talk that took place earlier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.supervision.reading_contacts import Month
from services.supervision.screens import said
from services.supervision.screens.axis import Kind
from services.supervision.screens.facts import Contact, Mentor, Staff
from services.supervision.screens.mentors import Logged, logged
from shared.pages import times

SOON = timedelta(days=7)
HOW = {"call": "Call", "in_person": "In person", "message": "Message"}


@dataclass(frozen=True, slots=True)
class Due:
    """A mentor with whom a talk is due, or soon will be."""

    name: str
    href: str
    last: str
    kind: Kind
    status: str
    log: str


@dataclass(frozen=True, slots=True)
class Log:
    summary: str
    per_match: str
    due: tuple[Due, ...]
    soon: tuple[Due, ...]
    entries: tuple[Logged, ...]


def log(
    contacts: Sequence[tuple[Contact, Mentor]],
    caseload: Sequence[Mentor],
    talks: Mapping[UUID, Contact],
    due: Mapping[UUID, datetime],
    *,
    months: Sequence[Month],
    viewer: Staff,
    now: datetime,
) -> Log:
    """`contacts`: this month's, latest first; `talks`: the last talk with each mentor; `months`: for a site lead."""
    talked = {mentor.id for contact, mentor in contacts if contact.outcome == "talked" and not contact.undone_at}
    whole = f"{len(caseload)} {'mentor' if len(caseload) == 1 else 'mentors'}"
    by_date = sorted((m for m in caseload if m.id in due), key=lambda m: (due[m.id], m.name))
    return Log(
        summary=f"{len(talked)} of {whole} talked with this month.",
        per_match=per_match(months),
        due=tuple(_due(m, due[m.id], talks.get(m.id), viewer, now) for m in by_date if due[m.id] <= now),
        soon=tuple(_due(m, due[m.id], talks.get(m.id), viewer, now) for m in by_date if now < due[m.id] <= now + SOON),
        entries=tuple(logged(contact, now, viewer, mentor) for contact, mentor in contacts),
    )


def _due(mentor: Mentor, due: datetime, last: Contact | None, viewer: Staff, now: datetime) -> Due:
    kind, status = due_words(due, now, viewer.zone)
    who = "" if last is None else "You" if last.by == viewer.id else last.by_name
    words = f"{who} talked {said.on_day(last.at, now, viewer.zone)}." if last else "No talk logged yet."
    return Due(mentor.name, f"/mentors/{mentor.id}", words, kind, status, f"/contacts/new?mentor_id={mentor.id}")


def due_words(due: datetime, now: datetime, zone: str) -> tuple[Kind, str]:
    """Also for the mentor's page."""
    if due <= now:
        return "talk", f"Due since {said.day(due, now, zone)}"
    return "idle", f"Due by {said.day(due, now, zone)}"


def per_match(months: Sequence[Month]) -> str:
    """Talks for each match, this month and before; empty where there was no match."""
    known = [(month, figure) for month in months if (figure := month.per_match) is not None]
    if not known:
        return ""
    *before, (_, this) = known
    past = said.listed(f"{figure:.1f} in {month.first:%B}" for month, figure in reversed(before)) if before else ""
    return f"Talks for each match: {this:.1f} this month so far{f', {past}' if past else ''}."


@dataclass(frozen=True, slots=True)
class Form:
    """What the form of a talk shows: as it was sent, or as it is now. `mentors`: to choose from, where none is given."""

    mentors: tuple[tuple[str, str], ...]
    mentor_id: str
    outcome: str
    how: str
    day: str
    at: str
    today: str


def form(mentors: Sequence[Mentor], sent: Mapping[str, str], now: datetime, zone: str) -> Form:
    here = now.astimezone(times.known(zone))
    return Form(
        mentors=tuple((str(mentor.id), mentor.name) for mentor in mentors),
        mentor_id=sent.get("mentor_id", ""),
        outcome=sent.get("outcome", "talked"),
        how=sent.get("how", ""),
        day=sent.get("day", f"{here:%Y-%m-%d}"),
        at=sent.get("at", f"{here:%H:%M}"),
        today=f"{here:%Y-%m-%d}",
    )
