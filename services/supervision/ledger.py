"""What a mentor may do: earned by training, signed off by a person, ended by time, a revocation or the match. Pure.

The ledger goes by dates that the case keeps, so it says the same in whatever order facts arrive: a skill's module was done,
a skill was practiced. The weakest skill of a function is the one that was practiced longest ago.
"""

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from services.supervision.domain import UNDO, Mark, MentorCase, Practice, Training
from services.supervision.messages import ClearanceRevoked, ClearanceSignedOff
from shared.contracts.assessment import ItemAnswered
from shared.contracts.content import TrainingAssigned
from shared.contracts.event import Refused
from shared.contracts.vocabulary import Function, vocabulary

RENEWED_FROM = timedelta(days=30)  # before the end; what is practiced from then on is fresh (our judgement)
SAME_PRACTICE = timedelta(hours=12)  # answers of one training
State = Literal["cleared", "on_hold", "ended", "revoked", "not_yet"]
What = Literal["training", "hold", "practice", "contacts", "check_ins"]
Changed = MentorCase | Refused
STATES: dict[str, State] = {"missing": "not_yet", "expired": "ended", "suspended": "on_hold"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What renewals count, within the months of the function: talks that were logged, and check-ins of it that told of four
    planned steps in five as done."""

    talks: int = 0
    check_ins: int = 0


@dataclass(frozen=True, slots=True)
class Lack:
    """What stands between a mentor and a clearance. `skill` for training and practice, `count` for what has to be logged."""

    what: What
    skill: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a mentor is with one function. `due`: it could be given now, or again; `lacks`: what is missing for that."""

    function: str
    state: State
    until: datetime | None
    due: bool
    lacks: tuple[Lack, ...]

    @property
    def needs_sign_off(self) -> bool:
        return self.due and not self.lacks and bool(vocabulary().functions[self.function].sign_off)


NOTHING = Evidence()


def standing(case: MentorCase, function: str, now: datetime, evidence: Evidence = NOTHING) -> Standing:
    known, until = vocabulary().functions[function], case.granted.get(function)
    state = _state(case, function, now)
    due = state in ("not_yet", "revoked", "ended") or (until is not None and until - now <= RENEWED_FROM)
    held = (Lack("hold"),) if case.holding(function) else ()
    if not due:
        return Standing(function, state, until, due, held)
    lacks = _to_renew(case, known, until, evidence) if state in ("cleared", "on_hold", "ended") else _to_grant(case, known)
    return Standing(function, state, until, due, (*held, *lacks))


def _state(case: MentorCase, function: str, now: datetime) -> State:
    if function in case.history.revoked:
        return "revoked"
    lack = case.lack(function, now)
    return STATES[lack] if lack else "cleared"


def offered(case: MentorCase, function: Function) -> bool:
    """Whether it is spoken of at all: one that is off by default only where a site's own file has given it."""
    return function.default or function.code in case.granted


def _to_grant(case: MentorCase, function: Function) -> tuple[Lack, ...]:
    """The training before the match stands in for the modules of the base functions."""
    if function.base:
        return ()
    return tuple(Lack("training", skill) for skill in function.skills if skill not in case.history.trained)


def _to_renew(case: MentorCase, function: Function, until: datetime | None, evidence: Evidence) -> tuple[Lack, ...]:
    since, renew = (until - RENEWED_FROM if until else datetime.min.replace(tzinfo=UTC)), function.renew
    lacks: list[Lack] = []
    if renew.each_skill:
        lacks += [Lack("practice", skill) for skill in function.skills if not _practiced_since(case, skill, since)]
    elif not _refreshed(case, function, since):
        lacks.append(Lack("practice", weakest(case, function)))
    if evidence.talks < renew.contacts:
        lacks.append(Lack("contacts", count=renew.contacts - evidence.talks))
    if evidence.check_ins < renew.check_ins:
        lacks.append(Lack("check_ins", count=renew.check_ins - evidence.check_ins))
    return tuple(lacks)


def weakest(case: MentorCase, function: Function) -> str:
    """The skill that was practiced longest ago, one that never was first of all."""
    never = datetime.min.replace(tzinfo=UTC)
    return min(function.skills, key=lambda skill: p.at if (p := case.history.practiced.get(skill)) else never)


def _refreshed(case: MentorCase, function: Function, since: datetime) -> bool:
    """Whether a skill was practiced since then that had been the weakest of the function until that day."""
    known = {skill: case.history.practiced.get(skill) for skill in function.skills}
    return any(
        fresh is not None and fresh.at >= since
        and all(_before(fresh, fresh.at) <= _before(other, fresh.at) for other in known.values())
        for fresh in known.values()
    )  # fmt: skip


def _before(practice: Practice | None, at: datetime) -> datetime:
    """When it had last been practiced before a training at that time."""
    found = practice and (practice.at if practice.at < at - SAME_PRACTICE else practice.before)
    return found or datetime.min.replace(tzinfo=UTC)


def _practiced_since(case: MentorCase, skill: str, since: datetime) -> bool:
    found = case.history.practiced.get(skill)
    return found is not None and found.at >= since


def signed_off(case: MentorCase, event: ClearanceSignedOff, now: datetime, evidence: Evidence) -> Changed:
    """By a person who saw it. Of two at once the first counts: for the second there is nothing left to sign."""
    function = vocabulary().functions.get(event.function)
    if function is None or not offered(case, function) or not function.sign_off:
        return Refused("no_such_sign_off")
    at = standing(case, function.code, now, evidence)
    if event.how not in function.ways or event.lines != len(function.checklist):
        return Refused("checklist_not_whole")
    if not at.due:
        return Refused("already_cleared")
    if at.lacks:
        return Refused(f"lacks_{at.lacks[0].what}")
    again = at.state in ("cleared", "ended")
    seen = f"{event.how}/{event.lines}"
    mark = _mark(case, event, "renewed" if again else "signed_off", seen, now)
    return _marked(case, mark, {**case.granted, function.code: ends(now, function, case.time_zone)})


def revoked(case: MentorCase, event: ClearanceRevoked, now: datetime) -> Changed:
    if event.function not in case.granted or event.function in case.history.revoked:
        return Refused("not_cleared")
    new = _marked(case, _mark(case, event, "revoked", event.reason, now), case.granted)
    return _remembering(new, revoked=tuple(sorted({*case.history.revoked, event.function})))


def _mark(case: MentorCase, event: Any, act: Any, evidence: str, now: datetime) -> Mark:
    name = event.function
    return Mark(
        mark_id=event.request_id,
        function=name,
        act=act,
        by=event.by,
        at=now,
        evidence=evidence,
        was_granted=name in case.granted,
        was_until=case.granted.get(name),
        was_revoked=name in case.history.revoked,
    )


def _marked(case: MentorCase, mark: Mark, granted: Any) -> MentorCase:
    recent = tuple(m for m in case.history.marks if mark.at - m.at < 2 * UNDO and m.mark_id != mark.mark_id)
    revoked = tuple(name for name in case.history.revoked if name != mark.function)
    return _remembering(replace(case, granted=granted), marks=(*recent, mark), revoked=revoked)


def undone(case: MentorCase, mark: Mark, now: datetime) -> Changed:
    """Within ten minutes, and while nothing else was done to that clearance: it is as it was before."""
    if mark.undone_at:
        return Refused("already_undone")
    if now - mark.at > UNDO:
        return Refused("too_late_to_undo")
    if mark is not last_mark(case, mark.function):
        return Refused("changed_since")
    granted = {name: until for name, until in case.granted.items() if name != mark.function}
    if mark.was_granted:
        granted[mark.function] = mark.was_until
    others = {name for name in case.history.revoked if name != mark.function}
    revoked = tuple(sorted(others | ({mark.function} if mark.was_revoked else set())))
    marks = tuple(replace(m, undone_at=now) if m is mark else m for m in case.history.marks)
    return _remembering(replace(case, granted=granted), marks=marks, revoked=revoked)


def last_mark(case: MentorCase, function: str) -> Mark | None:
    """What a person did to it last, in the minutes in which it can be taken back."""
    return next((m for m in reversed(case.history.marks) if m.function == function and not m.undone_at), None)


def followed(case: MentorCase, now: datetime) -> MentorCase:
    """What follows by itself: functions without a sign-off come with their trainings, those of a match end with it."""
    if not case.enrolled or case.status == "left":
        return case
    granted = dict(case.granted)
    for function in vocabulary().functions.values():
        if function.per_match and _matches_over(case, now):
            granted.pop(function.code, None)
        elif not function.sign_off and (until := _earned(case, function, now)):
            granted[function.code] = until
    return case if granted == case.granted else replace(case, granted=granted)


def _matches_over(case: MentorCase, now: datetime) -> bool:
    today = now.astimezone(ZoneInfo(case.time_zone)).date().isoformat()
    return bool(case.matches) and all(match.ends_on is not None and match.ends_on < today for match in case.matches)


def _earned(case: MentorCase, function: Function, now: datetime) -> datetime | None:
    """Its new end, counted from the training that completed or refreshed it."""
    at = standing(case, function.code, now)
    if not at.due or at.lacks or at.state == "revoked":
        return None
    if at.state == "not_yet":
        since = max(case.history.trained[skill] for skill in function.skills)
    else:
        since = max(p.at for skill in function.skills if (p := case.history.practiced.get(skill)))
    until = ends(since, function, case.time_zone)
    return until if until and until > max(now, at.until or now) else None


def ends(since: datetime, function: Function, zone: str) -> datetime | None:
    """The last moment of the day that many months later, on the mentor's wall clock; None: it has no end of its own."""
    if function.months is None:
        return None
    day = since.astimezone(ZoneInfo(zone)).date()
    years, month = divmod(day.month - 1 + function.months, 12)
    year, month = day.year + years, month + 1
    last = date(year, month, min(day.day, monthrange(year, month)[1]))
    return datetime.combine(last, time.max, ZoneInfo(zone)).astimezone(UTC)


def listed(case: MentorCase, cleared: Any) -> MentorCase:
    """What a people's file says counts where it differs from what it said last: the same file again changes nothing."""
    before = case.history.listed
    news = {name: until for name, until in cleared.items() if name not in before or before[name] != until}
    revoked = tuple(name for name in case.history.revoked if name not in news)
    return _remembering(
        replace(case, granted={**case.granted, **news}), listed={**before, **cleared}, revoked=revoked
    )  # fmt: skip


def skill_of(event: TrainingAssigned) -> str:
    """Older events do not tell; modules that are shipped bear their skill's name."""
    named = event.module.module_id.rpartition("_")[0] if event.module else ""
    return event.skill or (named if named in vocabulary().skills else "")


def learned(case: MentorCase, training: Training) -> MentorCase:
    """A training that is done, and whose module is known."""
    if not training.skill or training.completed_at is None:
        return case
    last = max(training.completed_at, case.history.trained.get(training.skill, training.completed_at))
    return _remembering(case, trained={**case.history.trained, training.skill: last})


def practiced(case: MentorCase, event: ItemAnswered) -> MentorCase:
    known, at = case.history.practiced.get(event.skill), min(event.answered_at, event.received_at)
    if known is None:
        new = Practice(at)
    elif at > known.at + SAME_PRACTICE:
        new = Practice(at, known.at)
    elif at >= known.at - SAME_PRACTICE:
        new = Practice(max(at, known.at), known.before)
    else:
        new = Practice(known.at, max(at, known.before or at))
    return _remembering(case, practiced={**case.history.practiced, event.skill: new})


def _remembering(case: MentorCase, **changes: Any) -> MentorCase:
    return replace(case, history=replace(case.history, **changes))
