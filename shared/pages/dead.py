"""What the pages about dead letters say: reasons in words, letters grouped by reason, and how a service stands. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

OURS = frozenset({"failed"})  # a bug of ours; the others say what was sent
REASONS = {
    "bad_header": "A header is not UTF-8",
    "behind_a_failed_one": "Waits behind a failed one",
    "failed": "Failed in our hands",
    "id_reused": "Its id was used before for another event",
    "no_cloudevent": "Not a CloudEvent",
    "not_your_site": "Not one of the publisher’s sites",
    "nul_in_text": "A text holds the character NUL",
    "schema": "A field is missing or wrong",
    "tombstone": "A record without a value",
    "too_large": "Too large",
    "unknown_publisher": "From a publisher that nobody has added",
    "unknown_type": "Not a type that a publisher can send",
}
STATES = {"dead": "Dead", "parked": "Waiting behind one", "replayed": "Replayed", "skipped": "Given up"}
MINUTE, HOUR, DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Group:
    """The open letters of one reason; `senders` with how many of each, most first."""

    reason: str
    words: str
    ours: bool
    letters: int
    oldest: datetime
    senders: tuple[tuple[str, int], ...]


def reason(code: str) -> str:
    return REASONS.get(code) or code.replace("_", " ").capitalize()


def grouped(counts: Iterable[Mapping[str, Any]]) -> list[Group]:
    """`counts` by reason, principal and state; what is ours to mend comes first, then the largest group."""
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for row in counts:
        rows.setdefault(row["reason"], []).append(row)
    groups = [_group(code, found) for code, found in rows.items()]
    return sorted(groups, key=lambda group: (not group.ours, -group.letters, group.reason))


def _group(code: str, rows: Sequence[Mapping[str, Any]]) -> Group:
    senders: dict[str, int] = {}
    for row in rows:
        senders[row["principal"]] = senders.get(row["principal"], 0) + row["letters"]
    most_first = tuple(sorted(senders.items(), key=lambda sender: (-sender[1], sender[0])))
    return Group(code, reason(code), code in OURS, sum(senders.values()), min(row["oldest"] for row in rows), most_first)


def records(number: int) -> str:
    return f"{number:,} {'record' if number == 1 else 'records'}"


def dead_letters(number: int) -> str:
    return f"{number:,} dead {'letter' if number == 1 else 'letters'}" if number else "No dead letters"


def span(seconds: float) -> str:
    """3 minutes"""
    for size, unit in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= size:
            return _units(int(seconds // size), unit)
    return _units(int(seconds), "second")


def _units(number: int, unit: str) -> str:
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many of something, the oldest for so many seconds."""

    number: int
    seconds: float


def standing(outbox: Waiting, parked: Waiting, overdue: Waiting, lag: int | None) -> list[str]:
    """How a service stands, a sentence each. `lag` is that of the process that answers; None when it does not read Kafka."""
    still = "mentor, session or training stands still", "mentors, sessions or trainings stand still"
    said = [
        _waits(outbox, "event waits to be published", "events wait to be published", "Every event is published."),
        _waits(overdue, "row is due and not done", "rows are due and not done", "Everything that is due is done."),
        _waits(parked, *still, "Nothing stands still."),
    ]
    if lag is not None:
        said.append(f"{records(lag).capitalize()} on Kafka not read yet." if lag else "Everything on Kafka is read.")
    return said


def _waits(waiting: Waiting, one: str, many: str, none: str) -> str:
    if not waiting.number:
        return none
    if waiting.number == 1:
        return f"1 {one}, for {span(waiting.seconds)}."
    return f"{waiting.number:,} {many}, the oldest for {span(waiting.seconds)}."


def applied(done: int, failed: int) -> str:
    """39 applied, 2 failed again"""
    return f"{done:,} applied, {failed:,} failed again" if failed else f"{done:,} applied"

