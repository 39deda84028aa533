"""What a site has not entered yet, which trainings wait for it, and how to enter it, in words. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.supervision.screens import said
from shared.contracts.supervision import SITE_DATA, SiteDescribed, entered

FALLBACK = "en"
WORDS: Mapping[str, str] = {
    "state_hotline": "your state’s child protection line",
    "reporting_steps": "your steps of reporting",
    "staff_on_call": "the number of staff on call",
}
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "state_hotline": ('--hotline-label "What the line is called"', '--hotline "Its number"'),
    "reporting_steps": ('--reporting-step "The first step"', '--reporting-step "The next step"'),
    "staff_on_call": ('--on-call "A number that is always answered"',),
}


@dataclass(frozen=True, slots=True)
class Needing:
    """The newest published version of a training in one language, and which of the site's data its words need."""

    module_id: str
    locale: str
    title: str
    data: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Trainings that wait for the same data."""

    data: tuple[str, ...]
    titles: tuple[str, ...]

    @property
    def sentence(self) -> str:
        count = len(self.titles)
        trainings = f"{said.sentence(said.number(count))} {'training needs' if count == 1 else 'trainings need'}"
        return f"{trainings} {said.listed(WORDS[name] for name in self.data)}."


@dataclass(frozen=True, slots=True)
class Lacking:
    """`data`: names of what the site has not entered, whether a training waits for it or not."""

    site_id: str
    data: tuple[str, ...]
    waiting: tuple[Waiting, ...] = ()

    @property
    def trainings(self) -> int:
        return sum(len(each.titles) for each in self.waiting)

    @property
    def words(self) -> str:
        return said.listed(WORDS[name] for name in self.data)

    @property
    def command(self) -> str:
        """One option a line, as a shell takes it."""
        options = (option for name in self.data for option in OPTIONS[name])
        return " \\\n    ".join([f"jitt site add {self.site_id}", *options])


def lacking(site: SiteDescribed, needing: Iterable[Needing] = ()) -> Lacking:
    data = tuple(name for name in SITE_DATA if name not in entered(site))
    waiting: dict[tuple[str, ...], list[str]] = {}
    for each in _in_language(needing, site.locales):
        if missing := tuple(name for name in data if name in each.data):
            waiting.setdefault(missing, []).append(each.title)
    return Lacking(site.site_id, data, tuple(Waiting(names, tuple(sorted(titles))) for names, titles in waiting.items()))


def _in_language(needing: Iterable[Needing], locales: Sequence[str]) -> list[Needing]:
    """Each training once: in a language of the site, the usual one first; else in English, or as it is."""
    order = {locale: place for place, locale in enumerate(dict.fromkeys((*locales, FALLBACK)))}
    found: dict[str, Needing] = {}
    for each in sorted(needing, key=lambda each: (order.get(each.locale, len(order)), each.locale)):
        found.setdefault(each.module_id, each)
    return [found[module] for module in sorted(found)]
