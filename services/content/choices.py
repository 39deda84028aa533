"""What choosing a training looks at, and the choice that is remembered of it. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.content.why import Why, why
from shared.contracts.content import ModuleRef, NothingSuitable, TrainingAssigned
from shared.contracts.trigger import ContentRequested, ItemRef
from shared.values import value_object

FALLBACK = "en"
WHOLE = 3  # times that a mentor is shown a module whole; after that only its questions return (our judgment)
REST_DAYS = 7  # before a module comes again
LONG_AGO = timedelta(days=REST_DAYS + 1)  # more than that is no rest on any calendar, whatever a zone does with its days
ItemKey = tuple[str, str]  # module and question, whatever its version or language


@value_object(frozen=True, slots=True)
class ItemFact:
    id: str
    skill: str
    kind: str
    variables: tuple[str, ...] = ()


@value_object(frozen=True, slots=True)
class Offer:
    """What choosing needs to know of one published version."""

    module_id: str
    locale: str
    version: int
    skill: str
    scope_level: int
    minutes: int
    variables: tuple[str, ...]
    items: tuple[ItemFact, ...]


@value_object(frozen=True, slots=True)
class Edition:
    """A question in one language, as the newest published version that has it asks it."""

    module_id: str
    locale: str
    version: int
    item: ItemFact


@value_object(frozen=True, slots=True)
class Choice:
    """What was chosen for one request. `why` is kept for whoever asks, and not read when choosing."""

    request_id: UUID
    session_id: UUID
    at: datetime
    kind: Literal["module", "recall", "nothing"]
    skill: str | None = None
    module: ModuleRef | None = None
    items: tuple[ItemRef, ...] = ()
    why: Why | None = None


@value_object(frozen=True, slots=True)
class Showing:
    """The questions of one choice. `recall_of`: the skill, where no module was shown whole."""

    at: datetime
    recall_of: str | None
    items: tuple[ItemKey, ...]


@value_object(frozen=True, slots=True)
class Past:
    """A mentor's choices, oldest first, as columns: when, which skill it was for, which module was shown whole.

    `showings` are many, and read only for who may be asked questions again that were shown before.
    """

    at: Sequence[datetime] = ()
    skills: Sequence[str | None] = ()
    modules: Sequence[str | None] = ()
    showings: Sequence[Showing] = ()

    def plus(self, made: Choice) -> "Past":
        module = made.module.module_id if made.module else None
        recall_of = made.skill if made.kind == "recall" else None
        showing = Showing(made.at, recall_of, tuple((ref.module_id, ref.item_id) for ref in made.items))
        return Past((*self.at, made.at), (*self.skills, made.skill), (*self.modules, module), (*self.showings, showing))

    def last(self, skill: str) -> datetime | None:
        return max((at for at, was in zip(self.at, self.skills, strict=True) if was == skill), default=None)


@value_object(frozen=True, slots=True)
class Facts:
    """`before`: what was chosen for the same request in an earlier batch; `showings`: of the mentor, in earlier batches."""

    offers: Mapping[str, Sequence[Mapping[str, Offer]]]  # skill -> its modules, of each the newest published by language
    items: Mapping[ItemKey, tuple[Edition, ...]]  # -> one for each language
    before: Choice | None = None
    showings: Sequence[Showing] = ()


@value_object(frozen=True, slots=True)
class Asked:
    """A request with all that is looked at: how often each module was shown whole, and when last.
    `filled`: names of the site's data that are there."""

    event: ContentRequested
    now: datetime
    past: Past
    facts: Facts
    shown: Mapping[str | None, int]
    last: Mapping[str | None, datetime]
    filled: frozenset[str]


def gathered(event: ContentRequested, now: datetime, past: Past, facts: Facts) -> Asked:
    last = dict(zip(past.modules, past.at, strict=True))
    return Asked(event, now, past, facts, Counter(past.modules), last, frozenset(event.site_variables))


def choice(event: ContentRequested, now: datetime, made: TrainingAssigned | NothingSuitable) -> Choice:
    if isinstance(made, NothingSuitable):
        return Choice(event.request_id, event.session_id, now, "nothing", why=why(event, made))
    skill = next((reason.skill for reason in made.reasons if reason.skill), None)
    items = tuple(_ref(item.module_id, item.version, item.item_id) for item in made.items)
    return Choice(event.request_id, event.session_id, now, made.kind, skill, made.module, items, why(event, made))


@lru_cache(maxsize=10_000)
def _ref(module_id: str, version: int, item_id: str) -> ItemRef:
    """Frozen, and the same for every mentor who is asked it."""
    return ItemRef(module_id=module_id, version=version, item_id=item_id)


def lately(at: datetime | None, skill: str, asked: Asked) -> bool:
    """Within seven days of the session's own calendar, so that a weekly session is a week later whatever the minute; never
    where a safety question of this skill was missed and is still open."""
    if at is None or asked.now - at > LONG_AGO or skill in asked.event.open_safety_skills:
        return False
    zone = _zone(asked.event.time_zone)
    return (asked.now.astimezone(zone).date() - at.astimezone(zone).date()).days < REST_DAYS


@lru_cache(maxsize=600)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
