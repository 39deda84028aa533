"""A question's key was corrected, and an answer counts differently now: holds, alerts and mistakes that rested on it. Pure.

What was wrong and is right lifts what it caused. What was right and is wrong holds and raises only where its session is still
to come; where the session is over, the question itself comes back before the next one (docs/decisions/0024).
"""

from dataclasses import replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.supervision import alerts, cases
from services.supervision.cases import Decided, Facts
from services.supervision.domain import Alert, Correction, Hold, MentorCase, Training
from services.supervision.rules import OFTEN, SAFETY_RULES, same_mistake_again
from shared.contracts.assessment import AnswerRegraded
from shared.contracts.event import Event, Refused

Held = Literal["lifted", "cleared", "none"]


def regraded(case: MentorCase | None, event: AnswerRegraded, now: datetime, facts: Facts) -> Decided:
    """The first try decides, as when it was answered."""
    if case is None:
        return Refused("unknown_answer")
    if event.attempt == 2:
        return cases.settled(case, cases.with_retry(case, cases.hold_id(event), "right" if event.correct else "wrong"), now)
    new, held = _with_hold(case, event, now) if event.safety_critical else (_with_mistakes(case, event, now), "none")
    if held != "none" or _acted_on(case, event, facts) or _told_before(case, event):
        new = _noted(new, event, held, now)
    new, told = _without_what_rested_on_it(new, event, now)
    return cases.settled(case, new, now, told)


def _with_hold(case: MentorCase, event: AnswerRegraded, now: datetime) -> tuple[MentorCase, Held]:
    hold = next((h for h in case.history.holds if h.hold_id == cases.hold_id(event)), None)
    if event.correct:
        if hold is None or hold.corrected_at:
            return case, "none"
        return _holding(case, replace(hold, corrected_at=now)), "cleared" if hold.cleared_at else "lifted"
    return (_holding(case, _missed(event, now)) if _to_come(case, event, now) else case), "none"


def _holding(case: MentorCase, hold: Hold) -> MentorCase:
    others = tuple(h for h in case.history.holds if h.hold_id != hold.hold_id)
    return cases.remembering(case, holds=(*others, hold))


def _to_come(case: MentorCase, event: AnswerRegraded, now: datetime) -> bool:
    id = case.session_at(event.training_id, event.session_id, now)
    session = case.session(id)
    return case.start_of(id, event.starts_at) > now and (session is None or session.on)


def _missed(event: AnswerRegraded, now: datetime) -> Hold:
    """Known from now on: `received_at` says so, whatever the phone's clock said when it was answered."""
    return Hold(
        hold_id=cases.hold_id(event),
        training_id=event.training_id,
        session_id=event.session_id,
        module_id=event.module_id,
        version=event.corrected_version,
        item_id=event.item_id,
        skill=event.skill,
        confidence=event.confidence,
        answered_at=event.answered_at,
        received_at=now,
        starts_at=event.starts_at,
        held_at=now,
    )


def _with_mistakes(case: MentorCase, event: AnswerRegraded, now: datetime) -> MentorCase:
    """Each question names the mistakes made in it once, so that taking one away leaves those of the others."""
    known = next((t for t in case.history.trainings if t.training_id == event.training_id), None)
    if known is None:
        return case
    item = f"{event.module_id}/{event.item_id}"
    if item in known.after_all:
        return _remembered(case, replace(known, after_all=tuple(one for one in known.after_all if one != item)))
    if not event.correct and not _to_come(case, event, now):
        return _remembered(case, replace(known, after_all=(*known.after_all, item)))
    made = list(known.made)
    for code in event.mistakes_before:
        if code in made:
            made.remove(code)
    new = replace(
        known,
        made=tuple(sorted((*made, *event.mistakes))),
        offered=tuple(sorted({*known.offered, *event.mistakes})),
    )
    return _remembered(case, new)


def _remembered(case: MentorCase, training: Training) -> MentorCase:
    known = case.history.trainings
    return cases.remembering(case, trainings=tuple(training if t.training_id == training.training_id else t for t in known))


def _acted_on(case: MentorCase, event: AnswerRegraded, facts: Facts) -> bool:
    """Somebody logged a contact about the session since, or took or closed an alert that rested on the answer."""
    if facts.talked_at and facts.talked_at > event.answered_at:
        return True
    if any(f"{rule}:{_evidence(event)}" in case.history.handled for rule in _rules(event)):
        return True
    return any(alert.acknowledged_at for alert in _alerts(case, event))


def _told_before(case: MentorCase, event: AnswerRegraded) -> bool:
    """Of an earlier correction of this question: what was said of it holds no longer."""
    item = f"{event.module_id}/{event.item_id}"
    return any((one.training_id, one.item) == (event.training_id, item) for one in case.history.corrections)


def _rules(event: AnswerRegraded) -> tuple[str, ...]:
    return SAFETY_RULES if event.safety_critical else (same_mistake_again.__name__,)


def _evidence(event: AnswerRegraded) -> str:
    return str(cases.hold_id(event) if event.safety_critical else event.training_id)


def _alerts(case: MentorCase, event: AnswerRegraded) -> list[Alert]:
    """Those still alive that rest on this answer, or on its training."""
    return [a for a in case.alerts if a.live and a.rule in _rules(event) and _evidence(event) in a.evidence]


def _noted(case: MentorCase, event: AnswerRegraded, held: Held, now: datetime) -> MentorCase:
    noted = Correction(
        training_id=event.training_id,
        session_id=event.session_id,
        item=f"{event.module_id}/{event.item_id}",
        corrected_version=event.corrected_version,
        correct=event.correct,
        hold=held,
        at=now,
    )
    others = tuple(c for c in case.history.corrections if (c.training_id, c.item) != (noted.training_id, noted.item))
    return cases.remembering(case, corrections=(*others, noted))


def _without_what_rested_on_it(case: MentorCase, event: AnswerRegraded, now: datetime) -> alerts.Told:
    events: list[Event] = []
    for alert in _alerts(case, event):
        if not stands(case, alert):
            case, told = alerts.resolved(case, alert, now, how="corrected")
            events += told
    return case, events


def stands(case: MentorCase, alert: Alert) -> bool:
    """Whether enough is left of the answers that an alert rests on."""
    if alert.rule in SAFETY_RULES:
        return any(str(hold.hold_id) in alert.evidence for hold in case.open_holds)
    if alert.rule != same_mistake_again.__name__:
        return True
    known: dict[UUID, Training] = {t.training_id: t for t in case.history.trainings}
    left = [id for id in map(UUID, alert.evidence) if id not in known or alert.subject in known[id].made]
    return len(left) >= OFTEN
