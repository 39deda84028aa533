"""The shared vocabulary: skills, mistakes, functions, activities and constants, read once from vocabulary.toml and checked.

A code that is not in it does not exist; whoever meets one refuses it with a reason and never guesses.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from shared.contracts.site import Mode, Stage

FILE = Path(__file__).with_suffix(".toml")
STAGES: tuple[Stage, ...] = ("start", "building", "steady", "ending")  # the order of a weight list in the file
EVERY_SESSION = "safeguarding_first_response"  # every session requires it, whatever is planned
EVERY_VIRTUAL_SESSION = "virtual_mentoring"
CLOSED = ConfigDict(extra="forbid")

Share = Annotated[float, Field(ge=0, le=2)]
Way = Literal["observed", "talked_through"]
Weight = float | tuple[float, float, float, float]  # one number = the same at every stage


class VocabularyBroken(Exception):
    """The vocabulary contradicts itself; the message lists every place and what to do."""


@dataclass(frozen=True, slots=True, config=CLOSED)
class Skill:
    code: str
    title: str
    what: str
    helps: str  # one sentence to the mentor: what this skill does for the session
    mistakes: tuple[str, ...]
    stages: tuple[Stage, ...]
    safety: bool = False
    scope: Literal[1, 2] = 1
    refer_when: str = ""


@dataclass(frozen=True, slots=True, config=CLOSED)
class Renewal:
    """What renewing a function takes, besides one fresh training and a new sign-off where it has one."""

    contacts: int = 0  # talks logged in its months
    check_ins: int = 0  # sessions of it in its months, with four planned steps in five done
    each_skill: bool = False  # a question of each of its skills has come back


@dataclass(frozen=True, slots=True, config=CLOSED)
class Function:
    """A task shifted to mentors: granted by training its skills, plus a sign-off where one is named."""

    code: str
    title: str  # fits into "cleared for ..."
    skills: tuple[str, ...]
    sign_off: str  # what is signed off, in words; empty: no sign-off
    keeps: str  # what stays with the professional
    months: int | None = None  # until it expires; None: ends with the match
    base: bool = False  # held by every mentor; pre-match training stands in for the modules
    default: bool = True  # False: off until a site switches it on
    per_match: bool = False
    ways: tuple[Way, ...] = ()  # how what is signed off can have been seen
    checklist: tuple[str, ...] = ()  # what was seen: each line of it, or there is no sign-off
    renew: Renewal = Renewal()


@dataclass(frozen=True, slots=True, config=CLOSED)
class Step:
    """One planned step of an activity; the check-in asks whether it was done."""

    code: str
    skill: str
    words: str


@dataclass(frozen=True, slots=True, config=CLOSED)
class Activity:
    code: str
    title: str
    phrase: str  # fits into "Thursday's plan is ..."
    function: str
    weights: Mapping[str, Weight]  # skill -> importance, 0 to 1
    steps: tuple[Step, ...] = ()

    def weight(self, skill: str, stage: Stage) -> float:
        """0 to 1; 0 for a skill that this activity does not call for."""
        found = self.weights.get(skill, 0.0)
        return found[STAGES.index(stage)] if isinstance(found, tuple) else found


@dataclass(frozen=True, slots=True, config=CLOSED)
class OutOfScope:
    """What mentors never do; planning it raises an alert that names the professional."""

    code: str
    title: str
    professional: str


@dataclass(frozen=True, slots=True, config=CLOSED)
class Constants:
    """What a session's need for a skill is made of: need = base x (gap + miss + clear). A site may set its own."""

    in_focus: Share  # base, like the five that follow
    virtual: Share
    safety: Share
    open_safety_miss: Share
    untrained_safety: Share
    untrained_from_session: Mapping[str, int]  # by skill: the mentor's session from which `untrained_safety` counts
    smallest_base: Share  # less is not called for
    missed_safety_sure: Share  # miss, like the four that follow
    missed_safety: Share
    missed_sure: Share
    missed: Share
    step_not_done: Share
    recovered: Annotated[float, Field(ge=0, le=1)]  # what a right retry leaves of a miss
    not_cleared: Share  # clear
    clearance_expires: Share
    expires_within_days: Annotated[int, Field(ge=0, le=365)]
    worth_a_module: Share  # a smaller largest need asks for recall only


@dataclass(frozen=True, slots=True, config=CLOSED)
class Vocabulary:
    version: int
    skills: Mapping[str, Skill]
    mistakes: Mapping[str, str]  # code -> a short phrase for people
    functions: Mapping[str, Function]
    activities: Mapping[str, Activity]
    scope_3: Mapping[str, OutOfScope]
    constants: Constants

    def required(self, activity: str, mode: Mode = "in_person") -> tuple[str, ...]:
        """Every function that a session with this activity requires, its own first."""
        always = (EVERY_SESSION, EVERY_VIRTUAL_SESSION) if mode == "virtual" else (EVERY_SESSION,)
        return (self.activities[activity].function, *always)


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    return parse(FILE.read_bytes().decode())


def parse(text: str) -> Vocabulary:
    """Raises VocabularyBroken with every fault at once."""
    tables = tomllib.loads(text)
    try:
        read = TypeAdapter(Vocabulary).validate_python({name: _with_codes(name, table) for name, table in tables.items()})
    except ValidationError as error:
        raise VocabularyBroken("; ".join(_said(e) for e in error.errors())) from None
    if found := list(faults(read)):
        raise VocabularyBroken("; ".join(found))
    return read


def faults(v: Vocabulary) -> Iterator[str]:
    yield from _skill_faults(v)
    yield from _function_faults(v)
    yield from _activity_faults(v)
    yield from _unknown("constants.untrained_from_session", v.constants.untrained_from_session, v.skills)


def _skill_faults(v: Vocabulary) -> Iterator[str]:
    for skill in v.skills.values():
        yield from _unknown(f"skills.{skill.code}.mistakes", skill.mistakes, v.mistakes)
    used = {code for skill in v.skills.values() for code in skill.mistakes}
    for code in sorted(v.mistakes.keys() - used):
        yield f"mistakes.{code}: no skill lists it; add it to a skill or remove it"


def _function_faults(v: Vocabulary) -> Iterator[str]:
    yield from _unknown("required of every session", (EVERY_SESSION, EVERY_VIRTUAL_SESSION), v.functions)
    for function in v.functions.values():
        yield from _unknown(f"functions.{function.code}.skills", function.skills, v.skills)
        if not bool(function.sign_off) == bool(function.ways) == bool(function.checklist):
            yield f"functions.{function.code}: a sign-off needs ways and a checklist, and neither goes without a sign-off"


def _activity_faults(v: Vocabulary) -> Iterator[str]:
    for activity in v.activities.values():
        where = f"activities.{activity.code}"
        yield from _unknown(f"{where}.function", (activity.function,), v.functions)
        yield from _unknown(f"{where}.weights", activity.weights, v.skills)
        yield from _unknown(f"{where}.steps", (step.skill for step in activity.steps), v.skills)
        for skill in activity.weights:
            weights = [activity.weight(skill, stage) for stage in STAGES]
            if not all(0 <= weight <= 1 for weight in weights):
                yield f"{where}.weights.{skill}: a weight is a number from 0 to 1"
        if activity.code in v.scope_3:
            yield f"{where}: out of scope for mentors (scope_3); it cannot be an activity"


def _unknown(where: str, codes: Iterable[str], known: Mapping[str, object]) -> Iterator[str]:
    for code in codes:
        if code not in known:
            yield f"{where}: {code!r} is not in the vocabulary; correct it or define it"


def _with_codes(name: str, table: Any) -> Any:
    if not isinstance(table, dict) or name in ("mistakes", "constants"):
        return table
    return {code: {"code": code, **entry} if isinstance(entry, dict) else entry for code, entry in table.items()}


def _said(error: Any) -> str:
    return f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
