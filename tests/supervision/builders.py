"""One mentor of one site, and events about them: each builder makes a whole event, changed where a test says so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.supervision import cases, check_ins, contacts, regrades, signing
from services.supervision.domain import Alert, MentorCase
from services.supervision.messages import (
    AlertClosed,
    AlertLetGo,
    AlertLookedAt,
    AlertPassedOn,
    AlertTaken,
    AlertUnheard,
    ClearanceRevoked,
    ClearanceSignedOff,
    ClearanceUndone,
    ContactMade,
    ContactUndone,
    LinksRevoked,
    PersonLeft,
    PersonListed,
    SupervisorLeft,
)
from shared.contracts import ids
from shared.contracts.assessment import (
    AnswerRegraded,
    CallRequested,
    CheckInSubmitted,
    ItemAnswered,
    TrainingCompleted,
    TrainingOpened,
)
from shared.contracts.content import AssignedItem, ModuleRef, TrainingAssigned, TrainingShared
from shared.contracts.event import Due, Event, Refused
from shared.contracts.trigger import SessionBroughtBack, SessionCalledOff, SessionPlanned, TrainingOverdue

SITE = "eastfield"
START = datetime(2026, 11, 26, 22, tzinfo=UTC)  # a Thursday, 4:00 pm in Chicago
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
MENTOR = ids.mentor(SITE, "marcus")
SUPERVISOR = ids.supervisor(SITE, "dana")
LEAD = ids.supervisor(SITE, "priya")
SESSION, TRAINING, SECOND = UUID(int=11), UUID(int=21), UUID(int=12)
YEAR = START + 300 * DAY
BOTH_BASE: dict[str, datetime | None] = {"relationship_building": YEAR, "safeguarding_first_response": YEAR}


def of(number: int) -> dict[str, Any]:
    """Session, training and start of the mentor's nth weekly session."""
    return {
        "session_id": UUID(int=10 + number),
        "training_id": UUID(int=20 + number),
        "starts_at": START + (number - 1) * 7 * DAY,
    }


def listed(**changes: Any) -> PersonListed:
    values = {
        "site_id": SITE, "reference": "marcus", "role": "mentor", "name": "Marcus Bell", "supervisor_reference": "dana",
        "time_zone": "America/Chicago", "locale": "en", "match_started_on": "2026-09-01", "cleared": BOTH_BASE,
    }  # fmt: skip
    return PersonListed(**values | changes)


def planned(**changes: Any) -> SessionPlanned:
    starts_at = changes.get("starts_at", START)
    values = {
        "session_id": SESSION, "site_id": SITE, "mentor_id": MENTOR, "starts_at": starts_at, "time_zone": "America/Chicago",
        "minutes": 45, "activity": "relationship_activity", "function": "relationship_building",
        "quiz_by": starts_at - 3 * HOUR, "revision": 1,
    }  # fmt: skip
    return SessionPlanned(**values | changes)


def assigned(**changes: Any) -> TrainingAssigned:
    starts_at = changes.get("starts_at", START)
    values = {
        "training_id": TRAINING, "session_id": SESSION, "mentor_id": MENTOR, "site_id": SITE, "starts_at": starts_at,
        "time_zone": "America/Chicago", "locale": "en", "kind": "module", "quiz_by": starts_at - 3 * HOUR, "reasons": (),
        "module": ModuleRef(module_id="crisis_response_1", version=1),
        "items": (AssignedItem(module_id="crisis_response_1", version=1, item_id="q1"),),
    }  # fmt: skip
    return TrainingAssigned(**values | changes)


def shared(**changes: Any) -> TrainingShared:
    """The same training for a second session on that day, four hours later."""
    starts_at = changes.get("starts_at", START + 4 * HOUR)
    values = {
        "training_id": TRAINING, "session_id": SECOND, "mentor_id": MENTOR, "site_id": SITE, "starts_at": starts_at,
        "quiz_by": starts_at - 3 * HOUR,
    }  # fmt: skip
    return TrainingShared(**values | changes)


def opened(**changes: Any) -> TrainingOpened:
    return TrainingOpened(**_of_training() | {"opened_at": START - 5 * HOUR} | changes)


def answered(**changes: Any) -> ItemAnswered:
    """A safety question, wrong at the first try, and sure of it."""
    values = _of_training() | {
        "module_id": "crisis_response_1", "version": 1, "item_id": "q1", "skill": "crisis_response", "kind": "single",
        "attempt": 1, "chosen": ("b",), "correct": False, "mistakes": ("promises_secrecy",), "confidence": "sure",
        "offered_mistakes": ("promises_secrecy", "leaves_alone"), "safety_critical": True, "answered_at": START - 4 * HOUR,
        "received_at": START - 4 * HOUR,
    }  # fmt: skip
    return ItemAnswered(**values | changes)


def mistaken(code: str, number: int, *, wrong: bool = True, **changes: Any) -> ItemAnswered:
    """An ordinary question of the nth training, that offers one mistake."""
    values: dict[str, Any] = of(number) | {
        "module_id": "open_questions_1", "skill": "open_questions", "safety_critical": False, "correct": not wrong,
        "mistakes": (code,) if wrong else (), "offered_mistakes": (code,),
    }  # fmt: skip
    return answered(**values | changes)


def regraded(answer: ItemAnswered, **changes: Any) -> AnswerRegraded:
    """The other way round than it was answered; an ordinary mistake comes or goes with it."""
    names = ("mentor_id", "site_id", "session_id", "starts_at", "training_id", "module_id", "version", "item_id", "skill",
             "attempt", "chosen", "confidence", "safety_critical", "answered_at")  # fmt: skip
    values = {name: getattr(answer, name) for name in names} | {
        "locale": "en", "corrected_version": answer.version + 1, "correct_before": answer.correct, "correct": not answer.correct,
        "mistakes_before": answer.mistakes, "mistakes": answer.offered_mistakes[:1] if answer.correct else (),
        "reason": "The second answer keeps the young person safe, too.", "corrected_at": answer.received_at + HOUR,
        "regraded_at": answer.received_at + HOUR,
    }  # fmt: skip
    return AnswerRegraded(**values | changes)


def completed(**changes: Any) -> TrainingCompleted:
    return TrainingCompleted(**_of_training() | {"items": (), "completed_at": START - 4 * HOUR} | changes)


def overdue(**changes: Any) -> TrainingOverdue:
    starts_at = changes.get("starts_at", START)
    values = _of_training() | {"assigned_at": starts_at - DAY, "activity": "relationship_activity"}
    return TrainingOverdue(**values | changes)


def call(**changes: Any) -> CallRequested:
    values: dict[str, Any] = {"mentor_id": MENTOR, "site_id": SITE, "kind": "now", "pressed_at": START - 6 * HOUR}
    return CallRequested(**values | changes)


def checked_in(*, steps: dict[str, str] | None = None, **changes: Any) -> CheckInSubmitted:
    """An hour after the session's end, all well. `steps`: by code; a time together has three."""
    starts_at = changes.get("starts_at", START)
    at = starts_at + 2 * HOUR
    done = {"let_them_choose": "did", "asked_one_open_question": "did", "agreed_next_meeting": "did"} if steps is None else steps
    values = {
        "mentor_id": MENTOR, "site_id": SITE, "session_id": SESSION, "starts_at": starts_at, "activity": "relationship_activity",
        "happened": True, "steps": tuple({"step": step, "skill": "showing_up", "done": said} for step, said in done.items()),
        "wants_to_talk": "no", "sent_at": at, "at": at, "revision": 1,
    }  # fmt: skip
    return CheckInSubmitted(**values | changes)


def contact(**changes: Any) -> ContactMade:
    values: dict[str, Any] = {
        "mentor_id": MENTOR, "site_id": SITE, "session_id": SESSION, "outcome": "talked", "by": SUPERVISOR,
        "request_id": UUID(int=31),
    }  # fmt: skip
    return ContactMade(**values | changes)


def undone(**changes: Any) -> ContactUndone:
    return ContactUndone(**{"mentor_id": MENTOR, "contact_id": UUID(int=31), "by": SUPERVISOR} | changes)


def taken(alert: Alert, by: UUID = SUPERVISOR) -> AlertTaken:
    return AlertTaken(mentor_id=MENTOR, alert_id=alert.alert_id, by=by)


def let_go(alert: Alert, by: UUID = SUPERVISOR) -> AlertLetGo:
    return AlertLetGo(mentor_id=MENTOR, alert_id=alert.alert_id, by=by)


def looked_at(alert: Alert, by: UUID = SUPERVISOR) -> AlertLookedAt:
    return AlertLookedAt(mentor_id=MENTOR, alert_id=alert.alert_id, by=by)


def unheard(alert: Alert, with_role: str = "") -> AlertUnheard:
    return AlertUnheard(mentor_id=MENTOR, alert_id=alert.alert_id, with_role=with_role or alert.with_role)


def passed_on(alert: Alert, by: UUID = SUPERVISOR) -> AlertPassedOn:
    return AlertPassedOn(mentor_id=MENTOR, alert_id=alert.alert_id, by=by)


def closed(alert: Alert, note: str = "We talked it through.", by: UUID = SUPERVISOR) -> AlertClosed:
    return AlertClosed(mentor_id=MENTOR, alert_id=alert.alert_id, by=by, note=note)


def _of_training() -> dict[str, Any]:
    return {"mentor_id": MENTOR, "site_id": SITE, "session_id": SESSION, "training_id": TRAINING, "starts_at": START}


class Story:
    """A case lived through: events at their times, deadlines as they come; `told` is everything that was said."""

    def __init__(self, *events: Event, at: datetime = START - DAY, lead: UUID | None = LEAD) -> None:
        self.case: MentorCase | None = None
        self.told: list[Event] = []
        self.facts = cases.Facts(lead)
        self.now = at
        self.happens(*events)

    def happens(self, *events: Event, at: datetime | None = None) -> "Story":
        self.now = at or self.now
        for event in events:
            refused = self.tries(event)
            assert refused is None, refused
        return self

    def tries(self, event: Event, at: datetime | None = None) -> Refused | None:
        self.now = at or self.now
        result = DECIDE[type(event)](self.case, event, self.now, self.facts)
        if isinstance(result, Refused):
            return result
        self.case, told = result
        self.told += told
        return None

    def until(self, at: datetime) -> "Story":
        """Lets every clock come that comes by then, each on time."""
        while self.case and self.case.due_at and self.case.due_at <= at:
            self.now = max(self.now, self.case.due_at)
            result = cases.due(self.case, Due(), self.now, self.facts)
            assert not isinstance(result, Refused)
            assert result[0].due_at is None or result[0].due_at > self.now
            self.case, told = result
            self.told += told
        self.now = at
        return self

    @property
    def live(self) -> list[Alert]:
        assert self.case
        return [alert for alert in self.case.alerts if alert.live]

    @property
    def rules(self) -> list[str]:
        return sorted(alert.rule for alert in self.live)

    def alert(self, rule: str) -> Alert:
        assert self.case
        return next(alert for alert in reversed(self.case.alerts) if alert.rule == rule)

    def said(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]


DECIDE: dict[type[Event], Any] = {
    PersonListed: cases.listed,
    PersonLeft: cases.left,
    SupervisorLeft: cases.supervisor_left,
    SessionPlanned: cases.planned,
    SessionCalledOff: cases.called_off,
    SessionBroughtBack: cases.brought_back,
    TrainingAssigned: cases.assigned,
    TrainingShared: cases.shared,
    TrainingOverdue: cases.overdue,
    TrainingOpened: cases.opened,
    ItemAnswered: cases.answered,
    AnswerRegraded: regrades.regraded,
    TrainingCompleted: cases.completed,
    CallRequested: cases.call_requested,
    CheckInSubmitted: check_ins.submitted,
    LinksRevoked: cases.links_revoked,
    AlertLookedAt: cases.looked_at,
    AlertUnheard: cases.unheard,
    AlertTaken: cases.taken,
    AlertLetGo: cases.let_go,
    AlertPassedOn: cases.passed_on,
    AlertClosed: cases.closed,
    ContactMade: contacts.made,
    ContactUndone: contacts.undone,
    ClearanceSignedOff: signing.signed_off,
    ClearanceRevoked: signing.revoked,
    ClearanceUndone: signing.undone,
}


def settled(case: MentorCase) -> MentorCase:
    """A case without what tells when and in which order its facts came: an alert that came and went by itself, for one."""
    alerts = sorted((replace(a, raised_at=START) for a in case.alerts if a.live), key=lambda a: a.alert_id)
    history = replace(
        case.history,
        sessions=tuple(sorted(case.history.sessions, key=lambda s: s.session_id)),
        trainings=tuple(sorted(case.history.trainings, key=lambda t: t.training_id)),
        holds=tuple(sorted(case.history.holds, key=lambda h: h.hold_id)),
    )
    return replace(case, alerts=tuple(alerts), history=history, changes=(), entries=(), revision=0)
