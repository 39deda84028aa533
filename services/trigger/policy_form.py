"""A site's policy as a form: its fields, what was typed into them, and what is wrong with that. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Any

from services.trigger.moments import quiet_length
from services.trigger.policy import Policy

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MOST_QUIET = timedelta(hours=16)
WRONG_TIME = "Enter a time, such as 21:00"


@dataclass(frozen=True, slots=True)
class Field:
    """A number. `unit`: what it is a number of; None: it is a whole number of what the label says."""

    name: str
    label: str
    hint: str
    words: str
    low: float
    high: float
    unit: timedelta | None

    @property
    def wrong(self) -> str:
        return f"Enter a {'' if self.unit else 'whole '}number from {self.low:g} to {self.high:g}"


TO_TALK = "Leaves the supervisor time to talk. 3 hours is the default."
LAST = "The final reminder. The link itself works until the session starts."
MESSAGES = (
    Field("assign_days", "Send the training", "At the same time of day as the session.", "days before the session", 1, 14, None),
    Field("nudge", "Remind once, if not finished", "", "hours before the session", 0, 23, HOUR),
    Field("quiz_by", "Ask for answers by", TO_TALK, "hours before", 0, 23, HOUR),
    Field("last_call", "Last call", LAST, "minutes before", 0, 180, MINUTE),
    Field("check_in", "Ask how it went", "", "minutes after the end", 0, 600, MINUTE),
)
TRAINING = Field("training_minutes", "Longest training", "1 to 5. Mentors finish short ones.", "minutes", 1, 5, None)
CLOCKS = ("quiet_from", "quiet_to")
WRONG = {field.name: field.wrong for field in (*MESSAGES, TRAINING)}


@dataclass(frozen=True, slots=True)
class Problem:
    field: str
    words: str


@dataclass(frozen=True, slots=True)
class Typed:
    """As it stands in the form, and what can be made of it: `policy` is the saved one where a field cannot be read."""

    values: Mapping[str, str]
    policy: Policy
    problems: tuple[Problem, ...] = ()


def filled(policy: Policy) -> Typed:
    timing = policy.timing
    numbers = {field.name: _written(getattr(timing, field.name), field.unit) for field in MESSAGES}
    clocks = {name: f"{getattr(timing, name):%H:%M}" for name in CLOCKS}
    return Typed(numbers | clocks | {TRAINING.name: str(policy.training_minutes)}, policy)


def read(typed: Mapping[str, str], before: Policy) -> Typed:
    """What was typed, on top of what is saved. The exceptions of activities stay as they are."""
    values = {name: typed.get(name, kept).strip() for name, kept in filled(before).values.items()}
    found: dict[str, Any] = {field.name: _number(field, values[field.name]) for field in (*MESSAGES, TRAINING)}
    found |= {name: _clock(values[name]) for name in CLOCKS}
    if problems := tuple(Problem(name, WRONG.get(name, WRONG_TIME)) for name, value in found.items() if value is None):
        return Typed(values, before, problems)
    minutes = found.pop(TRAINING.name)
    wanted = replace(before, timing=replace(before.timing, **found), training_minutes=minutes)
    return Typed(values, wanted, tuple(faults(wanted)))


def faults(wanted: Policy) -> Iterator[Problem]:
    """Each beside the field that is the likeliest to be at fault."""
    for words in wanted.faults():
        quiet = quiet_length(wanted.timing) > MOST_QUIET and words.startswith("Quiet")
        yield Problem("quiet_from" if quiet else "quiz_by", words.removesuffix("."))


def _written(value: int | timedelta, unit: timedelta | None) -> str:
    return f"{value / unit:g}" if isinstance(value, timedelta) and unit else str(value)


def _number(field: Field, text: str) -> int | timedelta | None:
    try:
        number = float(text.replace(",", ".")) if field.unit else int(text)
    except ValueError:
        return None
    if not field.low <= number <= field.high:
        return None
    return number * field.unit if field.unit else int(number)


def _clock(text: str) -> time | None:
    try:
        return time.fromisoformat(text.zfill(5)).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None
