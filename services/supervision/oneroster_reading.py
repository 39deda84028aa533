"""Reads a OneRoster set row by row, as it streams by. Each fault says its file, line, column and how to mend it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from sys import intern
from uuid import UUID

from services.supervision import csv_text, people_file
from services.supervision.oneroster_mapping import Mapping as Roles
from services.supervision.oneroster_rows import (
    ClassRow,
    Contact,
    EnrollmentRow,
    Ids,
    Kept,
    Link,
    RoleRow,
    Table,
    Tables,
    TermRow,
    UserRow,
)
from services.supervision.oneroster_set import Files, Manifest, Mode
from services.supervision.people_file import EMAIL, PHONE, Problem, Progress, Wrong
from shared.contracts import ids

ORDER = ("orgs", "academicSessions", "courses", "classes", "roles", "users", "enrollments")
NEEDED = {
    "orgs": ("sourcedId",),
    "academicSessions": ("sourcedId",),
    "courses": ("sourcedId",),
    "classes": ("sourcedId",),
    "roles": ("sourcedId", "userSourcedId", "role"),
    "users": ("sourcedId", "givenName", "familyName"),
    "enrollments": ("sourcedId", "classSourcedId", "userSourcedId", "role"),
}
COLUMNS = (
    "sourcedId", "status", "givenName", "familyName", "preferredGivenName", "preferredFamilyName", "email", "phone", "sms",
    "username", "identifier", "userIds", "role", "orgSourcedIds", "agentSourcedIds", "userSourcedId", "orgSourcedId",
    "classSourcedId", "schoolSourcedId", "courseSourcedId", "termSourcedIds", "primary", "beginDate", "endDate", "startDate",
)  # fmt: skip
STAFF_AND_MENTORS = ("mentor", "supervisor", "site_lead")
MOST = 200
YES = ("true", "1", "yes")
MADE_OF = "/"  # between the columns that together name a row


@dataclass(frozen=True, slots=True)
class Cells:
    """One row by our names of its columns, and what it refers to, as that is read."""

    ids: Ids
    file: str
    line: int
    given: Mapping[str, str]
    tables: Tables
    links: list[Link] = field(default_factory=list)

    @property
    def row_id(self) -> UUID:
        return self.ids.of(self.file, self.must("sourcedId"))

    def __getitem__(self, column: str) -> str:
        return self.given.get(column, "")

    def must(self, column: str) -> str:
        if not self[column]:
            raise Wrong(column, "This cell is empty.", "OneRoster asks for it in every row.")
        if len(self[column]) > MOST:
            raise Wrong(column, f"This has {len(self[column])} characters.", f"Use at most {MOST}.")
        return self[column]

    def many(self, column: str) -> tuple[str, ...]:
        return tuple(filter(None, (one.strip() for one in self[column].split(","))))

    def day(self, column: str) -> str | None:
        """Some systems write an instant where OneRoster asks for a day."""
        cell = self[column]
        return _day(cell[:10] if cell[10:11] == "T" else cell, column) if cell else None

    def to(self, column: str, file: str, *, needed: bool = True) -> tuple[UUID, ...]:
        """The rows of another file that this one names. Those that were read already need no further look."""
        named = [(one, self.ids.of(file, one)) for one in self.many(column)]
        table = self.tables.of.get(file)
        self.links.extend(
            Link(self.file, self.line, self.row_id, column, file, one, target, needed)
            for one, target in named if not (table and table.has(target))
        )  # fmt: skip
        return tuple(target for _, target in named)

    def to_one(self, column: str, file: str) -> UUID:
        self.must(column)
        return self.to(column, file)[0]


@lru_cache(maxsize=4_096)
def _day(cell: str, column: str) -> str:
    """One string for each day there is, however many rows name it."""
    return people_file.day(cell, column).isoformat()


class Reader:
    """Reads one set for one site."""

    def __init__(self, site_id: str, mapping: Roles, progress: Progress = lambda done, of: None) -> None:
        self.site_id, self.mapping, self.progress = site_id, mapping, progress
        self.ids = Ids(site_id)
        self.tables = Tables()
        self.references: dict[str, int] = {}
        self.here: set[UUID] = set()  # users who work here, as roles.csv tells

    def read(self, files: Files, manifest: Manifest) -> Tables:
        there = [name for name in ORDER if manifest.modes.get(name, "absent") != "absent" and name in files.opened]
        for number, name in enumerate(there):
            self.progress(number, len(there))
            self._file(name, manifest.modes[name], files)
        if left := [name for name in files.others if name.lower().endswith(".csv")]:
            self.tables.notes.append(f"Not opened, since nothing of it is needed: {', '.join(map(csv_text.quoted, left))}.")
        self.progress(len(there), len(there))
        return self.tables

    def _file(self, name: str, mode: Mode, files: Files) -> None:
        opened = files.opened[name]
        encoding = csv_text.encoding(opened)
        if encoding == csv_text.FALLBACK:
            self.tables.notes.append(csv_text.NOT_UTF_8.format(f"{name}.csv"))
        table = self.tables.of[name] = Table(mode)
        records = csv_text.records(opened, encoding)
        _, header = next(records, (1, []))
        columns = self._columns(name, header)
        if missing := [one for one in NEEDED[name] if one not in columns]:
            self._header_fault(name, missing, header)
            table.nameless = True
            return
        for line, cells in records:
            try:
                row = Cells(self.ids, name, line, _given(columns, cells, len(header)), self.tables)
                self._row(table, row)
            except Wrong as wrong:
                self._broken(table, name, line, wrong)

    def _columns(self, name: str, header: list[str]) -> dict[str, list[int]]:
        """Our name -> where its cells are, in any order and any capitals."""
        at = {cell.lower(): place for place, cell in reversed(list(enumerate(header)))}
        found = {ours: [at[ours.lower()]] for ours in COLUMNS if ours.lower() in at}
        for ours, theirs in self.mapping.columns.get(name, {}).items():
            if all(one.lower() in at for one in theirs):
                found[ours] = [at[one.lower()] for one in theirs]
        return found

    def _header_fault(self, name: str, missing: list[str], header: list[str]) -> None:
        what = f"There is no column {' and no column '.join(f'“{one}”' for one in missing)}."
        named = ", ".join(csv_text.quoted(cell) for cell in header[:12])
        mend = f"The first line names: {named}. Say which one it is by a mapping, [columns.{name}]."
        self.tables.problems.append(Problem(1, "", what, mend, f"{name}.csv"))

    def _row(self, table: Table, row: Cells) -> None:
        known = row.row_id
        if known in table.rows or known in table.deleted or known in table.broken:
            raise Wrong("sourcedId", "Another row of this file has the same id.", "Keep one of the two.")
        try:
            if _is_deleted(row, table.mode):
                table.deleted.add(known)
                return
            table.rows[known] = READ[row.file](self, row)
            self.tables.links += row.links
        except Wrong as wrong:
            table.broken.add(known)
            self.tables.problems.append(Problem(row.line, wrong.column, str(wrong), wrong.mend, f"{row.file}.csv"))

    def _broken(self, table: Table, name: str, line: int, wrong: Wrong) -> None:
        """A row that does not say which one it is."""
        table.nameless = True
        self.tables.problems.append(Problem(line, wrong.column, str(wrong), wrong.mend, f"{name}.csv"))

    def _term(self, row: Cells) -> TermRow:
        return TermRow(begins=row.day("startDate"), ends=row.day("endDate"))

    def _nothing(self, row: Cells) -> None:
        """Only that it is there: others refer to it."""

    def _class(self, row: Cells) -> ClassRow:
        row.to("schoolSourcedId", "orgs")
        row.to("courseSourcedId", "courses")
        return ClassRow(terms=row.to("termSourcedIds", "academicSessions"))

    def _role(self, row: Cells) -> RoleRow:
        user, role = row.to_one("userSourcedId", "users"), intern(row.must("role").lower())
        if self.mapping.roles.get(role) in STAFF_AND_MENTORS:
            self.here.add(user)
        org = next(iter(row.to("orgSourcedId", "orgs")), None)
        return RoleRow(user=user, role=role, org=org, begins=row.day("beginDate"), ends=row.day("endDate"))

    def _enrollment(self, row: Cells) -> EnrollmentRow:
        row.to("schoolSourcedId", "orgs")
        begins, ends = row.day("beginDate"), row.day("endDate")
        if begins and ends and ends < begins:
            raise Wrong("endDate", f"{ends} is before the beginning, {begins}.", "Correct one of the two days.")
        return EnrollmentRow(
            of=row.to_one("classSourcedId", "classes"),
            user=row.to_one("userSourcedId", "users"),
            role=intern(row.must("role").lower()),
            primary=row["primary"].lower() in YES,
            begins=begins,
            ends=ends,
        )

    def _user(self, row: Cells) -> UserRow:
        role, reference = intern(row["role"].lower()), _reference(row, self.mapping.reference)
        agents = row.to("agentSourcedIds", "users", needed=False)
        if self._works_here(row.row_id, role):
            self.tables.contacts[row.row_id] = self._contact(row, reference)
        return UserRow(
            mentor_id=ids.mentor(self.site_id, reference),
            staff_id=ids.supervisor(self.site_id, reference),
            mentee_ref=ids.mentee(self.site_id, reference),
            role=role,
            orgs=row.to("orgSourcedIds", "orgs"),
            agents=agents,
        )

    def _works_here(self, user: UUID, role: str) -> bool:
        """Of nobody else are name and contact looked at. Roles that this set does not tell are known from the one before."""
        if role:
            return self.mapping.roles.get(role) in STAFF_AND_MENTORS
        return user in self.here if "roles" in self.tables.of else True

    def _contact(self, row: Cells, reference: str) -> Contact:
        before = self.references.setdefault(reference, row.line)
        column = self.mapping.reference.partition(":")[0]
        if before != row.line:
            raise Wrong(column, f"The person on line {before} has the same.", "Each person needs a reference of their own.")
        given = row["preferredGivenName"] or row.must("givenName")
        family = row["preferredFamilyName"] or row.must("familyName")
        phone = "phone" if row["phone"] else "sms"
        return Contact(
            line=row.line,
            reference=reference,
            name=f"{given} {family}"[:MOST],
            email=people_file.matching(row, "email", EMAIL, "an e-mail address", "name@example.org"),
            phone=people_file.matching(row, phone, PHONE, "a phone number", "555 555 0100"),
        )


READ: dict[str, Callable[[Reader, Cells], Kept | None]] = {
    "orgs": Reader._nothing, "courses": Reader._nothing, "academicSessions": Reader._term, "classes": Reader._class,
    "roles": Reader._role, "users": Reader._user, "enrollments": Reader._enrollment,
}  # fmt: skip


def _is_deleted(row: Cells, mode: Mode) -> bool:
    status = row["status"].lower()
    if status not in ("active", "tobedeleted") and (status or mode == "delta"):
        what = f"“{csv_text.quoted(row['status'])}” is no status." if status else "A row of changes needs its status."
        raise Wrong("status", what, "Use active or tobedeleted.")
    return status == "tobedeleted"


def _given(columns: Mapping[str, list[int]], cells: list[str], wide: int) -> dict[str, str]:
    if len(cells) > wide:
        what = f"This row has {len(cells)} cells; the first line names {wide}."
        raise Wrong("", what, "Put quotation marks around a cell that has a comma in it.")
    cells += [""] * (wide - len(cells))
    given = {ours: cells[at[0]] if len(at) == 1 else _together(cells, at) for ours, at in columns.items()}
    printable = "".join(cells).isprintable()
    if broken := None if printable else next((name for name, cell in given.items() if not cell.isprintable()), None):
        what = "There is a line break or a hidden character in this cell."
        raise Wrong(broken, what, "Write the cell again. A closing quotation mark may be missing.")
    return given


def _together(cells: list[str], at: list[int]) -> str:
    """Of several columns that name a row together; empty where all of them are."""
    cell = MADE_OF.join(cells[one] for one in at)
    return cell if cell.strip(MADE_OF) else ""


def _reference(row: Cells, wanted: str) -> str:
    """What a site's sessions call this person."""
    if not wanted.startswith("userIds:"):
        return row.must(wanted)
    kind = wanted.partition(":")[2].lower()
    for one in row.many("userIds"):
        name, _, value = one.strip("{}").partition(":")
        if name.strip().lower() == kind and value.strip():
            return value.strip()[:MOST]
    raise Wrong("userIds", f"There is no id of the type {wanted.partition(':')[2]}.", "Write it like {type:id}.")
