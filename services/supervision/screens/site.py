"""One site as its staff see it: its own data, and which trainings wait for what is missing. For the page and the command."""

from dataclasses import dataclass

from babel import Locale, UnknownLocaleError

from services.supervision.lacking import Lacking
from services.supervision.screens import said
from shared.contracts.supervision import SiteDescribed

NOT_YET = "Not entered yet"
TITLES = 6  # trainings that are named; the rest are counted
COMPLETE = "Every training can be used here."
DIRECTLY = {True: "Mentors may use the word when they ask.", False: "Mentors do not use the word; they stay, and hand over."}


@dataclass(frozen=True, slots=True)
class Row:
    """Several `lines` are steps, in order."""

    label: str
    lines: tuple[str, ...]

    @property
    def missing(self) -> bool:
        return self.lines == (NOT_YET,)


@dataclass(frozen=True, slots=True)
class Group:
    """Trainings that wait for the same data."""

    sentence: str
    titles: str


@dataclass(frozen=True, slots=True)
class SitePage:
    name: str
    rows: tuple[Row, ...]
    heading: str  # empty: nothing waits
    groups: tuple[Group, ...]
    missing: str  # what is missing, though no training waits for it
    command: str
    steps_missing: bool


def page(site: SiteDescribed, lacking: Lacking) -> SitePage:
    return SitePage(
        name=site.name,
        rows=rows(site),
        heading=heading(lacking),
        groups=tuple(Group(each.sentence, titles(each.titles)) for each in lacking.waiting),
        missing="" if lacking.waiting or not lacking.data else f"Not entered yet: {lacking.words}.",
        command=lacking.command if lacking.data else "",
        steps_missing="reporting_steps" in lacking.data,
    )


def heading(lacking: Lacking) -> str:
    return f"Not used here yet: {said.counted(lacking.trainings, 'training', 'trainings')}" if lacking.waiting else ""


def titles(found: tuple[str, ...]) -> str:
    """“Hold the fix”, “Say back what you heard” and 3 more."""
    named = [f"“{title}”" for title in found[:TITLES]]
    more = len(found) - len(named)
    return f"{said.listed([*named, f'{said.number(more)} more'] if more else named)}."


def rows(site: SiteDescribed) -> tuple[Row, ...]:
    hotline = f"{site.hotline.label}, {site.hotline.number}" if site.hotline else NOT_YET
    return (
        Row("Phone", (site.phone,)),
        Row("Child protection line", (hotline,)),
        Row("Steps of reporting", site.reporting_steps or (NOT_YET,)),
        Row("Staff on call", (site.staff_on_call or NOT_YET,)),
        Row("Time zone", (site.time_zone,)),
        Row("Languages", (said.listed(_language(code) for code in site.locales),)),
        Row("Asking about suicide", (DIRECTLY[site.ask_directly],)),
    )


def _language(code: str) -> str:
    try:
        return Locale.parse(code, sep="-").get_display_name("en") or code
    except (UnknownLocaleError, ValueError):
        return code
