"""Whose session an entry of a calendar is, and for what: by rules of its site, of which the first that fits says it. Pure.

Words that may be a person's name are compared and kept as keyed hashes. An entry is looked through once, however many the rules.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from pydantic import TypeAdapter

from services.trigger.calendar_about import PEOPLE
from services.trigger.calendar_parts import About, Instance
from services.trigger.imports import LEFT_OUT, SEVERAL_MENTORS, Asked, Meaning, Roster, activity_named, activity_of
from shared.contracts import ids
from shared.contracts.site import Mode
from shared.contracts.vocabulary import vocabulary

MOST_WORDS = 60  # of one value that are looked at
NOBODY = frozenset[UUID]()
MODES: Mapping[str, Mode] = {"in_person": "in_person", "in person": "in_person", "virtual": "virtual", "online": "virtual"}


@dataclass(frozen=True, slots=True)
class Rule:
    """`by`: a property; empty: every entry fits. `phrase`: the `words` that it must hold; empty: it is enough that it is there.

    `value`: what the entry is then; empty: what the property says it is.
    """

    by: str = ""
    phrase: str = ""
    words: int = 0
    value: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarMapping:
    """Rules, first to last. Phrases of `mentor` are hashes, and its values are ids of mentors."""

    mentor: tuple[Rule, ...] = ()
    activity: tuple[Rule, ...] = ()
    focus: tuple[Rule, ...] = ()
    mode: tuple[Rule, ...] = ()
    leave_out: tuple[Rule, ...] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        return (*self.mentor, *self.activity, *self.focus, *self.mode, *self.leave_out)

    @property
    def wanted(self) -> frozenset[str]:
        return frozenset(rule.by for rule in self.rules if rule.by)

    @property
    def mentors(self) -> list[UUID]:
        """Whom it names."""
        return sorted({UUID(value) for rule in self.mentor for value in rule.value})


NO_MAPPING = CalendarMapping()
DOCUMENT = TypeAdapter(CalendarMapping)


def written(mapping: CalendarMapping) -> str:
    return DOCUMENT.dump_json(mapping).decode()


def parse(document: str) -> CalendarMapping:
    return DOCUMENT.validate_json(document)


def digest(mapping: CalendarMapping, roster: Roster) -> bytes:
    """Another one as soon as an entry may mean something else."""
    known = [f"{address} {mentor}" for address, mentors in roster.by_address.items() for mentor in mentors]
    return sha256("\n".join([written(mapping), *sorted(map(str, roster.mentors)), *sorted(known)]).encode()).digest()


def phrase(text: str) -> str:
    """Words without case and signs: `Zoom.us` is `zoom us`."""
    return " ".join(_words(text))


def fingerprint(site_id: str, phrase: str) -> str:
    return ids.fingerprint("words", site_id, phrase)


class Question:
    """The rules that answer one question."""

    def __init__(self, rules: tuple[Rule, ...], keyed_for: str = "") -> None:
        """`keyed_for`: the site with whose key the phrases were hashed."""
        self.rules, self.keyed_for = rules, keyed_for
        self._by_phrase: dict[tuple[str, int], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for n, rule in enumerate(rules):
            if rule.phrase:
                self._by_phrase[rule.by, rule.words][rule.phrase].append(n)

    def fitting(self, about: About) -> Iterable[Rule]:
        places = {n for n, rule in enumerate(self.rules) if not rule.phrase and (not rule.by or rule.by in about.said)}
        for (by, words), rules in self._by_phrase.items():
            for found in {found for text in about.said.get(by, ()) for found in _phrases(text, words)}:
                places.update(rules.get(fingerprint(self.keyed_for, found) if self.keyed_for else found, ()))
        return [self.rules[n] for n in sorted(places)]


class Meanings:
    """What each entry of one calendar means, by its mapping and the roster of its site."""

    def __init__(self, mapping: CalendarMapping, roster: Roster, asked: Asked) -> None:
        self.site_id, self.mentor_id, self.default, self.roster = asked.site_id, asked.mentor_id, asked.activity, roster
        self.mentor = Question(mapping.mentor, asked.site_id)
        self.activity, self.focus = Question(mapping.activity), Question(mapping.focus)
        self.mode, self.leave_out = Question(mapping.mode), Question(mapping.leave_out)
        self._known: dict[tuple[int, tuple[str, ...]], Meaning] = {}

    def of(self, instance: Instance) -> Meaning:
        """The sessions of a series share what is said of them."""
        key = (id(instance.about), instance.categories)
        if key not in self._known:
            self._known[key] = self._meaning(instance)
        return self._known[key]

    def _meaning(self, instance: Instance) -> Meaning:
        about = instance.about
        if any(self.leave_out.fitting(about)):
            return Meaning(None, None, why=LEFT_OUT)
        mentor_id, why, among = (self.mentor_id, None, NOBODY) if self.mentor_id else self._mentor(about)
        return Meaning(mentor_id, self._activity(instance), self._focus(about), self._mode(about), why, among)

    def _mentor(self, about: About) -> tuple[UUID | None, str | None, frozenset[UUID]]:
        """Never a guess: of two mentors it is neither."""
        why = "no_rule"
        for rule in self.mentor.fitting(about):
            found = self._mentors(rule, about.said.get(rule.by, ()))
            if len(found) > 1:
                return None, SEVERAL_MENTORS, found
            for mentor_id in found:
                return mentor_id, None, NOBODY
            why = "not_in_roster"
        return None, why, NOBODY

    def _mentors(self, rule: Rule, said: Iterable[str]) -> frozenset[UUID]:
        if rule.by in PEOPLE:
            addresses = (ids.address(self.site_id, address) for address in said)
            return frozenset(mentor for address in addresses for mentor in self.roster.by_address.get(address, ()))
        named = map(UUID, rule.value) if rule.value else (ids.mentor(self.site_id, text) for text in said)
        return self.roster.mentors.intersection(named)

    def _activity(self, instance: Instance) -> str | None:
        for rule in self.activity.fitting(instance.about):
            named = {code for text in instance.about.said.get(rule.by, ()) if (code := activity_named(text))}
            if found := set(rule.value) or named:
                return found.pop() if len(found) == 1 else None
        return activity_of(instance.categories, self.default)

    def _focus(self, about: About) -> tuple[str, ...]:
        for rule in self.focus.fitting(about):
            said = ("_".join(_words(text)) for text in about.said.get(rule.by, ()))
            if found := rule.value or tuple(skill for skill in said if skill in vocabulary().skills):
                return found[:5]
        return ()

    def _mode(self, about: About) -> Mode:
        for rule in self.mode.fitting(about):
            for text in rule.value or about.said.get(rule.by, ()):
                if mode := MODES.get(text.casefold()):
                    return mode
        return "in_person"


def _phrases(text: str, words: int) -> Iterator[str]:
    found = _words(text)
    return (" ".join(found[n : n + words]) for n in range(len(found) - words + 1))


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.casefold()).split()[:MOST_WORDS]
