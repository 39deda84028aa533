"""The pages of imports, in words: what a list holds, what is to be mended, how far it is, and what came in before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.supervision.people_file import Problem
from services.supervision.screens import said
from services.supervision.screens.facts import Staff
from services.supervision.uploads import Report, Upload
from shared.pages import times

SHOWN = 100  # problems on the page; the rest are in the list to save
NAMED = 20
KINDS = {"people": "People list", "oneroster": "OneRoster set"}
STATES = {
    "looked_at": ("talk", "Waits for you"), "confirmed": ("talk", "Coming in"), "done": ("ready", "Done"),
    "dropped": ("idle", "Not imported"), "failed": ("idle", "Not imported"),
}  # fmt: skip
IN_LINE = "Lists come in one after the other. This one waits for its turn."
ROLES = {"mentor": "mentor", "supervisor": "supervisor", "site_lead": "site lead"}


@dataclass(frozen=True, slots=True)
class Line:
    """One import of the history."""

    href: str
    what: str
    at: str
    iso: str
    by: str
    counts: str
    kind: str
    word: str


@dataclass(frozen=True, slots=True)
class Page:
    """One import. `go_on`: the button's words, empty where nothing waits; `to_type`: the number that confirms that many leave."""

    title: str
    heading: str
    sentences: tuple[str, ...]
    counts: str
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    more: str = ""
    leaving: tuple[str, ...] = ()
    go_on: str = ""
    to_type: int = 0
    written: int = 0
    total: int = 0
    under_way: bool = False
    waits: bool = False


def history(uploads: Sequence[Upload], viewer: Staff, now: datetime) -> tuple[Line, ...]:
    return tuple(_line(one, viewer, now) for one in uploads)


def _line(one: Upload, viewer: Staff, now: datetime) -> Line:
    kind, word = STATES[one.state]
    return Line(
        href=f"/imports/{one.import_id}",
        what=KINDS[one.kind],
        at=said.sentence(said.when(one.sent_at, now, viewer.zone)),
        iso=times.iso(one.sent_at, viewer.zone),
        by="You" if one.by_person == viewer.id else one.by_name,
        counts=_counts(one) if one.state in ("done", "confirmed", "looked_at") else "",
        kind=kind,
        word=word,
    )


def _counts(one: Upload) -> str:
    parts = [f"{one.new:,} new", f"{one.changed:,} changed", f"{one.unchanged:,} as before"]
    gone = [f"{one.gone:,} leaving" if one.state != "done" else f"{one.gone:,} left"] if one.gone else []
    wrong = [f"{one.wrong:,} with errors"] if one.wrong else []
    return f"{', '.join([*parts, *gone, *wrong])}."


def page(one: Upload, report: Report | None, viewer: Staff, now: datetime) -> Page:
    if one.state == "looked_at":
        return _looked_at(one, report) if report else _not_readable(one)
    if one.state == "confirmed":
        return _coming_in(one)
    if one.state == "done":
        came = f"{said.sentence(said.when(one.ended_at or one.sent_at, now, viewer.zone))}, by {one.by_name}."
        return Page("Import: done", "Done", (came,), _counts(one))
    words = {
        "dropped": "It was canceled, or nobody said yes to it within a day. Nothing was changed.",
        "failed": "What the site has is not what it was when you looked, or the list could not be read again. Send it once more.",
    }
    return Page("Import: not imported", "Not imported", (words[one.state],), "")


def _looked_at(one: Upload, report: Report) -> Page:
    good = one.people
    nothing = not good and not one.wrong
    heading = "Nothing changes" if nothing else "This is what would change"
    sentences = ("Everybody in it is here already, as it says.",) if nothing else ("Nothing is saved yet.",)
    leaving = [f"{person.name}, {ROLES.get(person.role, person.role)}" for person in report.leaving]
    more = [f"and {len(leaving) - NAMED:,} more"] if len(leaving) > NAMED else []
    return Page(
        title=_title(one),
        heading=heading,
        sentences=sentences,
        counts=_counts(one),
        notes=report.notes,
        problems=report.problems[:SHOWN],
        more=f"The first {SHOWN} of {one.wrong:,} are shown." if one.wrong > SHOWN else "",
        leaving=(*leaving[:NAMED], *more),
        go_on=_go_on(one) if good else "",
        to_type=one.gone if report.too_many else 0,
        waits=True,
    )


def _title(one: Upload) -> str:
    return f"Import: {one.wrong:,} with errors" if one.wrong else "Import: look before you go on"


def _go_on(one: Upload) -> str:
    """With errors, the good rows only."""
    come = one.new + one.changed
    if not come:
        return f"Go on: {_people(one.gone)} leave{'s' if one.gone == 1 else ''}"
    leave = f", and {one.gone:,} leave{'s' if one.gone == 1 else ''}" if one.gone else ""
    return f"Import the good rows ({_people(come)}{leave})" if one.wrong else f"Import {_people(come)}{leave}"


def _people(count: int) -> str:
    """In figures: beside others, and where one is to be typed."""
    return f"{count:,} {'person' if count == 1 else 'people'}"


def _not_readable(one: Upload) -> Page:
    return Page("Import: send it again", "Send it again", ("What was found in it cannot be shown any more.",), "", waits=True)


def _coming_in(one: Upload) -> Page:
    far = IN_LINE if one.in_line else f"{one.written:,} of {_people(one.people)} so far."
    sentences = (far, "You can close this page: it goes on by itself.")
    return Page("Import: coming in", "Coming in", sentences, "", written=one.written, total=max(one.people, 1), under_way=True)
