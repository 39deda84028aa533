"""A site's own file of rules (YAML or JSON) becomes a mapping, or a sentence that says what to mend."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from services.trigger.calendar_about import PEOPLE, TEXTS, may_be_asked
from services.trigger.calendar_mapping import CalendarMapping, Rule, fingerprint, phrase
from shared.contracts import ids
from shared.contracts.vocabulary import vocabulary

LARGEST = 500_000  # characters
MOST_RULES = 2_000
MOST_WORDS = 8
SECTIONS = ("mentor", "activity", "focus", "mode", "leave_out")
KEYS = ("by", "words", "is")
PROPERTIES = f"{', '.join((*TEXTS, *PEOPLE))} or a name that begins with X-"
LOOKS_LIKE = "A mapping has lists of rules under mentor, activity, focus, mode or leave_out; docs/guides/sites.md shows one."
Said = Mapping[str, Any]


class Unusable(Exception):
    """In words that say what to do. Nothing of a rule is in them but what is no name of ours."""


def opened(path: Path, site_id: str) -> CalendarMapping:
    """Raises Unusable."""
    try:
        return read(path.read_text(encoding="utf-8-sig"), site_id)
    except UnicodeDecodeError:
        raise Unusable(f"{path.name} is not UTF-8. Save it as UTF-8.") from None
    except Unusable as error:
        raise Unusable(f"{path.name}: {error}") from None


def read(text: str, site_id: str) -> CalendarMapping:
    """Raises Unusable."""
    if len(text) > LARGEST:
        raise Unusable(f"this file is longer than {LARGEST:,} characters.")
    try:
        document = yaml.safe_load(text)  # JSON is YAML too
    except yaml.MarkedYAMLError as error:
        line = f" on line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise Unusable(f"this is no YAML and no JSON{line}: {error.problem}.") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise Unusable("this is no YAML and no JSON.") from None
    if not isinstance(document, dict) or not document:
        raise Unusable(LOOKS_LIKE)
    for name in document:
        if name not in SECTIONS:
            raise Unusable(f"“{name}” is no part of a mapping. {_like(str(name), SECTIONS)}")
    return CalendarMapping(**{name: _section(name, document.get(name), site_id) for name in SECTIONS})


def references(path: Path, site_id: str) -> dict[UUID, str]:
    """Of the mentors that a usable file names."""
    document = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    named = (_one(rule["is"]) for rule in document.get("mentor") or [] if "is" in rule)
    return {ids.mentor(site_id, ref): ref for ref in named}


def _section(name: str, rules: object, site_id: str) -> tuple[Rule, ...]:
    if rules is None:
        return ()
    if not isinstance(rules, list):
        raise Unusable(f"{name} should be a list: one rule on a line, each after a dash. {LOOKS_LIKE}")
    if len(rules) > MOST_RULES:
        raise Unusable(f"{name} has more than {MOST_RULES:,} rules.")
    found = []
    for n, said in enumerate(rules, 1):
        try:
            found.append(_rule(name, said, site_id))
        except Unusable as error:
            raise Unusable(f"{name}, rule {n}: {error}") from None
    return tuple(found)


def _rule(section: str, said: object, site_id: str) -> Rule:
    if not isinstance(said, dict):
        raise Unusable("a rule has by, words and is, such as {by: SUMMARY, words: report card, is: report_card_review}.")
    for key in said:
        if key not in KEYS:
            raise Unusable(f"“{key}” is no part of a rule. {_like(str(key), KEYS)}")
    by = _text(said, "by").upper()
    if by and not may_be_asked(by):
        raise Unusable(f"“{said['by']}” is no property that is looked at. Use {PROPERTIES}.")
    if by in PEOPLE:
        return _guest(section, by, said)
    words = phrase(_text(said, "words"))
    many = len(words.split())
    if "words" in said and not 1 <= many <= MOST_WORDS:
        raise Unusable(f"“words” should hold 1 to {MOST_WORDS} words.")
    _check(section, by, words, said)
    value = VALUES[section](said["is"], site_id) if "is" in said else ()
    return Rule(by, fingerprint(site_id, words) if words and section == "mentor" else words, many, value)


def _guest(section: str, by: str, said: Said) -> Rule:
    if section != "mentor":
        raise Unusable(f"{by} says whose a session is, and nothing else: it belongs under mentor.")
    if len(said) > 1:
        raise Unusable(f"addresses of {by} are compared with the roster: leave out “words” and “is”.")
    return Rule(by)


def _check(section: str, by: str, words: str, said: Said) -> None:
    if section == "leave_out":
        if "is" in said:
            raise Unusable("what is left out is nothing else: take “is” away.")
        if not by:
            raise Unusable("say which entries, such as {by: SUMMARY, words: staff meeting}.")
    elif words and not by:
        raise Unusable(f"say where these words stand: by {PROPERTIES}.")
    elif "is" not in said and (words or not by):
        raise Unusable("say what it is, with “is”.")


def _mentor(value: object, site_id: str) -> tuple[str, ...]:
    ref = _one(value)
    if len(ref) > 200:
        raise Unusable("a mentor's reference has at most 200 characters.")
    return (str(ids.mentor(site_id, ref)),)


def _activity(value: object, _: str) -> tuple[str, ...]:
    return (_known(_one(value), [*vocabulary().activities, *vocabulary().scope_3], "activity"),)


def _focus(value: object, _: str) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    if not 1 <= len(several) <= 5:
        raise Unusable("a focus is one to five skills.")
    return tuple(_known(_one(one), list(vocabulary().skills), "skill") for one in several)


def _mode(value: object, _: str) -> tuple[str, ...]:
    return (_known(_one(value), ["in_person", "virtual"], "mode"),)


VALUES: Mapping[str, Callable[[object, str], tuple[str, ...]]] = {
    "mentor": _mentor, "activity": _activity, "focus": _focus, "mode": _mode,
}  # fmt: skip


def _text(said: Said, key: str) -> str:
    return _one(said[key]) if key in said else ""


def _one(value: object) -> str:
    """YAML takes 007, yes and 2026-12-03 for something else than text."""
    if not isinstance(value, str) or not value.strip():
        raise Unusable(f"“{value}” should be text. Put it in quotes." if value else "something is empty here.")
    return value.strip()


def _known(name: str, known: Sequence[str], what: str) -> str:
    if name not in known:
        raise Unusable(f"there is no {what} “{name}”. {_like(name, known)}")
    return name


def _like(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word, known, 1)
    return f"Did you mean {near[0]}?" if near else f"Choose one of: {', '.join(known)}."
