"""What a service keeps about people, as data: each service's privacy.toml says of every table whose rows it holds, why, and how
long. Erasing, handing out, forgetting and docs/guides/privacy.md all follow from it; a table that it leaves out fails a test."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

NOBODY = UUID(int=0)  # stands where somebody who was erased had done something
SHARED = Path(__file__).parent / "messaging" / "privacy.toml"


AFTER = {  # how a column of instants is said; the others are “it was sent” of sent_at
    "at": "it happened",
    "starts_at": "the session",
    "began_at": "it began",
    "expires_at": "it ended",
    "ends_at": "it ended",
    "until_at": "it ended",
}


class Unclear(Exception):
    """A privacy.toml says something that cannot be followed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One table.

    `of`: columns that say whose row it is: it goes when that person is erased. `by`: who did it: the row stays, without them.
    `inside`: JSON columns with ids of staff in them, which are replaced. `naming`: JSON columns; a row that names the person in
    one goes. `elsewhere`: why an id may stay, or who removes it.
    `since` and `days`: forgotten so long after that instant; `until` says in words when a table without them is emptied.
    `hide`: columns that nobody is handed. `forget`: a function of the schema, for a table whose rows its service cannot delete.
    """

    table: str
    group: str
    what: str
    why: str
    of: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    naming: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    since: str = ""
    days: int = 0
    until: str = ""
    hide: tuple[str, ...] = ()
    forget: str = ""

    @property
    def how_long(self) -> str:
        return f"{_span(self.days)} after {AFTER.get(self.since, 'it was ' + self.since[:-3])}" if self.days else self.until


Keeps = tuple[Kept, ...]
KEPT = TypeAdapter(Kept)


def load(folder: Path) -> Keeps:
    """A service's own tables in the order in which they are erased, then those that every service has."""
    return (*_read(folder / "privacy.toml"), *everywhere())


def everywhere() -> Keeps:
    """The tables that every service has."""
    return tuple(_read(SHARED))


def _read(file: Path) -> Iterator[Kept]:
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as problem:
        raise Unclear(f"{file} cannot be read: {problem}") from problem
    for table, said in found.items():
        if unknown := said.keys() - {one.name for one in fields(Kept)}:
            raise Unclear(f"{file}, [{table}]: no such word: {', '.join(sorted(unknown))}")
        try:
            kept = KEPT.validate_python(said | {"table": table})
        except ValidationError as problem:
            raise Unclear(f"{file}, [{table}]: {problem.errors()[0]['msg']} ({problem.errors()[0]['loc']})") from None
        if bool(kept.days) == bool(kept.until) or bool(kept.days) != bool(kept.since):
            raise Unclear(f"{file}, [{table}]: say either since and days, or until")
        yield kept


def _span(days: int) -> str:
    if days % 365 == 0:
        return f"{days // 365} year{'s' if days > 365 else ''}"
    return f"{days} day{'s' if days > 1 else ''}"
