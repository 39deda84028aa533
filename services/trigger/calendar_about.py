"""What an entry says besides its times: titles, places, guests. Read only where a mapping asks for it, and kept nowhere."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from services.trigger.calendar_parts import NOT_ASKED, About, Broken
from services.trigger.calendar_text import Block, Line, Property, parsed

ESCAPED = re.compile(r"\\(.)", re.DOTALL)
BETWEEN_VALUES = re.compile(r"(?<!\\),")
TEXTS = ("SUMMARY", "CATEGORIES", "LOCATION")
PEOPLE = ("ATTENDEE", "ORGANIZER")
LONGEST = 1_000  # characters of one value: a title is shorter, and what is longer is no title
MOST = 500  # values of one property: a class has fewer guests


def about(block: Block, wanted: frozenset[str]) -> About:
    """A line that cannot be read says nothing here; what an entry cannot do without is read elsewhere."""
    if not wanted:
        return NOT_ASKED
    said: dict[str, list[str]] = {}
    for line in block.lines:
        if line.name in wanted:
            values = said.setdefault(line.name, [])
            values += list(_values(line))[: MOST - len(values)]
    names = {line.name for line in block.lines if may_be_asked(line.name)}
    return About({name: tuple(values) for name, values in said.items() if values}, tuple(sorted(names)))


def may_be_asked(name: str) -> bool:
    return name in TEXTS or name in PEOPLE or (name.startswith("X-") and len(name) > 2)


def _values(line: Line) -> Iterator[str]:
    try:
        found = parsed(line)
    except Broken:
        return
    if line.name in PEOPLE:
        yield from _address(found)
    else:
        several = BETWEEN_VALUES.split(found.value) if line.name == "CATEGORIES" else [found.value]
        yield from (text for value in several if (text := _unescaped(value).strip()[:LONGEST]))


def _unescaped(value: str) -> str:
    return ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _address(person: Property) -> Iterator[str]:
    """As Apple and Exchange write it too, where the value itself is no address. A guest who declined does not come."""
    if person.params.get("PARTSTAT", "").upper() == "DECLINED":
        return
    scheme, _, rest = person.value.partition(":")
    given = (unquote(rest) if scheme.casefold() == "mailto" else "", person.params.get("EMAIL", ""), person.value)
    yield from [address.strip() for address in given if "@" in address and len(address) < LONGEST][:1]
