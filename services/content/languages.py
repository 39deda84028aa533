"""What the rules for authors need to know of a language: how hard its text is to read, and words that do not belong there.

A third language is one more entry in LANGUAGES; in one that is not there the rules find nothing, and a warning says so.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from services.content import readability


@dataclass(frozen=True, slots=True)
class Language:
    """`hard`: what is wrong with the text's readability, or None; the rest are words to look for, by rule."""

    hard: Callable[[Iterable[str]], str | None]
    negative: re.Pattern[str]
    catch_all: re.Pattern[str]
    out_of_scope: re.Pattern[str]
    unkind: re.Pattern[str]


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b({pattern})\b", re.IGNORECASE)


def _hard_english(texts: Iterable[str]) -> str | None:
    if (found := readability.grade(texts)) <= 8:
        return None
    return f"Cards and questions read at grade {found:.1f} (Flesch-Kincaid), and 8 is the most."


def _hard_spanish(texts: Iterable[str]) -> str | None:
    """65 and more is "fairly easy" on the INFLESZ scale (Barrio-Cantalejo et al. 2008)."""
    if (found := readability.perspicuity(texts)) >= 65:
        return None
    return f"Cards and questions read at {found:.0f} (Szigriszt-Pazos), and 65 is the least."


LANGUAGES = {
    "en": Language(
        hard=_hard_english,
        negative=_words("not|except"),
        catch_all=_words("(?:all|none) of (?:the above|these|them)"),
        out_of_scope=_words(r"cur(?:e[sd]?|ing)|diagnos\w*|treat(?:s|ed|ing|ment)?|therap\w*|interrogat\w*"),
        unkind=_words("simply|obviously|at-risk (?:youth|kids?|children)|these kids"),
    ),
    "es": Language(
        hard=_hard_spanish,
        negative=_words("no|excepto|salvo"),
        catch_all=_words("(?:todas|todos|ninguna|ninguno) (?:de )?(?:las|los) anteriores|todo lo anterior"),
        out_of_scope=_words(r"cur(?:as?|ar|an|ado|ación)|diagn[oó]s\w*|tratamientos?|terap\w*|interrog\w*"),
        unkind=_words(
            "simplemente|obviamente|(?:jóvenes|chic[oa]s|niñ[oa]s) en riesgo|est[oa]s (?:chic[oa]s|niñ[oa]s)",
        ),
    ),
}


NEVER = re.compile(r"(?!)")
UNKNOWN = Language(lambda _: None, NEVER, NEVER, NEVER, NEVER)


def language(locale: str) -> Language:
    """By the first part of the locale: es-MX is read as es."""
    return LANGUAGES.get(locale.partition("-")[0], UNKNOWN)
