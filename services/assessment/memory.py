"""What a mentor remembers of one skill: FSRS with fractional days, and the misses that are still open. Pure.

One review per training, rated by the lowest of its first tries; retries never change it. A miss stays open until the item
is right at the first try in a later session (docs/evidence.md L7, L8).
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from fsrs import Card, Rating, Scheduler

from shared.contracts import ids
from shared.contracts.assessment import (
    AnswerRegraded,
    Confidence,
    Done,
    ItemAnswered,
    OpenMiss,
    SkillRemembered,
    recall_after,
)
from shared.contracts.event import Event, Part, Refused


class First(Part):
    """One first try, by itself: what a corrected key changes. None: it was kept before these were kept."""

    module_id: str
    item_id: str
    rating: int
    session_id: UUID | None = None
    at: datetime | None = None


class Review(Part):
    """One training's first tries on this skill: the lowest rating (1 Again to 4 Easy), the latest answer."""

    training_id: UUID
    rating: int
    at: datetime
    firsts: tuple[First, ...] = ()


class Checked(Part):
    """What one session's check-in said of a planned step. `done` None: it was taken back."""

    step: str
    session_id: UUID
    starts_at: datetime
    done: Done | None
    revision: int


@dataclass(frozen=True, slots=True)
class Skill:
    mentor_id: UUID
    site_id: str
    skill: str
    reviews: tuple[Review, ...] = ()
    open_misses: tuple[OpenMiss, ...] = ()
    revision: int = 0
    steps: tuple[Checked, ...] = ()

    @property
    def id(self) -> UUID:
        return skill_id(self.mentor_id, self.skill)


@dataclass(frozen=True, slots=True)
class Strength:
    stability: float
    difficulty: float
    reviewed_at: datetime


class FractionalDays(Scheduler):
    """FSRS 6 as published, but recall is not floored to whole days."""

    def get_card_retrievability(self, card: Card, current_datetime: datetime | None = None) -> float:
        if card.last_review is None or card.stability is None or current_datetime is None:
            return 0.0
        days = (current_datetime - card.last_review).total_seconds() / 86_400
        return recall_after(days, card.stability, DECAY)


MODEL = FractionalDays(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
DECAY = MODEL.parameters[20]

Decided = tuple[Skill, list[Event]] | Refused


def skill_id(mentor_id: UUID, skill: str) -> UUID:
    return ids.after(mentor_id, f"skill/{skill}")


def item_answered(skill: Skill | None, event: ItemAnswered, now: datetime, facts: object = None) -> Decided:
    """Our own event, read back from our topic: the same answers build the same memory. What a phone kept for days is told
    after answers that were given later, so the order in which trainings are told does not matter."""
    before = skill or Skill(event.mentor_id, event.site_id, event.skill)
    if event.attempt == 2:
        return retried(before, event)
    reviews = reviewed(before.reviews, event)
    return told(replace(before, reviews=reviews, open_misses=misses(reviews, before.open_misses, event)))


def retried(skill: Skill, event: ItemAnswered) -> Decided:
    """A retry says only whether the miss of this session was recovered."""
    open_misses = tuple(
        miss.model_copy(update={"recovered": True}) if event.correct and _same_try(miss, event) else miss
        for miss in skill.open_misses
    )
    if open_misses == skill.open_misses:
        return Refused("nothing_to_remember")
    return told(replace(skill, open_misses=open_misses))


def reviewed(reviews: tuple[Review, ...], event: ItemAnswered) -> tuple[Review, ...]:
    first = _first(event)
    this = Review(training_id=event.training_id, rating=first.rating, at=event.answered_at, firsts=(first,))
    others = tuple(review for review in reviews if review.training_id != event.training_id)
    for review in reviews:
        if review.training_id == event.training_id:
            lowest, latest = min(this.rating, review.rating), max(this.at, review.at)
            this = this.model_copy(update={"rating": lowest, "at": latest, "firsts": (*review.firsts, first)})
    return tuple(sorted((*others, this), key=lambda review: (review.at, review.training_id)))


def answer_regraded(skill: Skill | None, event: AnswerRegraded, now: datetime, facts: object = None) -> Decided:
    """The memory as if the corrected key had been there from the beginning; its reviews are all replayed.

    Reviews from before single tries were kept take the corrected try's rating as their own: less than the truth is not known.
    """
    if skill is None:
        return Refused("nothing_to_remember")
    if event.attempt == 2:
        open_misses = tuple(
            miss.model_copy(update={"recovered": event.correct}) if _same_try(miss, event) else miss for miss in skill.open_misses
        )
        changed = replace(skill, open_misses=open_misses)
    else:
        reviews = tuple(_rated_again(r, event) if r.training_id == event.training_id else r for r in skill.reviews)
        changed = replace(skill, reviews=reviews, open_misses=_after_regrade(reviews, skill.open_misses, event))
    return Refused("nothing_to_remember") if changed == skill else told(changed)


def _rated_again(review: Review, event: AnswerRegraded) -> Review:
    new = _first(event)
    same = [(first.module_id, first.item_id) == (new.module_id, new.item_id) for first in review.firsts]
    firsts = tuple(new if here else first for here, first in zip(same, review.firsts, strict=True)) if any(same) else (new,)
    return review.model_copy(update={"rating": min(first.rating for first in firsts), "firsts": firsts})


def _after_regrade(reviews: tuple[Review, ...], open_misses: tuple[OpenMiss, ...], event: AnswerRegraded) -> tuple[OpenMiss, ...]:
    """Right after all: the miss was none. Wrong after all: as if it had been told so at first."""
    after = misses(reviews, open_misses, event)
    return tuple(miss for miss in after if not _same_try(miss, event)) if event.correct else after


def _first(event: ItemAnswered | AnswerRegraded) -> First:
    rated = rating(event.correct, event.confidence)
    return First(
        module_id=event.module_id, item_id=event.item_id, rating=rated, session_id=event.session_id, at=event.answered_at
    )


def rating(correct: bool, confidence: Confidence | None) -> int:
    if not correct:
        return Rating.Again
    match confidence:
        case "guess":
            return Rating.Hard
        case "sure":
            return Rating.Easy
        case _:
            return Rating.Good


def misses(
    reviews: tuple[Review, ...], open_misses: tuple[OpenMiss, ...], event: ItemAnswered | AnswerRegraded
) -> tuple[OpenMiss, ...]:
    """A wrong first try opens a miss in place of an older one of the item; a right one closes it in a later session.

    `reviews`: with this event. They know what was told before this answer and given after it.
    """
    if event.correct:
        return tuple(miss for miss in open_misses if not (_same_item(miss, event) and _later(miss, event)))
    others = tuple(miss for miss in open_misses if not _same_item(miss, event))
    newer = any(miss.missed_at >= event.answered_at for miss in open_misses if _same_item(miss, event))
    return open_misses if newer or _met_since(reviews, event) else (*others, _missed(event))


def _met_since(reviews: tuple[Review, ...], event: ItemAnswered | AnswerRegraded) -> bool:
    """Whether the item was missed again after this answer, or right in a later session."""
    tries = ((review, first) for review in reviews for first in review.firsts)
    return any(
        (first.module_id, first.item_id) == (event.module_id, event.item_id)
        and (first.at or review.at) > event.answered_at
        and (first.rating == Rating.Again or _elsewhere(review, first, event))
        for review, first in tries
        if review.training_id != event.training_id
    )


def _elsewhere(review: Review, first: First, event: ItemAnswered | AnswerRegraded) -> bool:
    return first.session_id != event.session_id if first.session_id else review.training_id != event.training_id


def strength(reviews: tuple[Review, ...]) -> Strength:
    """Replays every review, so that the order in which they arrived cannot matter. At least one review."""
    card = Card(card_id=0, due=reviews[0].at)
    for review in reviews:
        card, _ = MODEL.review_card(card, Rating(review.rating), review.at.astimezone(UTC))
    if card.stability is None or card.difficulty is None or card.last_review is None:
        raise ValueError("a skill without a review has no strength")
    return Strength(card.stability, card.difficulty, card.last_review)


def told(skill: Skill) -> Decided:
    """Nobody hears of a skill that was never trained: to them it would look as if it had been."""
    if not skill.reviews:
        return skill, []
    skill = replace(skill, revision=skill.revision + 1)
    return skill, [remembered(skill)]


def remembered(skill: Skill) -> SkillRemembered:
    now = strength(skill.reviews)
    return SkillRemembered(
        mentor_id=skill.mentor_id,
        site_id=skill.site_id,
        skill=skill.skill,
        stability=now.stability,
        difficulty=now.difficulty,
        decay=DECAY,
        reviewed_at=now.reviewed_at,
        open_misses=skill.open_misses,
        revision=skill.revision,
    )


def _missed(event: ItemAnswered | AnswerRegraded) -> OpenMiss:
    return OpenMiss(
        module_id=event.module_id,
        version=event.corrected_version if isinstance(event, AnswerRegraded) else event.version,
        item_id=event.item_id,
        safety_critical=event.safety_critical,
        confidence=event.confidence,
        missed_at=event.answered_at,
        session_id=event.session_id,
    )


def _same_item(miss: OpenMiss, event: ItemAnswered | AnswerRegraded) -> bool:
    return (miss.module_id, miss.item_id) == (event.module_id, event.item_id)


def _same_try(miss: OpenMiss, event: ItemAnswered | AnswerRegraded) -> bool:
    return _same_item(miss, event) and miss.session_id == event.session_id


def _later(miss: OpenMiss, event: ItemAnswered | AnswerRegraded) -> bool:
    return miss.session_id != event.session_id and event.answered_at > miss.missed_at
