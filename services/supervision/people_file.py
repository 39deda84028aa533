"""A site's list of people as CSV, read into rows and problems; every problem says where it is and how to mend it. Pure."""

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from functools import lru_cache
from io import BytesIO
from typing import Protocol, get_args
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from services.supervision import csv_text
from services.supervision.messages import PersonListed, Role
from services.supervision.people import Known, row_hash
from shared.contracts import ids
from shared.contracts.supervision import Match
from shared.contracts.vocabulary import vocabulary

MATCH = ("mentee_ref", "match_started_on", "match_ends_on", "closing")
WHO = ("ref", "role", "name", "email", "phone", "supervisor_ref", "back_up_ref", "time_zone", "locale")
COLUMNS = (*WHO, *MATCH, "cleared", "status")
FOR_MENTORS = ("supervisor_ref", *MATCH, "cleared")
REQUIRED = ("ref", "role", "name")
ROLES: tuple[str, ...] = get_args(Role)
EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
PHONE = re.compile(r"\+?[0-9][0-9 ().\-/]{4,30}( ?(x|ext\.?) ?[0-9]{1,6})?", re.IGNORECASE)
LOCALE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
LAST_MOMENT = time(23, 59, 59)
MOST = 200  # characters of a reference or a name
MOST_UNREAD = 5  # columns that a note names
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Problem:
    line: int
    column: str
    what: str
    mend: str
    file: str = ""  # of a set of several

    def __str__(self) -> str:
        line = f"{self.file}, line {self.line}" if self.file else f"Line {self.line}"
        where = f"{line}, {self.column}" if self.column else line
        return f"{where}: {self.what} {self.mend}"


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    person: PersonListed
    leaves: bool = False  # the list says that they have left


@dataclass(frozen=True, slots=True)
class Parsed:
    """`notes`: what was done to read the file. `rows` are the good ones; a line is in `rows` or in `problems`."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Whose:
    """The site that the file is for, the staff it has already, and who was erased, there or elsewhere."""

    site_id: str
    time_zone: str
    locale: str
    staff: frozenset[UUID] = frozenset()
    erased: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Compared:
    """`gone`: people whom a complete list no longer names, of the `active` ones that the site has. `given_back`: mentors of
    whom the list says what it said before, and who were handed on to somebody else since."""

    new: tuple[Row, ...]
    changed: tuple[Row, ...]
    unchanged: int
    gone: tuple[Known, ...] = ()
    active: int = 0
    given_back: int = 0

    @property
    def too_many_gone(self) -> bool:
        """More than a fifth of the site: rather a wrong file than so many who left at once."""
        return len(self.gone) * 5 > self.active


class Cells(Protocol):
    """A row by the names of its columns; a column that is not there is empty."""

    def __getitem__(self, column: str, /) -> str: ...


class Wrong(Exception):
    """One cell that cannot be taken as it is."""

    def __init__(self, column: str, what: str, mend: str) -> None:
        super().__init__(what)
        self.column, self.what, self.mend = column, what, mend


def read(data: bytes, whose: Whose, progress: Progress = lambda done, of: None) -> Parsed:
    encoding = csv_text.encoding(lambda: BytesIO(data))
    notes = [csv_text.NOT_UTF_8.format("The file")] if encoding == csv_text.FALLBACK else []
    lines = data.count(b"\n") + 1
    records = csv_text.records(lambda: BytesIO(data), encoding)
    _, header = next(records, (1, []))
    names = [_column(name) for name in header]
    if fault := _header_fault(names):
        return Parsed((), (fault,), tuple(notes))
    if unread := [name for name in names if name not in COLUMNS]:
        notes.append(_not_read(unread))
    rows, problems, out, unnamed = [], [], 0, 0
    for line, cells in records:
        progress(line, lines)
        try:
            row = _named(names, cells)
            if _is_erased(row, whose):
                out += 1
                continue
            unnamed += _forget_staff(row, whose)
            rows.append(_row(line, row, whose))
        except Wrong as wrong:
            problems.append(Problem(line, wrong.column, wrong.what, wrong.mend))
    rows, more = _related(rows, whose)
    notes += [*left_out(out), *_emptied(unnamed)]
    return Parsed(tuple(rows), tuple(sorted([*problems, *more], key=lambda p: p.line)), tuple(notes))


def compared(rows: Iterable[Row], known: Mapping[UUID, Known], here: Container[UUID] | None = None) -> Compared:
    """Against what the last import said of each person. `here`: who a complete list names; of nobody else it says anything.
    Whose mentor somebody is, the list says, also where a supervisor had left and is back."""
    new: list[Row] = []
    changed: list[Row] = []
    unchanged = given_back = 0
    leaving: set[UUID] = set()
    for row in rows:
        before = known.get(row.person.person_id)
        if row.leaves:
            leaving.add(row.person.person_id)
            unchanged += not before or before.status == "left"
        elif before and before.row_hash == row_hash(row.person) and before.supervisor_id == row.person.supervisor_id:
            unchanged += 1
        else:
            (changed if before else new).append(row)
            given_back += bool(before and before.row_hash == row_hash(row.person))
    active = [person for person in known.values() if person.status == "active"]
    absent = set() if here is None else {p.person_id for p in active if p.source == "oneroster" and p.person_id not in here}
    gone = tuple(person for person in active if person.person_id in leaving | absent)
    return Compared(tuple(new), tuple(changed), unchanged, gone, len(active), given_back)


def left_out(rows: int) -> list[str]:
    """What is said of rows about people who were erased: nothing of them is taken in again."""
    if rows == 1:
        return ["1 row belongs to somebody whose data was erased. It was left out: take it out of what you send."]
    words = "{:,} rows belong to people whose data was erased. They were left out: take them out of what you send."
    return [words.format(rows)] * bool(rows)


def given_back(found: Compared) -> list[str]:
    """What is said of mentors who were handed on when their supervisor left, and whose supervisor is back."""
    if found.given_back == 1:
        return ["1 mentor had been handed on when the supervisor left, and goes back to the supervisor whom the list names."]
    words = "{:,} mentors had been handed on when their supervisor left, and go back to the supervisor whom the list names."
    return [words.format(found.given_back)] * bool(found.given_back)


def _emptied(rows: int) -> list[str]:
    words = "In {} the supervisor or back-up is somebody whose data was erased. That cell was taken as empty."
    return [words.format("1 row" if rows == 1 else f"{rows:,} rows")] * bool(rows)


def _is_erased(row: Mapping[str, str], whose: Whose) -> bool:
    """Nothing else of such a row is looked at."""
    make = ids.mentor if _column(row["role"]) == "mentor" else ids.supervisor
    return bool(whose.erased) and make(whose.site_id, row["ref"]) in whose.erased


def _forget_staff(row: dict[str, str], whose: Whose) -> bool:
    """Whether the row named somebody who was erased: without them, a mentor is the site lead's."""
    named = [column for column in ("supervisor_ref", "back_up_ref") if row[column]]
    gone = [column for column in named if whose.erased and ids.supervisor(whose.site_id, row[column]) in whose.erased]
    row.update(dict.fromkeys(gone, ""))
    return bool(gone)


def _column(name: str) -> str:
    return re.sub(r"[\s\-]+", "_", name.strip().lower()).replace("e_mail", "email")


def _header_fault(names: list[str]) -> Problem | None:
    if any("\0" in name for name in names):
        what = "The first line has hidden characters, as in a file that is UTF-16 or UTF-32 or no list at all."
        return Problem(1, "", what, "Save the list as “CSV UTF-8”.")
    if missing := [name for name in REQUIRED if name not in names]:
        what = f"There is no column {' and no column '.join(f'“{name}”' for name in missing)}."
        near = _like(names[0], COLUMNS) if names and names[0] not in COLUMNS else ""
        return Problem(1, "", what, f"{near} The first line names the columns: {', '.join(COLUMNS)}.".strip())
    if twice := next((name for name in COLUMNS if names.count(name) > 1), None):
        return Problem(1, twice, "This column is there twice.", "Remove one of the two, or give it another name.")
    return None


def _not_read(unread: list[str]) -> str:
    more = f" and {len(unread) - MOST_UNREAD} more" if len(unread) > MOST_UNREAD else ""
    shown = ", ".join(f"“{csv_text.quoted(name)}”" for name in unread[:MOST_UNREAD])
    return f"Not read: {shown}{more}. {_like(unread[0], COLUMNS)}".strip()


def _named(names: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) > len(names):
        what = f"This row has {len(cells)} cells; the first line names {len(names)}."
        raise Wrong("", what, "Put quotation marks around a cell that has a comma or semicolon in it.")
    if broken := next((name for name, cell in zip(names, cells, strict=False) if not cell.isprintable()), None):
        what = "There is a line break or a hidden character in this cell."
        raise Wrong(csv_text.quoted(broken), what, "Type the cell again. A closing quotation mark may be missing.")
    return dict.fromkeys(COLUMNS, "") | dict(zip(names, cells, strict=False))


def _row(line: int, row: dict[str, str], whose: Whose) -> Row:
    status = row["status"].lower()
    if status not in ("", "active", "left"):
        raise Wrong("status", f"“{csv_text.quoted(row['status'])}” is no status.", "Write left, or leave it empty.")
    return Row(line, _person(row, whose), status == "left")


def _person(row: dict[str, str], whose: Whose) -> PersonListed:
    role = _role(row["role"])
    zone = _zone(row["time_zone"]) if row["time_zone"] else whose.time_zone
    if role != "mentor":
        for column in FOR_MENTORS:
            if row[column]:
                raise Wrong(column, "This is for mentors only.", f"Leave it empty for a {role}.")
    elif row["back_up_ref"]:
        raise Wrong("back_up_ref", "A mentor has no back-up.", "Give it to the supervisor who has one.")
    return PersonListed(
        site_id=whose.site_id,
        reference=_text(row, "ref"),
        role=role,
        name=_text(row, "name"),
        email=matching(row, "email", EMAIL, "an e-mail address", "name@example.org"),
        phone=matching(row, "phone", PHONE, "a phone number", "555 555 0100"),
        supervisor_reference=_text(row, "supervisor_ref") if row["supervisor_ref"] else None,
        time_zone=zone,
        locale=matching(row, "locale", LOCALE, "a language", "en or es") or whose.locale,
        back_up_reference=_text(row, "back_up_ref") if row["back_up_ref"] else None,
        matches=_matches(row, whose.site_id),
        cleared=_cleared(row["cleared"], zone),
    )


def _role(cell: str) -> Role:
    for role in get_args(Role):
        if _column(cell) == role:
            return role  # type: ignore[no-any-return]
    what = f"“{csv_text.quoted(cell)}” is no role." if cell else "The role is missing."
    raise Wrong("role", what, f"Use one of: {', '.join(ROLES)}.")


def _text(row: dict[str, str], column: str) -> str:
    if not row[column]:
        raise Wrong(column, "This cell is empty.", "Everybody needs a name, and a reference of the site's own.")
    if len(row[column]) > MOST:
        raise Wrong(column, f"This has {len(row[column])} characters.", f"Use at most {MOST}.")
    return row[column]


def matching(row: Cells, column: str, pattern: re.Pattern[str], what: str, like: str) -> str | None:
    cell = row[column]
    if cell and not (len(cell) <= MOST and pattern.fullmatch(cell)):
        raise Wrong(column, f"“{csv_text.quoted(cell)}” is not {what}.", f"Write it like {like}, or leave it empty.")
    return cell or None


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


def _zone(cell: str) -> str:
    found = _zones().get(cell.lower())
    if found is None:
        mend = _like(cell, _zones().values()) or "Use a name such as America/Chicago."
        raise Wrong("time_zone", f"“{csv_text.quoted(cell)}” is no time zone.", mend)
    return found


def zone(name: str) -> str | None:
    """The IANA name as it is spelled, or None."""
    return _zones().get(name.lower())


def day(cell: str, column: str) -> date:
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise Wrong(column, f"“{csv_text.quoted(cell)}” is not a date.", "Use YYYY-MM-DD.") from None


def _matches(row: dict[str, str], site_id: str) -> tuple[Match, ...]:
    """One, from its start. Of the young person only an opaque reference goes on."""
    if not row["match_started_on"]:
        if given := next((column for column in MATCH if row[column]), None):
            raise Wrong("match_started_on", f"This is empty, and “{given}” is not.", "Write when the match started.")
        return ()
    started = day(row["match_started_on"], "match_started_on")
    ends = day(row["match_ends_on"], "match_ends_on") if row["match_ends_on"] else None
    if ends and ends < started:
        raise Wrong("match_ends_on", f"{ends} is before the match started.", "Correct one of the two days.")
    mentee = ids.mentee(site_id, _text(row, "mentee_ref")) if row["mentee_ref"] else None
    ends_on = ends.isoformat() if ends else None
    return (Match(mentee_ref=mentee, started_on=started.isoformat(), ends_on=ends_on, closing=_yes(row["closing"])),)


def _yes(cell: str) -> bool:
    if cell.lower() not in ("", "yes", "no"):
        raise Wrong("closing", f"“{csv_text.quoted(cell)}” is neither yes nor no.", "Write yes when the match is being closed.")
    return cell.lower() == "yes"


def _cleared(cell: str, zone: str) -> dict[str, datetime | None]:
    """`function:until` with semicolons between; `base` is both base functions; no date means no end."""
    found: dict[str, datetime | None] = {}
    for part in filter(None, re.split(r"[;,|\s]+", cell)):
        name, _, last = part.partition(":")
        until = _last_moment(day(last, "cleared"), zone) if last else None
        found |= dict.fromkeys(_functions(name), until)
    return dict(sorted(found.items()))


def _functions(name: str) -> list[str]:
    known = vocabulary().functions
    if name == "base":
        return [function.code for function in known.values() if function.base]
    if name not in known:
        mend = _like(name, known) or f"Use base, or one of: {', '.join(known)}."
        raise Wrong("cleared", f"“{csv_text.quoted(name)}” is no function.", mend)
    return [name]


def _last_moment(day: date, zone: str) -> datetime:
    """A clearance counts for the whole of its last day, in the mentor's zone."""
    try:
        return datetime.combine(day, LAST_MOMENT, ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:  # the first or last day that a calendar can have
        raise Wrong("cleared", f"{day} is too far away.", "Leave the date out where there is no last day.") from None


def _related(rows: list[Row], whose: Whose) -> tuple[list[Row], list[Problem]]:
    """What can be judged only once every row is read: people listed twice, and supervisors whom nobody knows."""
    first: dict[UUID, int] = {}
    good: list[Row] = []
    problems: list[Problem] = []
    for row in rows:
        before = first.setdefault(row.person.person_id, row.line)
        if before == row.line:
            good.append(row)
        else:
            what = f"“{row.person.reference}” is on line {before} already."
            problems.append(Problem(row.line, "ref", what, "Keep one of the two rows."))
    told = {row.person.person_id: row.leaves for row in good if row.person.role != "mentor"}
    staff = {id for id in whose.staff | told.keys() if not told.get(id)}
    found: list[Row] = []
    for row in good:
        if row.leaves:
            found.append(row)
        elif unknown := next((one for one in _asked_for(row.person) if one[2] not in staff), None):
            what = f"Nobody with the reference “{unknown[1]}” is a supervisor in this file or at this site."
            problems.append(Problem(row.line, unknown[0], what, "Add a row for the supervisor, or correct the reference."))
        elif row.person.back_up_id == row.person.person_id:
            problems.append(Problem(row.line, "back_up_ref", "Nobody stands in for themselves.", "Name somebody else."))
        else:
            found.append(row)
    return found, problems


def _asked_for(person: PersonListed) -> list[tuple[str, str, UUID]]:
    """(column, reference, id) of the staff that a row names."""
    named = [("supervisor_ref", person.supervisor_reference), ("back_up_ref", person.back_up_reference)]
    return [(column, ref, ids.supervisor(person.site_id, ref)) for column, ref in named if ref]


def _like(word: str, among: Iterable[str]) -> str:
    near = get_close_matches(word, list(among), 1, 0.7)
    return f"Did you mean “{near[0]}”?" if near else ""
