"""A training in progress: what was assigned, in which language it is read, and every answer. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.assessment import Confidence, Readiness
from shared.contracts.content import AssignedItem, ModuleRef, TrainingAssigned
from shared.contracts.event import Part


class Try(Part):
    """One try at one question. `open` means that the one retry is still to come."""

    number: int
    attempt: Literal[1, 2]
    chosen: tuple[str, ...] = ()
    confidence: Confidence | None = None
    correct: bool
    shown: bool = False
    open: bool = False
    mistakes: tuple[str, ...] = ()
    answered_at: datetime
    request_id: UUID | None = None  # of the form: it may come from the page, and once more from what the phone kept
    language: str | None = None  # of the translation that was read; None: as assigned
    seconds: int | None = Field(None, exclude=True)  # told once, and not kept


class Sealed(Part):
    key_id: str
    sealed: str


class Said(Part):
    """What became of an open question. The sealed text passes through to its own table and is not read back."""

    number: int
    item_id: str
    state: Literal["written", "rather_talk"]
    answered_at: datetime
    request_id: UUID | None = None
    text: Sealed | None = None


class Correction(Part):
    """What a correction did to one question. `before`: its tries as they stood, so that the old result is never lost."""

    number: int
    module_id: str
    item_id: str
    locale: str
    corrected_version: int
    result: Literal["right", "wrong", "same", "not_answered"]
    reason: str
    corrected_at: datetime
    before: tuple[Try, ...] = ()
    language: str | None = None  # of the translation that it corrects; None: of what was assigned


class Translation(Part):
    """A training in another language than it was assigned in. `original`: that locale; what is not there stays in it."""

    language: str = Field(description="as on the page")
    locale: str = Field(description="of the cards")
    original: str
    module: ModuleRef | None = None
    items: tuple[AssignedItem | None, ...] = ()  # by question


class Reading(Part):
    """How a training is read. `language`: chosen on the page; None: as assigned. `cards_version`: of the cards, where a newer
    one than the assigned was there at the start."""

    language: str | None = None
    translations: tuple[Translation, ...] = ()
    cards_version: int | None = None

    @property
    def translation(self) -> Translation | None:
        return next((one for one in self.translations if one.language == self.language), None)


AS_ASSIGNED = Reading()


@dataclass(frozen=True, slots=True)
class Training:
    """`assigned`: as it came. `shared`: other sessions that it prepares for."""

    assigned: TrainingAssigned
    shared: tuple[UUID, ...] = ()
    opened_at: datetime | None = None
    cards_read: int = 0
    tries: tuple[Try, ...] = ()
    said: tuple[Said, ...] = ()
    completed_at: datetime | None = None
    corrections: tuple[Correction, ...] = ()
    reading: Reading = AS_ASSIGNED
    ready: Readiness | None = None  # how ready the mentor feels after it

    @property
    def current(self) -> TrainingAssigned:
        """In the language that was chosen, each question in the version in which it is right."""
        if not (self.corrections or self.reading.translation or self.reading.cards_version):
            return self.assigned
        told, own = self.reading.translation, self.assigned.module
        if own and self.reading.cards_version:
            own = own.model_copy(update={"version": self.reading.cards_version})
        changes: dict[str, object] = {"items": tuple(map(self._current, count(1), self.assigned.items)), "module": own}
        if told and told.module:
            changes |= {"module": told.module, "locale": told.locale}
        return self.assigned.model_copy(update=changes)

    def _current(self, number: int, item: AssignedItem) -> AssignedItem:
        told, language = self.reading.translation, self.language_at(number)
        if told:
            item = told.items[number - 1] or item.model_copy(update={"locale": item.locale or told.original})
        newest = self.correction_of(number, language)
        if newest is None or newest.corrected_version <= item.version:
            return item
        return item.model_copy(update={"version": newest.corrected_version, "locale": newest.locale})

    def language_at(self, number: int) -> str | None:
        """Of the translation in which this question is read now; None: it is read as assigned."""
        told = self.reading.translation
        return told.language if told and told.items[number - 1] else None

    def later_than(self, number: int, version: int) -> tuple[Correction, ...]:
        """The corrections of this question, as it is read now, that this version of it does not hold yet; the oldest first."""
        at = (number, self.language_at(number))
        return tuple(c for c in self.corrections if (c.number, c.language) == at and c.corrected_version > version)

    def read_in(self, language: str | None) -> "Training":
        if language == self.reading.language:
            return self
        return replace(self, reading=self.reading.model_copy(update={"language": language}))

    def correction_of(self, number: int, language: str | None = None) -> Correction | None:
        return next((c for c in reversed(self.corrections) if (c.number, c.language) == (number, language)), None)

    def corrected_at(self, number: int) -> Correction | None:
        """The newest, in whatever language."""
        return next((c for c in reversed(self.corrections) if c.number == number and c.result != "not_answered"), None)

    @property
    def id(self) -> UUID:
        return self.assigned.training_id

    @property
    def session_ids(self) -> tuple[UUID, ...]:
        return (self.assigned.session_id, *self.shared)

    def tries_at(self, number: int) -> tuple[Try, ...]:
        """None, the first, or the first and the retry."""
        return tuple(t for t in self.tries if t.number == number)

    def said_at(self, number: int) -> Said | None:
        return next((s for s in self.said if s.number == number), None)

    def settled(self, number: int) -> bool:
        tries = self.tries_at(number)
        return bool(self.said_at(number)) or bool(tries and not tries[-1].open)
