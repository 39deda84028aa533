"""One visit of a mentor: who may see which training, what has arrived of it, and what its pages can ask about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from services.assessment import domain, modules
from services.assessment.modules import Modules
from services.assessment.training import Correction, Training
from shared.contracts.content import Card, Item, Module
from shared.contracts.supervision import MentorEnrolled, SiteDescribed
from shared.contracts.trigger import SessionPlanned
from shared.pages import languages, safeguarding, times
from shared.pages.languages import N_, Language

PAGES = "services.assessment"  # where their templates and catalogues are
CARD = N_("Step %(step)s of %(steps)s · Card %(number)s of %(of)s")
QUESTION = N_("Step %(step)s of %(steps)s · Question %(number)s of %(of)s")


class State(StrEnum):
    """What the training's first page has to say."""

    PREPARING = "preparing"
    CANCELED = "canceled"
    DONE = "done"
    STARTED = "started"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the training: a card, a question, or its end."""

    kind: Literal["cards", "questions", "done"]
    number: int = 0

    @property
    def path(self) -> str:
        return "done" if self.kind == "done" else f"{self.kind}/{self.number}"


DONE = Place("done")


@dataclass(frozen=True, slots=True)
class Visit:
    """`ref` is what stands in the path: the training's id when a cookie holds the link, else the link itself."""

    ref: str
    training: Training
    now: datetime
    session: SessionPlanned | None = None
    mentor: MentorEnrolled | None = None
    site: SiteDescribed | None = None
    modules: Modules = field(default_factory=dict)
    missed_at: Mapping[tuple[str, str], datetime] = field(default_factory=dict)  # (module, item) -> open miss
    updated: bool = False  # a newer version came after the training was begun
    report: str | None = None  # what stands reported of the question that was asked for
    keeps: bool = False  # whether the phone may keep the training, for when it is offline

    @property
    def id(self) -> UUID:
        return self.training.id

    @property
    def base(self) -> str:
        return f"/t/{self.ref}"

    @property
    def language(self) -> Language:
        """Of the whole page: the one that was chosen, else the one that the training is in."""
        chosen = self.training.reading.language
        return languages.spoken(PAGES, chosen or modules.locale_of(self.training.current, self.modules))

    @property
    def as_assigned(self) -> "Visit":
        """Without the language that was chosen."""
        return replace(self, training=self.training.read_in(None))

    @property
    def tongues(self) -> list[tuple[str, str]]:
        """The other languages of these pages, each by its code and its own name."""
        return languages.others(PAGES, self.language.code)

    @property
    def talk(self) -> str:
        return f"{safeguarding.address(self.training.assigned.site_id)}?t={self.ref}&lang={self.language.code}"

    @property
    def zone(self) -> str:
        return self.mentor.time_zone if self.mentor else self.training.assigned.time_zone

    @property
    def starts_at(self) -> datetime:
        return domain.starts_at(self.training, self.session)

    @property
    def quiz_by(self) -> datetime:
        return domain.quiz_by(self.training, self.session)

    @property
    def closed(self) -> str | None:
        return domain.closed(self.training, self.session, self.now)

    @property
    def moved(self) -> bool:
        """Not so when the training is for another session of that day by now."""
        a, now = self.training.assigned, self.session
        return now is not None and now.session_id == a.session_id and now.starts_at != a.starts_at

    @property
    def late(self) -> bool:
        return self.now > self.quiz_by

    @property
    def module(self) -> Module | None:
        return modules.module_of(self.training.current, self.modules)

    @property
    def cards(self) -> tuple[Card, ...]:
        return self.module.cards if self.module else ()

    @property
    def recordings(self) -> list[str]:
        """The files of its cards' recordings, by their hash, captions with them."""
        found = [card.media for card in self.cards if card.media]
        return list(dict.fromkeys(name for media in found for name in (media.sha256, media.captions) if name))

    @property
    def recorded_bytes(self) -> int:
        return sum({card.media.sha256: card.media.size for card in self.cards if card.media}.values())

    @property
    def questions(self) -> int:
        return len(self.training.assigned.items)

    @property
    def steps(self) -> int:
        return len(self.cards) + self.questions

    @property
    def state(self) -> State:
        if self.closed == "session_canceled":
            return State.CANCELED
        if self.training.completed_at:
            return State.DONE
        if self.closed:
            return State.STARTED
        return State.OPEN if modules.all_here(self.training.current, self.modules) else State.PREPARING

    @property
    def today(self) -> bool:
        """Whether the session is today, where the mentor is."""
        return times.same_day(self.starts_at, self.zone, self.now)

    @property
    def day(self) -> str:
        """The session's: Thursday"""
        return times.near_day(self.starts_at, self.zone, self.now, self.language)

    @property
    def before(self) -> str:
        """As in "talk it over before Thursday"."""
        _ = self.language.gettext
        return _("before your session") if self.today else _("before %(day)s", day=self.day)

    @property
    def corrected(self) -> list[Correction]:
        """What was corrected after it was answered: by question, the newest."""
        newest = (self.training.corrected_at(number) for number in range(1, self.questions + 1))
        return [one for one in newest if one]

    def item(self, number: int) -> Item | None:
        return modules.item_of(self.training.current, number, self.modules)

    def version(self, number: int) -> int:
        """Of this question, as it is asked now."""
        return domain.ref_of(self.training, number).version

    def foreign(self, number: int) -> str | None:
        """The language of this question, where it is not that of the page."""
        locale = modules.item_locale(self.training.current, number, self.modules)
        return locale if locale and languages.spoken(PAGES, locale) is not self.language else None

    @property
    def untranslated(self) -> bool:
        """A language was chosen that neither the cards nor, without cards, any question is in."""
        if self.training.reading.language is None:
            return False
        numbers = range(1, self.questions + 1)
        return self.foreign_module is not None if self.module else all(self.foreign(number) for number in numbers)

    @property
    def foreign_module(self) -> str | None:
        """The language of the cards, where it is not that of the page."""
        locale = self.module.locale if self.module else None
        return locale if locale and languages.spoken(PAGES, locale) is not self.language else None

    def step(self, place: Place) -> int:
        return place.number if place.kind == "cards" else len(self.cards) + place.number

    def step_words(self, place: Place) -> str:
        of = len(self.cards) if place.kind == "cards" else self.questions
        said = CARD if place.kind == "cards" else QUESTION
        return self.language.gettext(said, step=self.step(place), steps=self.steps, number=place.number, of=of)

    def place(self) -> Place:
        """Where to go on: a card not yet read, else the feedback that was shown last, else the next question.

        Feedback that was stored but perhaps never seen is thus always met first (docs/evidence.md L6).
        """
        if self.training.cards_read < len(self.cards):
            return Place("cards", self.training.cards_read + 1)
        if self.training.completed_at:
            return DONE
        tries = self.training.tries
        if tries and not any(said.answered_at >= tries[-1].answered_at for said in self.training.said):
            return Place("questions", tries[-1].number)
        return self.next_question()

    def next_question(self) -> Place:
        numbers = range(1, self.questions + 1)
        return next((Place("questions", n) for n in numbers if not self.training.settled(n)), DONE)

    def after_card(self, number: int) -> Place:
        return Place("cards", number + 1) if number < len(self.cards) else self.next_question()

    def returning(self, number: int) -> datetime | None:
        """When this question was missed, if it comes back for that."""
        ref = domain.ref_of(self.training, number)
        return self.missed_at.get((ref.module_id, ref.item_id)) if ref.returning else None
