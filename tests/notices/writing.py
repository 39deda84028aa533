"""Facts of a notice as a sender finds them: Marcus, whose session is on Thursday at four, with Dana as supervisor."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.supervision import letters, notices
from services.supervision.letter_desk import Letter, Written
from services.supervision.letter_facts import Alert, Facts, Line, Reader, Session
from services.supervision.notices import Kind, Notice
from shared.contracts import ids

SITE = "eastfield"
START = datetime(2026, 11, 26, 22, tzinfo=UTC)  # a Thursday, 4:00 pm in Chicago
NOW = START - timedelta(days=1)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MENTOR, SUPERVISOR, LEAD = ids.mentor(SITE, "marcus"), ids.supervisor(SITE, "dana"), ids.supervisor(SITE, "priya")
SESSION, TRAINING, ALERT = UUID(int=11), UUID(int=21), UUID(int=31)
MENTORS_PAGES, CONSOLE = "https://mentors.example.org", "https://console.example.org"
TO_MENTORS: tuple[Kind, ...] = (
    "training", "nudge", "last_call", "check_in", "moved", "canceled", "hold", "correction", "link", "record",
)  # fmt: skip
TO_STAFF: tuple[Kind, ...] = ("alert", "escalation", "briefs", "digest", "receiver", "import")

MARCUS = Reader(
    MENTOR, SITE, "mentor", "Marcus Bell", "marcus@mail.example", "+1 555 555 0142", "en", "America/Chicago", True,
    "Eastfield Mentoring", "555 555 0100", supervisor_name="Dana Ortiz", supervisor_phone="555 555 0101",
    reply_to="dana@eastfield.example",
)  # fmt: skip
DANA = replace(MARCUS, person_id=SUPERVISOR, role="supervisor", name="Dana Ortiz", email="dana@eastfield.example",
               supervisor_name=None, reply_to="priya@eastfield.example")  # fmt: skip
THURSDAY = Session(SESSION, TRAINING, START, START - 3 * HOUR, "planned", 2, False)
ABOUT_MARCUS = Alert(ALERT, "safety_item_missed", "Marcus Bell", "open", "supervisor", False, True, NOW + 30 * MINUTE, NOW, START,
                     "Dana Ortiz")  # fmt: skip
LINES = (
    Line("4:00 pm, Marcus Bell: talk first", f"/briefs/{TRAINING}"),
    Line("5:15 pm, Leah Whitcombe: waiting for the training", f"/mentors/{LEAD}"),
)


def notice(kind: Kind, **about: Any) -> Notice:
    known = {"was_at": START - HOUR, "revision": 2, "status": "planned"} if kind == "moved" else {}
    known = {"was_at": START, "revision": 2, "status": "cancelled"} if kind == "canceled" else known
    known = {"receiver": "sis-east", "answer": "http_503", "state": "failing"} if kind == "receiver" else known
    known = {"import_id": TRAINING, "state": "done"} if kind == "import" else known
    return notices.new(TRAINING, kind, kind, NOW, site_id=SITE, to=MENTOR, until=START + 3 * 24 * HOUR, about=known | about)


def facts(kind: Kind, reader: Reader | None = None, **changes: Any) -> Facts:
    if kind in TO_STAFF:
        found = Facts(NOW, reader or DANA, alert=ABOUT_MARCUS, first_at=START, talk=1, waiting=1, lines=LINES)
    else:
        found = Facts(NOW, reader or MARCUS, session=THURSDAY)
    if kind == "canceled":
        found = replace(found, session=replace(THURSDAY, status="cancelled"))
    if kind in ("check_in", "briefs"):
        found = replace(found, now=START + (HOUR if kind == "check_in" else -3 * HOUR))
    return replace(found, **changes)


def written(kind: Kind, reader: Reader | None = None, *, about: dict[str, Any] | None = None, **changes: Any) -> Written:
    return letters.write(notice(kind, **about or {}), facts(kind, reader, **changes), MENTORS_PAGES, CONSOLE)


def letter(kind: Kind, reader: Reader | None = None, **changes: Any) -> Letter:
    found = written(kind, reader, **changes)
    assert isinstance(found, Letter), found
    return found
