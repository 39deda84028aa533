"""The languages of the pages. English is in the code, where each message is its own id; every other language is a folder of
catalogues, locale/<code>/LC_MESSAGES/*.po beside the pages, compiled in memory when it is first needed: there is no build step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from gettext import NullTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO

from babel.core import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

SHARED = "shared.pages"
SOURCE = "en"
# Whose dates, times and numbers a language takes where it is not the country that Babel would guess from its name alone: Spanish
# here is read in the United States, where one says 4:00 p.m. and 0.6, and not in Spain.
WRITTEN_AS = {SOURCE: "en_US", "es": "es_US"}


@dataclass(frozen=True, eq=False, slots=True)
class Language:
    """`code` as in `<html lang>`; `locale` is where Babel looks up how dates and numbers are written."""

    code: str
    locale: str
    texts: NullTranslations

    def gettext(self, text: str, **values: object) -> str:
        said = self.texts.gettext(text)
        return said % values if values else said

    def ngettext(self, one: str, many: str, number: int, **values: object) -> str:
        """By the plural rule of the language; a message may name the number as %(num)s."""
        return self.texts.ngettext(one, many, number) % {"num": number, **values}


ENGLISH = Language(SOURCE, WRITTEN_AS[SOURCE], NullTranslations())


def N_(text: str) -> str:
    """Marks a message for the catalogues where it is written down before anybody knows the language."""
    return text


@lru_cache(maxsize=1_000)
def spoken(package: str, *wanted: str) -> Language:
    """The first of these locales that the package's pages speak, es-MX as es; English when they speak none of them."""
    asked = [each.replace("_", "-").lower() for each in wanted if each]
    spoken = {code.lower(): code for code in codes(package)}
    found = negotiate_locale(asked, spoken, sep="-") or SOURCE
    return _language(package, spoken[found.lower()])  # of pt it says pt-PT


@lru_cache
def codes(package: str) -> tuple[str, ...]:
    """Every language of a package's pages, English first."""
    locale = files(package) / "locale"
    names = [folder.name for folder in locale.iterdir()] if locale.is_dir() else []
    return (SOURCE, *sorted(name.replace("_", "-") for name in names))


def others(package: str, code: str) -> list[tuple[str, str]]:
    """The other languages of a package's pages, each by its code and its own name."""
    return [(each, own_name(each)) for each in codes(package) if each != code]


@lru_cache
def own_name(code: str, said_in: str = "") -> str:
    """Español: as its speakers write it; or as it is called in another language: inglés."""
    locale = Locale.parse(code, sep="-")
    found = locale.get_display_name(said_in.replace("-", "_") or locale) or code
    return found if said_in else found[:1].upper() + found[1:]


@lru_cache
def _language(package: str, code: str) -> Language:
    if code == SOURCE:
        return ENGLISH
    name = code.replace("-", "_")
    return Language(code, WRITTEN_AS.get(code, name), _compiled(package, name))


def _compiled(package: str, name: str) -> Translations:
    """What all pages say, and what the package's own add."""
    made = [_translations(file, name) for each in dict.fromkeys((SHARED, package)) for file in _catalogues(each, name)]
    for more in made[1:]:
        made[0].merge(more)
    return made[0]


def _catalogues(package: str, name: str) -> Iterator[Traversable]:
    folder = files(package) / "locale" / name / "LC_MESSAGES"
    if folder.is_dir():
        yield from sorted((file for file in folder.iterdir() if file.name.endswith(".po")), key=lambda file: file.name)


def _translations(file: Traversable, name: str) -> Translations:
    """Untranslated and fuzzy messages stay out, and are then said in English."""
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(file.read_bytes()), locale=name))
    compiled.seek(0)
    return Translations(compiled)
