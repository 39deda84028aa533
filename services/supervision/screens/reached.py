"""Whether messages reach a mentor, in words for whoever looks after them. A mail's subject and words are not repeated here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.supervision.notices import Notice
from services.supervision.reach import Reach
from services.supervision.screens import said

WORDS = {
    "training": "The link to the training", "nudge": "A reminder", "last_call": "The last reminder", "check_in": "The check-in",
    "moved": "That a session moved", "canceled": "That a session is canceled", "hold": "The request to call",
    "correction": "A corrected question", "link": "A new link", "record": "The link to the record",
}  # fmt: skip
STATES = {"sent": "was sent", "delivered": "was delivered", "handed_over": "is being sent", "bounced": "came back",
          "failed": "could not be delivered", "waiting": "waits to be sent", "sending": "is being sent"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reached:
    """`trouble`: what to do something about; `last`: the newest messages, one line each."""

    trouble: str
    last: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unreached:
    person_id: UUID
    name: str


def page(first_name: str, reach: Reach | None, notices: Sequence[Notice], now: datetime, zone: str) -> Reached:
    return Reached(trouble(first_name, reach, now, zone), tuple(line(one, now, zone) for one in shown(notices)[:3]))


def trouble(first_name: str, reach: Reach | None, now: datetime, zone: str) -> str:
    if reach is None:
        return ""
    if reach.wanted == "none":
        return f"{first_name} chose to get no messages. Links are given by hand."
    if not reach.broken:
        return ""
    since = min(one.since for one in reach.broken.values())
    if all(one.reason == "no_address" for one in reach.broken.values()):
        return f"There is no address to write to {first_name}. Call, and add one to your list of people."
    since_when = said.when(since, now, zone)
    return f"Messages have not reached {first_name} since {since_when}. Call, and check the address in your list of people."


def shown(notices: Sequence[Notice]) -> list[Notice]:
    """Newest first; what turned out to be of no use was never for anybody."""
    return [notice for notice in notices if notice.state in STATES and notice.kind in WORDS]


def line(notice: Notice, now: datetime, zone: str) -> str:
    at = notice.sent_at or notice.created_at
    return f"{WORDS[notice.kind]} {STATES[notice.state]}, {said.when(at, now, zone)}."


def new_link(asked_at: datetime, notices: Sequence[Notice], now: datetime, zone: str) -> str:
    """What became of a new link that was asked for."""
    found = next((n for n in notices if n.kind == "link" and n.created_at >= asked_at), None)
    if found is None or found.state in ("waiting", "sending", "handed_over"):
        return "A mail with it goes to the address that you have on file."
    if found.state in ("sent", "delivered") and found.sent_at:
        return f"It was mailed {said.when(found.sent_at, now, zone)}, to the address that you have on file."
    return "It could not be mailed. Print the link with jitt link, and hand it over another way."


def heading(unreached: Sequence[Unreached]) -> str:
    """Of Today's line, before the names."""
    return f"Messages do not reach {said.counted(len(unreached), 'mentor', 'mentors')}:" if unreached else ""


def staff(unreached: Sequence[Unreached], viewer: UUID) -> str:
    """For site leads: who of their colleagues hears of no alert by message."""
    if not unreached:
        return ""
    names = said.listed("you" if one.person_id == viewer else one.name for one in unreached)
    return f"No message reaches {names}. Alerts go on to the next in line at once. Check the addresses in your list of people."
