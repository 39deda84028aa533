"""The last session as its mentor told of it afterwards: which planned steps were done, how confident they feel. On the brief."""

from dataclasses import dataclass
from datetime import datetime

from services.supervision.screens import said
from services.supervision.screens.axis import Kind
from shared.contracts.assessment import CheckInSubmitted, Done, Feeling, WantsToTalk

STEPS: dict[Done, tuple[Kind, str]] = {"did": ("ready", "Did"), "partly": ("going", "Partly"), "no": ("idle", "Did not")}
FEELS: dict[Feeling, str] = {
    "not_really": "Does not feel confident about the next session yet.",
    "somewhat": "Feels somewhat confident about the next session.",
    "very": "Feels very confident about the next session.",
}
TALK: dict[WantsToTalk, str] = {"no": "", "week": "Asked to talk that week.", "today": "Asked to talk that day."}


@dataclass(frozen=True, slots=True)
class Last:
    """`later`: there was a session after it, of which nothing was said."""

    check_in: CheckInSubmitted
    later: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    words: str
    kind: Kind
    status: str


@dataclass(frozen=True, slots=True)
class LastSession:
    heading: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...]


def last_session(last: Last, name: str, now: datetime, zone: str) -> LastSession:
    check_in, what = last.check_in, "Last check-in" if last.later else "Last session"
    happened = "" if check_in.happened else f"{name} said that the two did not meet."
    notes = (happened, FEELS.get(check_in.confidence, "") if check_in.confidence else "", TALK.get(check_in.wants_to_talk, ""))
    return LastSession(
        heading=f"{what}: {said.lower(said.activity(check_in.activity))}, {said.when(check_in.starts_at, now, zone)}",
        steps=tuple(Step(_words(check_in, one.step), *STEPS[one.done]) for one in check_in.steps),
        notes=tuple(note for note in notes if note),
    )


def _words(check_in: CheckInSubmitted, code: str) -> str:
    return said.step(check_in.activity, code) or said.sentence(code.replace("_", " "))
