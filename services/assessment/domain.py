"""A training in progress and what a mentor does with it. Pure: `now` is an argument; nothing here waits or reads.

The first try counts, one retry follows; after the session has started nothing more is taken.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from services.assessment import grading, pace
from services.assessment.messages import (
    Answered,
    AnswerShown,
    CallPressed,
    LanguageChosen,
    OpenAnswered,
    ReadinessPressed,
    Started,
    TalkPreferred,
)
from services.assessment.training import Said, Sealed, Training, Try
from shared.contracts.assessment import (
    CallRequested,
    CompletedItem,
    ItemAnswered,
    OpenAnswer,
    ReadinessTold,
    TrainingCompleted,
    TrainingOpened,
)
from shared.contracts.content import AssignedItem, Item, ItemCorrected, TrainingAssigned, TrainingShared
from shared.contracts.event import Event, Refused
from shared.contracts.trigger import SessionPlanned

QUEUED_FOR = timedelta(hours=48)  # answers made offline before the start are taken this long after it


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision may look at besides its own training."""

    sessions: tuple[SessionPlanned, ...] = ()  # without one whose own event has not arrived
    item: Item | None = None  # the item of the question at hand; None: its module has not arrived
    locale: str | None = None  # of that item
    editions: tuple[str, ...] = ()  # by question: the catalogue's key of what was asked, as far as it is known
    corrections: tuple[ItemCorrected, ...] = ()  # of what is being assigned, or since the page of an answer was made


Decided = tuple[Training, list[Event]] | Refused


def assigned(training: Training | None, event: TrainingAssigned, now: datetime, facts: Facts) -> Decided:
    return Refused("already_assigned") if training else (Training(event), [])


def shared(training: Training | None, event: TrainingShared, now: datetime, facts: Facts) -> Decided:
    if training is None:
        return Refused("not_assigned_yet")
    known = event.session_id in training.session_ids
    return (training if known else replace(training, shared=(*training.shared, event.session_id))), []


def started(training: Training | None, event: Started, now: datetime, facts: Facts) -> Decided:
    if training is None:
        return Refused("not_assigned_yet")
    if training.opened_at:
        return training, []
    at = min(event.pressed_at or now, now)
    session = session_at(training, facts.sessions, at)
    if reason := closed(training, session, at) or queued_for_too_long(training, session, now):
        return Refused(reason)
    new = replace(training, opened_at=at, reading=training.reading.model_copy(update={"cards_version": event.cards_version}))
    return new, [opened(training, facts, at)]


def language_chosen(training: Training | None, event: LanguageChosen, now: datetime, facts: Facts) -> Decided:
    """Answers stay as they are. A translation that was answered in stays, too; else a newer one takes its place."""
    if training is None:
        return Refused("not_assigned_yet")
    kept = training.reading.translations
    if event.translation and not any(this.language == event.language for this in training.tries):
        kept = (*(one for one in kept if one.language != event.language), event.translation)
    changes = {"language": event.language, "translations": kept}
    return replace(training, reading=training.reading.model_copy(update=changes)), []


def as_shown(training: Training, event: object) -> Training:
    """In the language in which the page of an answer was read; one that does not say: in the one that was chosen last."""
    told = getattr(event, "shown_in", None)
    return training if told is None else training.read_in(told or None)


def as_seen(training: Training, event: object) -> Training:
    """The training that the page of an answer showed: before the corrections that came while it waited. Its tries at that
    question, too, stand as they stood then."""
    version, number = getattr(event, "version", None), getattr(event, "number", 0)
    later = as_shown(training, event).later_than(number, version) if version else ()
    if not later:
        return training
    stood = {t.attempt: t for t in training.tries_at(number)}
    for correction in reversed(later):
        stood |= {t.attempt: t for t in correction.before}
    others = tuple(t for t in training.tries if t.number != number)
    known = tuple(c for c in training.corrections if c not in later)
    return replace(training, tries=(*others, *(stood[n] for n in sorted(stood))), corrections=known)


def answered(training: Training | None, event: Answered, now: datetime, facts: Facts) -> Decided:
    if training is None or facts.item is None:
        return Refused("not_here_yet")
    if sent_before(training.tries, event):
        return training, []
    at = answered_at(training, event.answered_at, now)
    if reason := not_taken(training, event, facts, at, now):
        return Refused(reason)
    result = grading.grade(facts.item, event.chosen)
    this = Try(
        number=event.number,
        attempt=event.attempt,
        chosen=event.chosen,
        confidence=event.confidence if event.attempt == 1 else None,
        correct=result.correct,
        open=event.attempt == 1 and not result.correct and grading.may_retry(facts.item),
        mistakes=result.mistakes,
        answered_at=at,
        request_id=event.request_id,
        language=as_shown(training, event).language_at(event.number),
        seconds=pace.seconds(event.shown_at, at) if event.attempt == 1 else None,
    )
    return after(training, this, facts.item, facts, now)


def answer_shown(training: Training | None, event: AnswerShown, now: datetime, facts: Facts) -> Decided:
    """Asking for the answer is the second try, and counts as not recovered."""
    if training is None or facts.item is None:
        return Refused("not_here_yet")
    if sent_before(training.tries, event):
        return training, []
    at = answered_at(training, event.answered_at, now)
    if reason := too_late(training, facts, at, now) or wrong_turn(training, event.number, 2):
        return Refused(reason)
    language = as_shown(training, event).language_at(event.number)
    this = Try(
        number=event.number,
        attempt=2,
        correct=False,
        shown=True,
        answered_at=at,
        request_id=event.request_id,
        language=language,
    )
    return after(training, this, facts.item, facts, now)


def open_answered(training: Training | None, event: OpenAnswered, now: datetime, facts: Facts) -> Decided:
    return _say(training, event, now, facts, Sealed(key_id=event.key_id, sealed=event.sealed))


def talk_preferred(training: Training | None, event: TalkPreferred, now: datetime, facts: Facts) -> Decided:
    return _say(training, event, now, facts, None)


def readiness_pressed(training: Training | None, event: ReadinessPressed, now: datetime, facts: Facts) -> Decided:
    """Once it is done, as often as it changes, until the session."""
    if training is None or training.completed_at is None:
        return Refused("not_completed")
    session = session_at(training, facts.sessions, now)
    if reason := closed(training, session, now):
        return Refused(reason)
    if training.ready == event.ready:
        return training, []
    a = training.assigned
    told = ReadinessTold(
        mentor_id=a.mentor_id,
        site_id=a.site_id,
        session_id=a.session_id,
        starts_at=starts_at(training, session),
        training_id=a.training_id,
        ready=event.ready,
        at=now,
    )
    return replace(training, ready=event.ready), [told]


def call_pressed(training: Training | None, event: CallPressed, now: datetime, facts: Facts) -> Decided:
    """Taken at any time, closed or not: a call for help has no deadline."""
    if training is None:
        return Refused("not_assigned_yet")
    a = training.assigned
    told = CallRequested(mentor_id=a.mentor_id, site_id=a.site_id, session_id=a.session_id, kind=event.kind, pressed_at=now)
    return training, [told]


def _say(
    training: Training | None, event: OpenAnswered | TalkPreferred, now: datetime, facts: Facts, text: Sealed | None
) -> Decided:
    if training is None or facts.item is None:
        return Refused("not_here_yet")
    if sent_before(training.said, event):
        return training, []
    at = answered_at(training, event.answered_at, now)
    if reason := too_late(training, facts, at, now):
        return Refused(reason)
    if training.said_at(event.number) or facts.item.kind != "open":
        return Refused("already_answered" if facts.item.kind == "open" else "not_an_open_question")
    state: Literal["written", "rather_talk"] = "written" if text else "rather_talk"
    said = Said(number=event.number, item_id=facts.item.id, state=state, answered_at=at, request_id=event.request_id, text=text)
    return completed(replace(training, said=(*training.said, said)), [], facts, at, now)


def sent_before(known: Iterable[Try | Said], event: Answered | AnswerShown | OpenAnswered | TalkPreferred) -> bool:
    """The same form once more: from the page, whose answer was lost on the way, and from what the phone kept."""
    return any(one.number == event.number and one.request_id == event.request_id for one in known)


def after(training: Training, this: Try, item: Item, facts: Facts, now: datetime) -> Decided:
    """The training with this try in it, what everybody else is told, and the end when it was the last."""
    told = item_answered(training, this, item, facts, now)
    return completed(replace(training, tries=(*training.tries, this)), [told], facts, this.answered_at, now)


def completed(training: Training, events: list[Event], facts: Facts, at: datetime, now: datetime) -> Decided:
    numbers = range(1, len(training.assigned.items) + 1)
    if not all(training.settled(number) for number in numbers):
        return training, events
    training = replace(training, completed_at=at)
    return training, [*events, training_completed(training, facts, at, now)]


def session_at(training: Training, sessions: Iterable[SessionPlanned], at: datetime) -> SessionPlanned | None:
    """The one that the training is for: of those that take place the first to come, else the last; none known: None."""
    known = sorted(sessions, key=lambda s: (s.starts_at, s.session_id.bytes))
    taking_place = [s for s in known if not off(training, s)] or known
    return next((s for s in taking_place if s.starts_at > at), taking_place[-1] if known else None)


def off(training: Training, session: SessionPlanned) -> bool:
    """Also when it is another mentor's by now."""
    return session.status in ("cancelled", "moved_away") or session.mentor_id != training.assigned.mentor_id


def closed(training: Training, session: SessionPlanned | None, now: datetime) -> str | None:
    """Why nothing more can be answered, or None."""
    if session and off(training, session):
        return "session_canceled"
    return "session_started" if starts_at(training, session) <= now else None


def too_late(training: Training, facts: Facts, at: datetime, now: datetime) -> str | None:
    if training.opened_at is None:
        return "not_started"
    session = session_at(training, facts.sessions, at)
    return closed(training, session, at) or queued_for_too_long(training, session, now)


def queued_for_too_long(training: Training, session: SessionPlanned | None, now: datetime) -> str | None:
    return "session_started" if now - starts_at(training, session) > QUEUED_FOR else None


def not_taken(training: Training, event: Answered, facts: Facts, at: datetime, now: datetime) -> str | None:
    if reason := too_late(training, facts, at, now) or wrong_turn(training, event.number, event.attempt):
        return reason
    tried = training.tries_at(event.number)[0].chosen if event.attempt == 2 else ()
    fits = facts.item is not None and grading.acceptable(facts.item, event.chosen, tried)
    return None if fits else "no_such_option"


def wrong_turn(training: Training, number: int, attempt: int) -> str | None:
    tries = training.tries_at(number)
    if attempt == 1:
        return "already_answered" if tries else None
    if not tries:
        return "no_first_try"
    return None if tries[-1].open else "already_answered"


def answered_at(training: Training, told: datetime | None, now: datetime) -> datetime:
    """The phone's clock is believed between the opening and now, and no further."""
    return min(max(told or now, training.opened_at or now), now)


def starts_at(training: Training, session: SessionPlanned | None) -> datetime:
    return session.starts_at if session else training.assigned.starts_at


def quiz_by(training: Training, session: SessionPlanned | None) -> datetime:
    return session.quiz_by if session else training.assigned.quiz_by


def opened(training: Training, facts: Facts, now: datetime) -> TrainingOpened:
    a = training.assigned
    return TrainingOpened(
        mentor_id=a.mentor_id,
        site_id=a.site_id,
        session_id=a.session_id,
        training_id=a.training_id,
        starts_at=starts_at(training, session_at(training, facts.sessions, now)),
        opened_at=now,
    )


def item_answered(training: Training, this: Try, item: Item, facts: Facts, now: datetime) -> ItemAnswered:
    a, ref = training.assigned, ref_of(training.read_in(this.language), this.number)
    session = session_at(training, facts.sessions, this.answered_at)
    return ItemAnswered(
        mentor_id=a.mentor_id,
        site_id=a.site_id,
        session_id=a.session_id,
        starts_at=starts_at(training, session),
        training_id=a.training_id,
        module_id=ref.module_id,
        version=ref.version,
        item_id=ref.item_id,
        skill=item.skill,
        kind=item.kind,
        attempt=this.attempt,
        chosen=this.chosen,
        shown=this.shown,
        correct=this.correct,
        mistakes=this.mistakes,
        offered_mistakes=grading.mistakes_offered(item),
        confidence=this.confidence,
        safety_critical=item.safety,
        answered_at=this.answered_at,
        received_at=now,
        late=now > quiz_by(training, session),
        locale=facts.locale,
        returning=came_back(training, ref),
        seconds=this.seconds,
    )


def training_completed(training: Training, facts: Facts, at: datetime, now: datetime) -> TrainingCompleted:
    a, session = training.assigned, session_at(training, facts.sessions, at)
    return TrainingCompleted(
        mentor_id=a.mentor_id,
        site_id=a.site_id,
        session_id=a.session_id,
        starts_at=starts_at(training, session),
        training_id=a.training_id,
        items=tuple(_completed_item(training, t) for t in training.tries if t.attempt == 1),
        open_answers=tuple(OpenAnswer(item_id=s.item_id, state=s.state) for s in training.said),
        completed_at=at,
        late=now > quiz_by(training, session),
        module_id=a.module.module_id if a.module else None,
        version=a.module.version if a.module else None,
        locale=a.locale,
    )


def _completed_item(training: Training, first: Try) -> CompletedItem:
    ref, last = ref_of(training.read_in(None), first.number), training.tries_at(first.number)[-1]
    return CompletedItem(
        module_id=ref.module_id,
        version=ref.version,
        item_id=ref.item_id,
        first_try=first.correct,
        recovered=last.attempt == 2 and last.correct,
        returning=came_back(training, ref),
    )


def came_back(training: Training, ref: AssignedItem) -> bool:
    """From an earlier training: it was missed there, or a recall asks it, which has no questions of its own."""
    return ref.returning or training.assigned.module is None


def ref_of(training: Training, number: int) -> AssignedItem:
    return training.current.items[number - 1]
