"""A question's key was wrong: the training that asked it is graded again, and keeps what was said before. Pure.

A result follows from what was chosen and from the newest correction alone, so the order in which corrections come cannot matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from services.assessment import domain
from services.assessment.domain import Decided, Facts
from services.assessment.messages import Answered, AnswerShown
from services.assessment.training import Correction, Training, Try
from shared.contracts.assessment import AnswerRegraded, TrainingCompleted
from shared.contracts.content import ItemCorrected, TrainingAssigned
from shared.contracts.event import Event, Refused, Sweep

Known = tuple[ItemCorrected, list[Sweep]] | Refused
At = tuple[int, str | None]  # a question, and the translation it was asked in; None: as assigned
Result = Literal["right", "wrong", "same", "not_answered"]


def told(known: ItemCorrected | None, event: ItemCorrected, now: datetime, _: object) -> Known:
    """The newest correction of a version's question stands; every training that asked it hears of it by a sweep."""
    if known and known.corrected_version >= event.corrected_version:
        return Refused("stale_revision")
    return event, [Sweep("training", event)]


def assigned(training: Training | None, event: TrainingAssigned, now: datetime, facts: Facts) -> Decided:
    """What was corrected before it was assigned is asked as it is right now."""
    decided = domain.assigned(training, event, now, facts)
    if isinstance(decided, Refused):
        return decided
    new, events = decided
    for correction in facts.corrections:
        for at in asked_at(new, correction, facts):
            new = replace(new, corrections=(*new.corrections, _noted(correction, at, "not_answered")))
    return new, events


def answered(training: Training | None, event: Answered | AnswerShown, now: datetime, facts: Facts) -> Decided:
    """By the version that its page showed, also where the phone held it back; then by what was corrected meanwhile, as the other
    answers were. So what the phone said of it and what stands here in the end differ by no more than the page tells."""
    if training is None or not facts.corrections:
        return _taken(training, event, now, facts)
    seen = domain.as_seen(training, event)
    decided = _taken(seen, event, now, facts)
    if isinstance(decided, Refused):
        return decided
    new, events = decided
    if new is seen:
        return training, []
    at = (event.number, domain.as_shown(training, event).language_at(event.number))
    again, told = _regraded(new, at, facts.corrections[0], now, facts)
    known = {this.attempt: this.correct for this in training.tries_at(event.number)}
    events += [one for one in told if known.get(one.attempt) != one.correct]
    if training.completed_at:  # it needed no retry any more
        return replace(again, completed_at=training.completed_at), [e for e in events if not isinstance(e, TrainingCompleted)]
    answered_at = domain.answered_at(training, event.answered_at, now)
    return (again, events) if again.completed_at else domain.completed(again, events, facts, answered_at, now)


def _taken(training: Training | None, event: Answered | AnswerShown, now: datetime, facts: Facts) -> Decided:
    if isinstance(event, AnswerShown):
        return domain.answer_shown(training, event, now, facts)
    return domain.answered(training, event, now, facts)


def corrected(training: Training | None, event: ItemCorrected, now: datetime, facts: Facts) -> Decided:
    """A sweep's step. Questions not answered yet are asked in the corrected version from now on: their options are the same."""
    if training is None:
        return Refused("not_assigned_yet")
    new, events = training, list[Event]()
    for at in asked_at(training, event, facts):
        newest = training.correction_of(*at)
        if newest is None or newest.corrected_version < event.corrected_version:
            new, told = _regraded(new, at, event, now, facts)
            events += told
    if new is training:
        return Refused("nothing_to_correct")
    session = domain.session_at(new, facts.sessions, now)
    if new.completed_at or new.opened_at is None or domain.closed(new, session, now):
        return new, events
    return domain.completed(new, events, facts, now, now)


def asked_at(training: Training, event: ItemCorrected, facts: Facts) -> list[At]:
    """The questions that are this item in the version and language that was wrong, as assigned or in a translation."""
    editions = zip(training.assigned.items, facts.editions, strict=True)
    found: list[At] = [(n, None) for n, (item, edition) in enumerate(editions, 1) if (item.item_id, edition) == _what(event)]
    for told in training.reading.translations:
        named = [(item.item_id, f"{item.module_id}/{item.locale}@{item.version}") if item else None for item in told.items]
        found += [(n, told.language) for n, each in enumerate(named, 1) if each == _what(event)]
    return found


def _what(event: ItemCorrected) -> tuple[str, str]:
    return event.item_id, event.edition


def _regraded(
    training: Training, at: At, event: ItemCorrected, now: datetime, facts: Facts
) -> tuple[Training, list[AnswerRegraded]]:
    number, language = at
    before = training.tries_at(number)
    after = graded(event, every_try(training, number), language)
    result = _result(read_in(language, as_answered(training, number)), read_in(language, after))
    noted = _noted(event, at, result, before if after != before else ())
    new = replace(training, tries=_in_place(training.tries, number, after), corrections=(*training.corrections, noted))
    was = {this.attempt: this for this in before}
    pairs = [(was[this.attempt], this) for this in after if this.attempt in was]
    changed = [(old, this) for old, this in pairs if old.correct != this.correct]
    return new, [_told(training, pair, event, now, facts) for pair in changed]


def read_in(language: str | None, tries: Iterable[Try]) -> tuple[Try, ...]:
    """Those that were made in this translation; None: in what was assigned."""
    return tuple(this for this in tries if this.language == language)


def every_try(training: Training, number: int) -> tuple[Try, ...]:
    """Also a retry that an earlier correction put aside."""
    found = {t.attempt: t for c in training.corrections if c.number == number for t in c.before}
    found |= {t.attempt: t for t in training.tries_at(number)}
    return tuple(found[attempt] for attempt in sorted(found))


def as_answered(training: Training, number: int) -> tuple[Try, ...]:
    """The tries as the mentor saw them when they were made."""
    return next((c.before for c in training.corrections if c.number == number and c.before), training.tries_at(number))


def _in_place(tries: Sequence[Try], number: int, after: Iterable[Try]) -> tuple[Try, ...]:
    again = {this.attempt: this for this in after}
    kept = [again.pop(t.attempt, None) if t.number == number else t for t in tries]
    return (*(t for t in kept if t), *again.values())


def graded(event: ItemCorrected, tries: Sequence[Try], language: str | None = None) -> tuple[Try, ...]:
    """By the corrected key, what was answered in its language. A right first try needs no retry; one that is wrong after all is
    not asked again today."""
    again = tuple(_graded(event, this) if this.language == language else this for this in tries)
    if not again or not again[0].correct:
        return again
    return (again[0].model_copy(update={"open": False}),)


def _graded(event: ItemCorrected, this: Try) -> Try:
    if this.shown:
        return this
    off = _off(event, this.chosen)
    mistakes = tuple(dict.fromkeys(code for option, code in event.mistakes.items() if option in off))
    return this.model_copy(update={"correct": not off, "mistakes": mistakes})


def _off(event: ItemCorrected, chosen: Sequence[str]) -> set[str]:
    """As in grading: wrongly chosen, left out, or out of place."""
    if event.kind == "order":
        return {right for right, said in zip(event.right, chosen, strict=False) if right != said}
    return set(chosen) ^ set(event.right)


def _result(before: Sequence[Try], after: Sequence[Try]) -> Result:
    if not before:
        return "not_answered"
    if before[0].correct == after[0].correct:
        return "same"
    return "right" if after[0].correct else "wrong"


def _noted(event: ItemCorrected, at: At, result: Result, before: Iterable[Try] = ()) -> Correction:
    number, language = at
    return Correction(
        number=number,
        language=language,
        module_id=event.module_id,
        item_id=event.item_id,
        locale=event.locale,
        corrected_version=event.corrected_version,
        result=result,
        reason=event.reason,
        corrected_at=event.corrected_at,
        before=tuple(before),
    )


def _told(training: Training, pair: tuple[Try, Try], event: ItemCorrected, now: datetime, facts: Facts) -> AnswerRegraded:
    a, (before, after) = training.assigned, pair
    return AnswerRegraded(
        mentor_id=a.mentor_id,
        site_id=a.site_id,
        session_id=a.session_id,
        starts_at=domain.starts_at(training, domain.session_at(training, facts.sessions, after.answered_at)),
        training_id=a.training_id,
        module_id=event.module_id,
        locale=event.locale,
        version=event.version,
        corrected_version=event.corrected_version,
        item_id=event.item_id,
        skill=event.skill,
        attempt=after.attempt,
        chosen=after.chosen,
        correct_before=before.correct,
        correct=after.correct,
        mistakes_before=before.mistakes,
        mistakes=after.mistakes,
        confidence=after.confidence,
        safety_critical=event.safety_critical,
        reason=event.reason,
        answered_at=after.answered_at,
        corrected_at=event.corrected_at,
        regraded_at=now,
    )
