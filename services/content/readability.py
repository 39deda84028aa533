"""How hard a text is to read: words, sentences, syllables; the Flesch-Kincaid grade, and the Szigriszt-Pazos index of Spanish."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

import pyphen

WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
SENTENCE_END = re.compile(r"(?<=[.!?…])[”’\"')*]*\s+|\n+")
MARKS = re.compile(r"\{\w+\}|[*_`]|^\s*(?:[-*]|\d+[.)])\s+", re.MULTILINE)
VOWELS = re.compile(r"[aeiouy]+")
SILENT_U = re.compile(r"(?<=q)u|(?<=g)u(?=[eéií])")
NUCLEUS = re.compile(r"[iuü]*[aeoáéíóú](?:[iuü](?![aeoáéíóúiuü]))?|[iuü]+")
HYPHENS = pyphen.Pyphen(lang="en_US", left=2, right=2)


def plain(text: str) -> str:
    """Without Markdown's marks and without the site's variables."""
    return MARKS.sub("", text)


@lru_cache(maxsize=1024)  # a module's rules ask for the same texts again and again
def words(text: str) -> tuple[str, ...]:
    return tuple(WORD.findall(plain(text)))


@lru_cache(maxsize=1024)
def sentences(text: str) -> tuple[str, ...]:
    """Each item of a list counts as a sentence of its own."""
    return tuple(part for part in SENTENCE_END.split(plain(text)) if WORD.search(part))


def grade(texts: Iterable[str]) -> float:
    """Flesch-Kincaid grade of English text; 0 for no text."""
    a_sentence, a_word = _lengths(texts, syllables)
    return 0.39 * a_sentence + 11.8 * a_word - 15.59 if a_word else 0.0


def perspicuity(texts: Iterable[str]) -> float:
    """Szigriszt-Pazos index of Spanish text, about 0 (hard) to 100 (easy); 100 for no text."""
    a_sentence, a_word = _lengths(texts, spanish_syllables)
    return 206.835 - 62.3 * a_word - a_sentence if a_word else 100.0


def _lengths(texts: Iterable[str], count: Callable[[str], int]) -> tuple[float, float]:
    """Words of a mean sentence, and syllables of a mean word."""
    found = [sentence for text in texts for sentence in sentences(text)]
    said = [word for sentence in found for word in words(sentence)]
    return (len(said) / len(found), sum(map(count, said)) / len(said)) if said else (0.0, 0.0)


@lru_cache(maxsize=20_000)
def syllables(word: str) -> int:
    """The greater of hyphenation and vowel groups: the first misses some breaks, the second some vowels."""
    low = word.lower()
    groups = len(VOWELS.findall(low))
    if groups > 1 and low.endswith("e") and not low.endswith(("le", "ee")):
        groups -= 1
    if groups > 1 and low.endswith("ed") and not low.endswith(("ted", "ded")):
        groups -= 1
    return max(1, groups, len(HYPHENS.positions(low)) + 1)


@lru_cache(maxsize=20_000)
def spanish_syllables(word: str) -> int:
    """By its vowels: i and u form one syllable with a neighbour, unless they bear an accent; y is a vowel at the end only."""
    low = SILENT_U.sub("", word.lower())
    return max(1, len(NUCLEUS.findall(low[:-1] + "i" if low.endswith("y") else low)))
