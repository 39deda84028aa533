"""What happens to one mentor in one week: events with their times, drawn by the rates."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from services.supervision.domain import MentorCase
from shared.contracts import ids
from shared.contracts.event import Event
from tests.simulation.rates import Rates
from tests.supervision import builders as make

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CODES = ("closed_question", "stacked_questions", "gives_advice_first", "promises_secrecy", "talks_over")
STEPS = ("let_them_choose", "asked_one_open_question", "agreed_next_meeting")
Timed = tuple[datetime, Event]


def happenings(case: MentorCase, week: int, monday: datetime, rates: Rates, draw: Random) -> Iterator[Timed]:
    """Of a mentor with a match, in a week of term."""
    if draw.random() >= rates.with_session:
        return
    starts_at = monday + draw.randrange(5) * DAY + timedelta(hours=14, minutes=15 * draw.randrange(20))
    about = {"mentor_id": case.mentor_id, "session_id": ids.after(case.mentor_id, f"s{week}"), "starts_at": starts_at}
    activity, function = _plan(rates, draw)
    yield starts_at - 6 * DAY, make.planned(**about, activity=activity, function=function)
    yield from _training(about, week, rates, draw)
    missing = rates.missed_after_missed if _missed_before(case, starts_at) else rates.missed_session
    if draw.random() < missing:
        late = draw.random() < 0.5
        status, at = ("not_held", starts_at + 2 * HOUR) if late else ("cancelled", starts_at - draw.randrange(1, 30) * HOUR)
        yield at, make.planned(**about, activity=activity, function=function, status=status, revision=2)
        return
    yield starts_at + 2 * HOUR, make.planned(**about, activity=activity, function=function, status="held", revision=2)
    if draw.random() < rates.check_in:
        yield _check_in(about, rates, draw)
    yield from _calls(about, rates, draw)


def _plan(rates: Rates, draw: Random) -> tuple[str, str]:
    lot = draw.random()
    if lot < rates.out_of_scope:
        return "risk_assessment", "risk_assessment"
    if lot < rates.out_of_scope + rates.uncleared:
        return "check_in", "social_emotional_check_in"
    return "relationship_activity", "relationship_building"


def _training(about: dict[str, Any], week: int, rates: Rates, draw: Random) -> Iterator[Timed]:
    starts_at, training_id = about["starts_at"], ids.after(about["mentor_id"], f"t{week}")
    of = about | {"training_id": training_id}
    yield starts_at - DAY, make.assigned(**of)
    if draw.random() < rates.not_done:
        yield starts_at - 3 * HOUR, make.overdue(**of)
        return
    at = starts_at - timedelta(hours=draw.uniform(3.2, 22))
    made = tuple(code for code in CODES if draw.random() < rates.mistake)
    ordinary = {"module_id": "open_questions_1", "skill": "open_questions", "safety_critical": False, "confidence": "think_so"}
    yield (
        at,
        make.answered(**of, **ordinary, correct=not made, mistakes=made, offered_mistakes=CODES, answered_at=at, received_at=at),
    )
    if draw.random() < rates.safety_question and draw.random() < rates.safety_missed:
        sure = "sure" if draw.random() < rates.certain else "guess"
        yield at, make.answered(**of, confidence=sure, answered_at=at, received_at=at)
    yield at + timedelta(minutes=4), make.completed(**of, completed_at=at)


def _check_in(about: dict[str, Any], rates: Rates, draw: Random) -> Timed:
    at, lot = about["starts_at"] + 2 * HOUR + timedelta(minutes=5), draw.random()
    talk = "today" if lot < rates.talk_today else "week" if lot < rates.talk_today + rates.talk_within_the_week else "no"
    steps = {step: "no" if draw.random() < rates.step_not_done else "did" for step in STEPS}
    return at, make.checked_in(**about, steps=steps, wants_to_talk=talk, at=at, sent_at=at)


def _calls(about: dict[str, Any], rates: Rates, draw: Random) -> Iterator[Timed]:
    at = about["starts_at"] + 3 * HOUR
    for kind, rate in (("now", rates.call_now), ("can_wait", rates.call_can_wait)):
        if draw.random() < rate:
            yield at, make.call(mentor_id=about["mentor_id"], kind=kind, pressed_at=at)


def _missed_before(case: MentorCase, starts_at: datetime) -> bool:
    past = [s for s in case.history.sessions if s.starts_at < starts_at]
    return bool(past) and max(past, key=lambda s: s.starts_at).status in ("cancelled", "not_held")


def goodbye(mentor_id: UUID, at: datetime) -> Event:
    return make.planned(mentor_id=mentor_id, session_id=ids.after(mentor_id, "goodbye"), starts_at=at, activity="goodbye")
