"""Which column of a file is what: by the many names that people give them, or as a file of the site's own says."""

import csv
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from services.trigger import sheet_book, sheet_text
from services.trigger.sheet_parts import Cell, Row, Sheet, Unreadable
from shared.contracts.vocabulary import vocabulary

SEARCHED = 25  # rows: a title and a few words may stand above the headers
PRINT = "`jitt import sessions FILE --print-columns > columns.toml` writes a list to start from; give it back with --columns."
SPELLINGS = {  # without spaces, signs and case
    "ref": """ref reference referenceid sessionref sessionreference sessionid sessionno sessionnumber sessionkey id uid
        booking bookingid bookingno bookingref bookingnumber bookingreference appointmentid appointmentno appointmentref
        appointmentnumber eventid meetingid visitid externalid recordid referencia""",
    "mentor": """mentor mentorref mentorreference mentorid mentorno mentornumber mentorkey mentorcode volunteer volunteerid
        volunteerref volunteerno volunteernumber tutor tutorid tutorref coach coachid coachref mentora""",
    "date": """date day sessiondate dateofsession startdate begindate scheduleddate meetingdate appointmentdate visitdate
        eventdate fecha""",
    "time": """time start starttime starts startsat startat begin begins begintime beginning from timefrom timestart
        sessiontime sessionstart meetingtime appointmenttime scheduledtime scheduledstart scheduledat startdatetime
        startdateandtime startdatetimelocal datetime dateandtime when hora inicio""",
    "end": """end endtime ends endsat endat finish finishtime finishes until to timeto timeend sessionend scheduledend
        enddatetime enddateandtime fin""",
    "minutes": """minutes mins min duration durationminutes durationmin durationmins durationinminutes length lengthminutes
        lengthmin lengthinminutes sessionlength sessionminutes plannedminutes duracion minutos""",
    "activity": """activity activitycode activitytype sessionactivity type sessiontype typeofsession kind category purpose
        focus plannedactivity actividad""",
    "time_zone": "timezone tz tzid zone timezoneid iana zonahoraria",
    "mode": "mode sessionmode meetingmode format sessionformat meetingformat inpersonorvirtual modalidad",
    "status": "status state sessionstatus bookingstatus appointmentstatus estado",
}
Pick = Callable[[Sequence[Cell]], Iterable[Cell]]
OURS = {name: ours for ours, names in SPELLINGS.items() for name in names.split()}


class Cells(NamedTuple):
    """The cells of a row that mean something to us, the empty text where there is none."""

    ref: Cell
    mentor: Cell
    date: Cell
    time: Cell
    end: Cell
    minutes: Cell
    activity: Cell
    time_zone: Cell
    mode: Cell
    status: Cell


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """What a site says of its own file: its headers by our names, and what it calls our activities."""

    columns: Mapping[str, str] = field(default_factory=dict)
    activities: Mapping[str, str] = field(default_factory=dict)  # folded -> code


@dataclass(frozen=True, slots=True)
class Columns:
    """`line`: where the headers stand. `theirs`: their headers by our names."""

    line: int
    headers: tuple[str, ...]
    theirs: Mapping[str, str]

    def __contains__(self, ours: str) -> bool:
        return ours in self.theirs

    @property
    def unused(self) -> list[str]:
        return [header for header in self.headers if header and header not in self.theirs.values()]

    def picker(self) -> Pick:
        """For a row that is filled up to one cell more than there are headers."""
        places = {header: place for place, header in reversed(list(enumerate(self.headers)))}
        return itemgetter(*(places[self.theirs[ours]] if ours in self else len(self.headers) for ours in Cells._fields))


def opened(path: Path, encoding: str = "", worksheet: str = "") -> Sheet:
    """Raises Unreadable."""
    return sheet_book.opened(path, worksheet) if sheet_book.is_book(path) else sheet_text.opened(path, encoding)


def found(sheet: Sheet, words: Words) -> Columns:
    """The row among the first that has the most of our columns. Raises Unreadable where there is none, or a column is unclear."""
    return _named(*_header(sheet, words), words)


def written(sheet: Sheet) -> str:
    """A file for --columns to start from, with what is recognized filled in."""
    line, headers = _header(sheet, Words(), fewest=0)
    named = _candidates(headers, Words())
    known = {header for several in named.values() for header in several}
    lines = ["# Left: what jitt looks for. Right: your header, exactly as it stands in the file; empty where there is none.",
             f"# Your headers, on line {line}: {', '.join(_quoted(header) for header in headers if header)}",
             "[columns]"]  # fmt: skip
    for ours in Cells._fields:
        also = f"  # or {' or '.join(_quoted(one) for one in named[ours][1:])}" if len(named[ours]) > 1 else ""
        lines.append(f"{ours} = {_quoted(named[ours][0] if named[ours] else '')}{also}")
    unused = [header for header in headers if header and header not in known]
    return "\n".join([*lines, f"# Not recognized: {', '.join(map(_quoted, unused)) or 'none'}", "", "[activities]",
                      "# What you call an activity, and which of ours it is, one on a line:",
                      '# "Tutoring" = "homework_help"',
                      f"# Ours are: {', '.join(vocabulary().activities)}", ""])  # fmt: skip


def words_of(path: Path) -> Words:
    """From TOML as `written` has it, or a CSV file with their header and our name on each line. Raises Unreadable."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        tables = tomllib.loads(text) if path.suffix.casefold() == ".toml" else {"columns": _pairs(text)}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"{path.name} cannot be read: {error}. {PRINT}") from None
    columns, activities = (_texts(path, tables, name) for name in ("columns", "activities"))
    for known, names, what in ((Cells._fields, columns, "column"), (vocabulary().activities, activities.values(), "activity")):
        for name in names:
            if name not in known:
                raise Unreadable(f"{path.name}: there is no {what} “{name}”. {like(name, list(known))}")
    return Words({ours: header for ours, header in columns.items() if header}, {_folded(w): a for w, a in activities.items()})


def like(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word, known, 1)
    return f"Did you mean {near[0]}?" if near else f"Choose one of: {', '.join(known)}."


def activity_in(words: Words, name: str) -> str | None:
    return words.activities.get(_folded(name)) if words.activities else None


def _header(sheet: Sheet, words: Words, fewest: int = 2) -> tuple[int, tuple[str, ...]]:
    rows = [Row(row.line, [_text(cell) for cell in row.cells]) for row in islice(sheet.rows(lambda done, of: None), SEARCHED)]
    rows = [row for row in rows if any(row.cells)]
    if not rows:
        raise Unreadable("There are no rows in this file. Export it again.")
    best = max(rows, key=lambda row: len(_candidates([str(cell) for cell in row.cells], words)))
    headers = tuple(str(cell) for cell in best.cells)
    if len(_candidates(headers, words)) < fewest:
        raise Unreadable(f"No row of headers was found. The first row should name its columns, such as: "
                         f"ref, mentor, date, time, minutes, activity. If yours have other names: {PRINT}")  # fmt: skip
    return best.line, headers


def _named(line: int, headers: tuple[str, ...], words: Words) -> Columns:
    theirs = {}
    for ours, several in _candidates(headers, words).items():
        if len(several) > 1:
            listed = " and ".join(f"“{one}”" for one in several)
            raise Unreadable(f"{listed} could both be the {ours}. Say which with --columns. {PRINT}")
        theirs[ours] = several[0]
    for ours, header in words.columns.items():
        if header not in headers:
            raise Unreadable(f"--columns names “{header}” as the {ours}, and line {line} has no such header. "
                             f"It has: {', '.join(one for one in headers if one)}.")  # fmt: skip
    return Columns(line, headers, theirs)


def _candidates(headers: Sequence[str], words: Words) -> dict[str, list[str]]:
    """Headers by our names. A header that --columns names is nothing else, and the names it gives are looked for nowhere else."""
    candidates = defaultdict[str, list[str]](list)
    for header in headers:
        ours = OURS.get(_bare(header))
        if ours and ours not in words.columns and header not in words.columns.values():
            candidates[ours].append(header)
    candidates |= {ours: [header] for ours, header in words.columns.items() if header in headers}
    return candidates


def _pairs(text: str) -> dict[str, str]:
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if any(row)]
    if wrong := next((n for n, row in enumerate(rows, 1) if len(row) != 2), None):
        raise csv.Error(f"row {wrong} should have two cells, your header and our name for it")
    return {ours: header for header, ours in rows if (header, ours) != ("header", "column")}


def _texts(path: Path, tables: Mapping[str, object], name: str) -> dict[str, str]:
    table = tables.get(name, {})
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise Unreadable(f'{path.name}: [{name}] should hold lines such as ref = "Booking No". {PRINT}')
    return table


def _text(cell: Cell) -> str:
    return " ".join(str(cell).split())


def _bare(header: str) -> str:
    return "".join(filter(str.isalnum, header.casefold()))


def _folded(word: str) -> str:
    return " ".join(word.casefold().split())


def _quoted(text: str) -> str:
    """As TOML and JSON write it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def missing(columns: Columns, *, minutes: bool, activity: bool, makes_refs: bool) -> Iterator[str]:
    """What no column says and no option either."""
    if "ref" not in columns and not makes_refs:
        yield ("No column holds a reference: your own name or number for a session, by which it is known when it moves. "
               "Name it “ref”. If there is none, --no-ref makes one of mentor, date and time; "
               "a session that moves is then another one.")  # fmt: skip
    if "mentor" not in columns:
        yield "No column says whose session it is. Name it “mentor”; it holds the mentor's reference, as in the people's file."
    if "date" not in columns and "time" not in columns:
        yield "No column says when a session is. Name them “date” and “time”, or one of them “start” if it holds both."
    if "end" not in columns and "minutes" not in columns and not minutes:
        yield "No column says how long a session is. Name it “minutes” or “end”, or say it for all: --minutes 45."
    if "activity" not in columns and not activity:
        yield "No column says what a session is for. Name it “activity”, or say it for all: --activity check_in."
