"""What choosing a training looks at, and the choice that is remembered of it. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.content.why import Why, why
from shared.contracts.content import ModuleRef, NothingSuitable, TrainingAssigned
from shared.contracts.trigger import ContentRequested, ItemRef

FALLBACK = "en"
REST_DAYS = 7  # before a module comes again
ItemKey = tuple[str, str]  # module and question, whatever its version or language


@dataclass(frozen=True, slots=True)
class ItemFact:
    id: str
    skill: str
    kind: str
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Edition:
    """A question in one language, as the newest published version that has it asks it."""

    module_id: str
    locale: str
    version: int
    item: ItemFact


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Facts:
    offers: Mapping[str, tuple[Offer, ...]]  # skill -> the newest published version of each module and language
    items: Mapping[ItemKey, tuple[Edition, ...]]  # -> one for each language


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with all that is looked at: `choices` oldest first, how often each module was shown whole, and when last.
    `filled`: names of the site's data that are there."""

    event: ContentRequested
    now: datetime
    choices: tuple[Choice, ...]
    facts: Facts
    shown: Mapping[str, int]
    last: Mapping[str, datetime]
    filled: frozenset[str]


def gathered(event: ContentRequested, now: datetime, choices: tuple[Choice, ...], facts: Facts) -> Asked:
    whole = [(past.module.module_id, past.at) for past in choices if past.module]
    shown = Counter(module for module, _ in whole)
    return Asked(event, now, choices, facts, shown, dict(whole), frozenset(event.site_variables))


def choice(event: ContentRequested, now: datetime, made: TrainingAssigned | NothingSuitable) -> Choice:
    if isinstance(made, NothingSuitable):
        return Choice(event.request_id, event.session_id, now, "nothing", why=why(event, made))
    skill = next((reason.skill for reason in made.reasons if reason.skill), None)
    items = tuple(ItemRef(module_id=i.module_id, version=i.version, item_id=i.item_id) for i in made.items)
    return Choice(event.request_id, event.session_id, now, made.kind, skill, made.module, items, why(event, made))


def lately(at: datetime | None, skill: str, asked: Asked) -> bool:
    """Within seven days of the session's own calendar, so that a weekly session is a week later whatever the minute; never
    where a safety question of this skill was missed and is still open."""
    if at is None or skill in asked.event.open_safety_skills:
        return False
    zone = _zone(asked.event.time_zone)
    return (asked.now.astimezone(zone).date() - at.astimezone(zone).date()).days < REST_DAYS


@lru_cache(maxsize=600)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
