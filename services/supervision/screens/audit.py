"""Who has read what, in words: one line for each time that somebody opened a page about a mentor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from services.supervision.screens import said
from services.supervision.screens.facts import Staff
from services.supervision.store_audit import NEWEST, Asked, Operated, Reading

WHAT = {"brief": "Brief", "own_words": "The mentor’s own words", "mentor": "The mentor’s page"}
ERASED = "somebody whose record was erased"


@dataclass(frozen=True, slots=True)
class Line:
    at: str
    iso: str
    reader: str
    what: str
    mentor: str
    href: str


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody did from the command line."""

    at: str
    iso: str
    operator: str
    words: str
    people: str


@dataclass(frozen=True, slots=True)
class Page:
    """`older`: the address of what comes before; empty at the end. `nothing`: what to say where there is no line."""

    lines: tuple[Line, ...]
    older: str
    nothing: str


def page(readings: Sequence[Reading], asked: Asked, viewer: Staff, now: datetime, most: int) -> Page:
    """`readings`: one more than fits, where there are more."""
    shown = readings[:most]
    older = _address(replace(asked, before=shown[-1].id)) if len(readings) > most else ""
    chosen = asked.by or asked.mentor or asked.what or asked.before != NEWEST
    nothing = "Nothing fits what you chose." if chosen else "Nobody has opened a page about a mentor yet."
    return Page(tuple(_line(one, viewer, now) for one in shown), older, nothing)


def commands(found: Sequence[Operated], viewer: Staff, now: datetime) -> tuple[Command, ...]:
    return tuple(
        Command(
            at=said.sentence(said.when(one.at, now, viewer.zone)),
            iso=one.at.isoformat(),
            operator=one.operator,
            words=f"jitt {one.command}",
            people=", ".join(one.people),
        )
        for one in found
    )


def _line(one: Reading, viewer: Staff, now: datetime) -> Line:
    return Line(
        at=said.sentence(said.when(one.at, now, viewer.zone)),
        iso=one.at.isoformat(),
        reader=one.reader or said.sentence(ERASED),
        what=WHAT[one.what],
        mentor=one.mentor or ERASED,
        href=f"/mentors/{one.mentor_id}" if one.mentor else "",
    )


def _address(asked: Asked) -> str:
    values = {"by": asked.by, "mentor": asked.mentor, "what": asked.what, "before": asked.before}
    return "/audit?" + urlencode({name: str(value) for name, value in values.items() if value})
