"""A mentor's own record: what was finished and what worked, what comes back, what is planned. Pure.

It says topics and dates. No figure about a person is made here: no score, no count of what was right, no recall.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from services.assessment import domain, modules
from services.assessment.modules import Modules
from services.assessment.training import Training
from services.assessment.visits import PAGES
from shared.contracts.assessment import OpenMiss
from shared.contracts.content import Item
from shared.contracts.trigger import SessionPlanned
from shared.contracts.vocabulary import vocabulary
from shared.pages import languages, times
from shared.pages.languages import N_, Language

SHOWN = 50  # trainings on the page, and sessions to come
LISTED = 24  # titles on the certificate, which is one sheet of paper
RECALL = N_("A minute to keep it fresh")
RECALL_MINUTES = 1  # as its first page says: about a minute
TOOK_PLACE = ("planned", "held")


@dataclass(frozen=True, slots=True)
class Words:
    """What an author wrote; `locale` where it is not the language of the page."""

    text: str
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """A training, with the topics that worked at the first and at the second try."""

    title: Words
    at: datetime
    starts_at: datetime
    plan: str | None
    first: tuple[Words, ...]
    second: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Returning:
    topic: Words
    missed_at: datetime


@dataclass(frozen=True, slots=True)
class Coming:
    """A session of the mentor's, in words; nothing of the young person."""

    starts_at: datetime
    minutes: int
    online: bool
    plan: str | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """Trainings finished in a period. `more`: titles that the sheet has no room for; they count in the minutes."""

    first: date
    last: date
    titles: tuple[Words, ...]
    more: int
    recalls: int
    minutes: int

    @property
    def empty(self) -> bool:
        return not (self.titles or self.recalls)


def finished(
    trainings: Iterable[Training], sessions: Sequence[SessionPlanned], known: Modules, language: Language
) -> list[Finished]:
    return [_finished(training, sessions, known, language) for training in trainings if training.completed_at]


def _finished(training: Training, sessions: Sequence[SessionPlanned], known: Modules, language: Language) -> Finished:
    assert training.completed_at is not None
    own = [session for session in sessions if session.session_id in training.session_ids]
    session = domain.session_at(training, own, training.completed_at)
    return Finished(
        title=title(training, known, language),
        at=training.completed_at,
        starts_at=domain.starts_at(training, session),
        plan=plan(session, language) if session else None,
        first=tuple(_topics(training, 1, known, language)),
        second=tuple(_topics(training, 2, known, language)),
    )


def title(training: Training, known: Modules, language: Language) -> Words:
    if training.assigned.module is None:
        return Words(language.gettext(RECALL))
    module = modules.module_of(training.assigned, known)
    return _words(module.title, module.locale, language) if module else Words(language.gettext("A training"))


def _topics(training: Training, attempt: int, known: Modules, language: Language) -> Iterator[Words]:
    """Of the questions that were right at this try."""
    for this in training.tries:
        item = modules.item_of(training.current, this.number, known)
        if this.attempt == attempt and this.correct and item:
            yield _words(item.topic, modules.item_locale(training.current, this.number, known), language)


def miss_keys(misses: Iterable[OpenMiss], locale: str) -> list[str]:
    """Where the questions of these misses can be: a miss does not say in which language it was asked."""
    return [
        key for miss in misses if miss.module_id and miss.version for key in modules.keys_of(miss.module_id, miss.version, locale)
    ]


def returning(misses: Iterable[OpenMiss], known: Modules, locale: str, language: Language) -> list[Returning]:
    """What nobody can put into words any more is left out."""
    said = ((_missed(miss, known, locale, language), miss.missed_at) for miss in misses)
    return [Returning(topic, at) for topic, at in said if topic]


def _missed(miss: OpenMiss, known: Modules, locale: str, language: Language) -> Words | None:
    if miss.step:
        steps = (step for activity in vocabulary().activities.values() for step in activity.steps)
        words = next((step.words for step in steps if step.code == miss.step), None)
        return Words(language.gettext(words)) if words else None
    for key in miss_keys([miss], locale):
        if (found := known.get(key)) and (item := _item(found.module.items, miss.item_id)):
            return _words(item.topic, found.locale, language)
    return None


def _item(items: Iterable[Item], item_id: str | None) -> Item | None:
    return next((item for item in items if item.id == item_id), None)


def coming(sessions: Iterable[SessionPlanned], now: datetime, language: Language) -> list[Coming]:
    return [
        Coming(session.starts_at, session.minutes, session.mode == "virtual", plan(session, language))
        for session in sessions
        if session.status == "planned" and session.starts_at > now
    ][:SHOWN]


def plan(session: SessionPlanned, language: Language) -> str | None:
    """a look at the goal"""
    activity = vocabulary().activities.get(session.activity)
    return language.gettext(activity.phrase) if activity else None


def certificate(trainings: Iterable[Training], first: date, last: date, known: Modules, language: Language) -> Certificate:
    """Each title once, in alphabetical order, however often the training was done; its minutes each time."""
    done = list(trainings)
    shown = [training for training in done if training.assigned.module]
    titles = sorted({title(training, known, language) for training in shown}, key=lambda words: words.text.casefold())
    return Certificate(
        first=first,
        last=last,
        titles=tuple(titles[:LISTED]),
        more=max(0, len(titles) - LISTED),
        recalls=len(done) - len(shown),
        minutes=sum(_minutes(training, known) for training in done),
    )


def _minutes(training: Training, known: Modules) -> int:
    module = modules.module_of(training.assigned, known)
    return module.minutes if module else RECALL_MINUTES


def year_before(now: datetime, zone: str) -> tuple[date, date]:
    """The last twelve months, today included, where the mentor is."""
    last = now.astimezone(times.known(zone)).date()
    return last - timedelta(days=364), last


def days(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last, where the mentor is."""
    here = times.known(zone)
    return datetime.combine(first, time(), here), datetime.combine(last + timedelta(days=1), time(), here)


def length(minutes: int, language: Language) -> str:
    """1 hour 24 minutes"""
    hours, rest = divmod(minutes, 60)
    said = [language.ngettext("%(num)s hour", "%(num)s hours", hours)] if hours else []
    return " ".join([*said, language.ngettext("%(num)s minute", "%(num)s minutes", rest)] if rest or not hours else said)


def _words(text: str, locale: str | None, language: Language) -> Words:
    return Words(text, locale if locale and languages.spoken(PAGES, locale) is not language else None)
