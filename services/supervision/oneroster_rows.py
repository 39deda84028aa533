"""What is kept of the rows of OneRoster sets: opaque ids, roles and days. A set of changes goes on top of what was told before.

What a row refers to is checked once everything is read; names are only in `contacts`, which nobody keeps. Pure.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from pydantic import TypeAdapter

from services.supervision import csv_text
from services.supervision.oneroster_set import Mode
from services.supervision.people_file import Problem, Whose
from shared.contracts import ids


@dataclass(frozen=True, slots=True)
class UserRow:
    """Under which ids this user would be a mentor, staff, a young person; which they are, their roles tell."""

    mentor_id: UUID
    staff_id: UUID
    mentee_ref: str
    role: str = ""  # 1.1
    orgs: tuple[UUID, ...] = ()
    agents: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleRow:
    user: UUID
    role: str
    org: UUID | None = None
    begins: str | None = None
    ends: str | None = None


@dataclass(frozen=True, slots=True)
class ClassRow:
    terms: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class EnrollmentRow:
    of: UUID
    user: UUID
    role: str
    primary: bool = False
    begins: str | None = None
    ends: str | None = None


@dataclass(frozen=True, slots=True)
class TermRow:
    begins: str | None = None
    ends: str | None = None


Kept = UserRow | RoleRow | ClassRow | EnrollmentRow | TermRow
KEPT: dict[str, TypeAdapter[Kept]] = {
    "users": TypeAdapter(UserRow), "roles": TypeAdapter(RoleRow), "classes": TypeAdapter(ClassRow),
    "enrollments": TypeAdapter(EnrollmentRow), "academicSessions": TypeAdapter(TermRow),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contact:
    """Of somebody who works here: what the roster never tells."""

    line: int
    reference: str
    name: str
    email: str | None
    phone: str | None


class Link(NamedTuple):
    """What a row refers to. `needed`: without it the row means nothing."""

    file: str
    line: int
    row_id: UUID
    column: str
    to: str
    sourced_id: str
    target: UUID
    needed: bool = True


class Ids:
    """The ids of one site's rows. What others refer to is made once, and is one and the same wherever it stands."""

    REFERRED_TO = ("orgs", "academicSessions", "courses", "classes", "users")

    def __init__(self, site_id: str) -> None:
        self.site_id = site_id
        self._made: dict[str, dict[str, UUID]] = {file: {} for file in self.REFERRED_TO}

    def of(self, file: str, sourced_id: str) -> UUID:
        made = self._made.get(file)
        if made is None:
            return row_id(self.site_id, file, sourced_id)
        if (found := made.get(sourced_id)) is None:
            found = made[sourced_id] = row_id(self.site_id, file, sourced_id)
        return found


@dataclass(slots=True)
class Table:
    """One file as it was read. `broken`: rows with a fault; `nameless`: one of them does not say which row it is."""

    mode: Mode
    rows: dict[UUID, Kept | None] = field(default_factory=dict)
    deleted: set[UUID] = field(default_factory=set)
    broken: set[UUID] = field(default_factory=set)
    nameless: bool = False

    def has(self, key: UUID) -> bool:
        return key in self.rows or key in self.broken

    @property
    def count(self) -> int:
        return len(self.rows) + len(self.deleted)


@dataclass(slots=True)
class Tables:
    """A set as it was read. `contacts` by row of users.csv; `links`: to what had not been read yet, or is not there;
    `erased`: how many rows were left out, as they tell of people who were erased."""

    of: dict[str, Table] = field(default_factory=dict)
    contacts: dict[UUID, Contact] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    erased: int = 0


def row_id(site_id: str, file: str, sourced_id: str) -> UUID:
    return ids.keyed(f"oneroster/{file}", site_id, sourced_id)


def unlinked(tables: Tables, stored: Mapping[str, Mapping[UUID, object]], whose: Whose) -> None:
    """Rows that refer to what is nowhere are broken; an agent of nobody's is only left out, and so is what tells of somebody who
    was erased."""
    left_out: Counter[str] = Counter()
    for link in tables.links:
        if link.row_id in tables.of[link.file].broken or _is_there(tables, stored, link):
            continue
        if link.needed and _is_erased(link, whose):
            tables.erased += tables.of[link.file].rows.pop(link.row_id, None) is not None
        elif link.needed:
            what = f"“{csv_text.quoted(link.sourced_id)}” is in no row of {link.to}.csv."
            mend = f"Add it to {link.to}.csv, or correct the id."
            tables.problems.append(Problem(link.line, link.column, what, mend, f"{link.file}.csv"))
            tables.of[link.file].broken.add(link.row_id)
            tables.of[link.file].rows.pop(link.row_id, None)
            tables.contacts.pop(link.row_id, None)
        else:
            left_out[link.column] += 1
    for column, count in left_out.items():
        tables.notes.append(f"{count:,} of “{column}” name nobody in users.csv, and were left out.")


def _is_erased(link: Link, whose: Whose) -> bool:
    """As far as a site's sessions call people what its users are called: nothing else of them is kept."""
    if link.to != "users" or not whose.erased:
        return False
    return any(make(whose.site_id, link.sourced_id) in whose.erased for make in (ids.mentor, ids.supervisor))


def _is_there(tables: Tables, stored: Mapping[str, Mapping[UUID, object]], link: Link) -> bool:
    """Of a file that is not complete here, and of which nothing is kept, nobody can tell."""
    target, table = link.target, tables.of.get(link.to)
    if table and (table.has(target) or table.nameless):
        return True
    if table and table.mode == "bulk":
        return False
    return link.to not in KEPT or target in stored.get(link.to, {})


def current(tables: Tables, stored: Mapping[str, Mapping[UUID, Kept]]) -> dict[str, dict[UUID, Kept]]:
    """What holds now: what was told before, with this set on top. A row with a fault says nothing: what it said stands."""
    found: dict[str, dict[UUID, Kept]] = {}
    for file in KEPT:
        table, before = tables.of.get(file), stored.get(file, {})
        if table is None:
            found[file] = dict(before)
            continue
        whole = table.mode == "bulk" and not table.nameless
        now = {key: row for key, row in before.items() if (not whole or key in table.broken) and key not in table.deleted}
        now.update((key, row) for key, row in table.rows.items() if row is not None)
        found[file] = now
    return found


def told_anew(
    now: Mapping[str, Mapping[UUID, Kept]], stored: Mapping[str, Mapping[UUID, Kept]]
) -> Iterable[tuple[str, UUID, Kept | None]]:
    """(file, row, what it says now) of every row that says something else than before; None: it is gone."""
    for file, rows in now.items():
        before = stored.get(file, {})
        yield from ((file, key, row) for key, row in rows.items() if before.get(key) != row)
        yield from ((file, key, None) for key in before if key not in rows)
