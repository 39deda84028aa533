"""Memory by skill: a word for how fresh each skill is likely to be, and a drawing that repeats it. Never a figure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.supervision.screens import said
from services.supervision.screens.axis import Kind
from services.supervision.screens.facts import Meeting
from shared.contracts.assessment import SkillRemembered, recall
from shared.contracts.vocabulary import STAGES, vocabulary

WIDTH, HEIGHT, TOP = 300, 40, 4  # the drawing's own units
BEFORE = timedelta(days=60)
AFTER = timedelta(days=14)
STEPS = 30
CALLED_FOR = 0.7  # what a session asks for much: its weight, at any stage
FRESHNESS, NO_SCORE = "How fresh each skill is likely to be.", "This picks the next training. It is not a score."
FRESH, FADING = 0.85, 0.6  # our own judgement: from here on the word is Fresh, or Fading


@dataclass(frozen=True, slots=True)
class Skill:
    name: str
    practiced: str
    kind: Kind
    word: str
    path: str
    session: int | None  # x of the next session


@dataclass(frozen=True, slots=True)
class Memory:
    words: str
    skills: tuple[Skill, ...]


def page(skills: Sequence[SkillRemembered], coming: Meeting | None, now: datetime, zone: str) -> Memory:
    """By name, never by strength. The next session is a dashed line; what it asks for and was never practiced is new."""
    session = coming.starts_at if coming else None
    until = max(now, session or now) + AFTER
    known = [_skill(one, session, until, now, zone) for one in skills]
    never = [_new(skill) for skill in _asked_for(coming) if skill not in {one.skill for one in skills}]
    return Memory(
        words=said.clipped([FRESHNESS, _dashed(session, now, zone), NO_SCORE]),
        skills=tuple(sorted([*known, *never], key=lambda one: one.name)),
    )


def _asked_for(coming: Meeting | None) -> Iterable[str]:
    """The skills that the plan of the next session calls for."""
    activity = vocabulary().activities.get(coming.activity) if coming and coming.activity else None
    if activity is None:
        return ()
    return [skill for skill in activity.weights if max(activity.weight(skill, stage) for stage in STAGES) >= CALLED_FOR]


def _new(skill: str) -> Skill:
    return Skill(said.sentence(said.skill(skill)), "Not practiced yet", "idle", "New", "", None)


def _dashed(session: datetime | None, now: datetime, zone: str) -> str:
    return f"The dashed line is the session {said.day(session, now, zone)}." if session else ""


def _skill(state: SkillRemembered, session: datetime | None, until: datetime, now: datetime, zone: str) -> Skill:
    kind, word = freshness(recall(state, session or now))
    missed = sum(miss.item_id is not None for miss in state.open_misses)
    again = f", {said.counted(missed, 'question comes', 'questions come')} back" if missed else ""
    return Skill(
        name=said.sentence(said.skill(state.skill)),
        practiced=f"Practiced {said.day(state.reviewed_at, now, zone)}{again}",
        kind=kind,
        word=word,
        path=_path(state, now - BEFORE, until),
        session=round(_x(session, now - BEFORE, until)) if session else None,
    )


def freshness(share: float) -> tuple[Kind, str]:
    if share >= FRESH:
        return "ready", "Fresh"
    return ("going", "Fading") if share >= FADING else ("idle", "Likely forgotten")


def _path(state: SkillRemembered, first: datetime, last: datetime) -> str:
    """A step up at the practice, then the curve down to the end of the drawing."""
    begin = max(state.reviewed_at, first)
    instants = [begin + (last - begin) * step / STEPS for step in range(STEPS + 1)]
    curve = " ".join(f"L{_x(at, first, last):.0f} {_y(recall(state, at)):.1f}" for at in instants)
    foot = f"M{_x(begin, first, last):.0f} {HEIGHT} " if state.reviewed_at > first else "M" + curve[1:].split(" L", 1)[0] + " "
    return foot + curve


def _x(at: datetime, first: datetime, last: datetime) -> float:
    return WIDTH * ((at - first) / (last - first))


def _y(share: float) -> float:
    return TOP + (HEIGHT - TOP) * (1 - share)
