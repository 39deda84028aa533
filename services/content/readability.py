"""How hard a text is to read: words, sentences, syllables and the Flesch-Kincaid grade."""

import re
from collections.abc import Iterable
from functools import lru_cache

import pyphen

WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
SENTENCE_END = re.compile(r"(?<=[.!?…])[”’\"')*]*\s+|\n+")
MARKS = re.compile(r"\{\w+\}|[*_`]|^\s*(?:[-*]|\d+[.)])\s+", re.MULTILINE)
VOWELS = re.compile(r"[aeiouy]+")
HYPHENS = pyphen.Pyphen(lang="en_US", left=2, right=2)


def plain(text: str) -> str:
    """Without Markdown's marks and without the site's variables."""
    return MARKS.sub("", text)


def words(text: str) -> list[str]:
    return WORD.findall(plain(text))


def sentences(text: str) -> list[str]:
    """Each item of a list counts as a sentence of its own."""
    return [part for part in SENTENCE_END.split(plain(text)) if WORD.search(part)]


def grade(texts: Iterable[str]) -> float:
    """Flesch-Kincaid grade of English text; 0 for no text."""
    found = [sentence for text in texts for sentence in sentences(text)]
    said = [word for sentence in found for word in WORD.findall(sentence)]
    if not said:
        return 0.0
    return 0.39 * len(said) / len(found) + 11.8 * sum(map(syllables, said)) / len(said) - 15.59


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
