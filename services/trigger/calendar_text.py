"""From the bytes of a calendar file to its components: encodings, folded lines, and components that end too early."""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from icalendar.parser import Contentline

from services.trigger.calendar_parts import Broken, Notes

MAX_BYTES = 20 * 1024 * 1024
MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"B\0E\0G\0", "utf-16-le"),
    (b"\0B\0E\0G", "utf-16-be"),
)
AS_LINE: Callable[[str], Contentline] = Contentline
NAME = re.compile(r"\s*([A-Za-z0-9-]+)\s*[;:]")
# Outlook writes TZID=(UTC-05:00) Eastern Time ... without the quotes that its colon or commas need.
BARE_ZONE = re.compile(r';TZID=([^";][^";]*?)((?:;[A-Za-z-]+=[^;:"]*)*):([0-9TZPDHMSW+\-,/\s]*)$', re.IGNORECASE)
DEEPEST = 20  # a real calendar nests four deep
PARTS_OF_A_CALENDAR = ("VEVENT", "VTIMEZONE", "VTODO", "VJOURNAL", "VFREEBUSY")


@dataclass(frozen=True, slots=True)
class Line:
    """One unfolded line; `number` is where it begins in the file."""

    number: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    params: dict[str, str]
    value: str
    line: int


@dataclass(slots=True)
class Block:
    name: str
    line: int
    lines: list[Line] = field(default_factory=list)
    children: list["Block"] = field(default_factory=list)
    closed: bool = False


def calendars(data: bytes, notes: Notes) -> list[Block]:
    """Every VCALENDAR of the file. Raises Broken when there is nothing to read."""
    if len(data) > MAX_BYTES:
        raise Broken(1, "", "the file is larger than 20 MB", "Export a shorter period, or one mentor at a time.")
    root = Block("", 1)
    _build(root, _lines(data, notes))
    found = [block for block in root.children if block.name == "VCALENDAR"]
    if not found:
        raise Broken(1, "", "this is not a calendar: there is no BEGIN:VCALENDAR", "Export it again as iCalendar (.ics).")
    for block in found:
        if not block.closed:
            notes.error(block.line, "END", "the calendar has no END:VCALENDAR, so parts may be missing", "Export it again.")
    return found


def parsed(line: Line) -> Property:
    """Raises Broken for a line that is no property."""
    try:
        name, params, value = AS_LINE(_quoted_zone(line.text)).raw_parts()
    except ValueError:
        how = "A property looks like DTSTART;TZID=America/Chicago:20261126T150000."
        raise Broken(line.number, line.name, "this line cannot be read", how, line.text) from None
    words = {str(k).upper(): _text(v) for k, v in params.items()}
    return Property(name.upper(), words, value.strip(), line.number)


def _text(param: str | list[str]) -> str:
    return (", ".join(param) if isinstance(param, list) else str(param)).strip()


def _quoted_zone(text: str) -> str:
    """A line that names a zone more than once is no line of Outlook's, and could keep the pattern busy for hours."""
    if text.upper().count(";TZID=") != 1:
        return text
    return BARE_ZONE.sub(lambda m: f';TZID="{m[1].replace(chr(92), "")}"{m[2]}:{m[3]}', text)


def _build(root: Block, lines: Iterator[Line]) -> None:
    open_blocks = [root]
    for line in lines:
        word = line.text.partition(":")[2].strip().upper()
        if line.name == "BEGIN":
            _begin(open_blocks, Block(word, line.number))
        elif line.name == "END":
            _end(open_blocks, word)
        else:
            open_blocks[-1].lines.append(line)


def _begin(open_blocks: list[Block], block: Block) -> None:
    if block.name == "VCALENDAR":
        del open_blocks[1:]
    if block.name in PARTS_OF_A_CALENDAR:  # the one before it was never closed
        while len(open_blocks) > 1 and open_blocks[-1].name != "VCALENDAR":
            open_blocks.pop()
    open_blocks[-1].children.append(block)
    if len(open_blocks) < DEEPEST:
        open_blocks.append(block)


def _end(open_blocks: list[Block], name: str) -> None:
    if not any(block.name == name for block in open_blocks[1:]):
        return
    while (block := open_blocks.pop()).name != name:
        pass
    block.closed = True


def _lines(data: bytes, notes: Notes) -> Iterator[Line]:
    """Unfolds bytes before decoding: a fold may fall inside a character. Lines that are no property are passed over."""
    guessed = 0
    for number, raw in _unfolded(_as_utf8(data)):
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            guessed, text = guessed or number, raw.decode("latin-1")
        text = text.replace("\0", "")
        if found := NAME.match(text):
            yield Line(number, found[1].upper(), text)
    if guessed:
        how = "If letters look wrong, save the file as UTF-8 and import it again."
        notes.warn(guessed, "", "the file is not UTF-8; it was read as Latin-1 (Western European)", how)


def _as_utf8(data: bytes) -> bytes:
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), "utf-8")
    if encoding == "utf-8":
        return data
    text = data.decode(encoding, errors="replace")
    if "\N{REPLACEMENT CHARACTER}" in text and not encoding.startswith("utf-8"):
        how = "Save the file as UTF-8 and import it again."
        raise Broken(1, "", f"the file says that it is {encoding.upper()} but is damaged", how)
    return text.encode() if not encoding.startswith("utf-8") else data[len(codecs.BOM_UTF8) :]


def _unfolded(data: bytes) -> Iterator[tuple[int, bytes]]:
    began, parts = 0, list[bytes]()
    for number, raw in enumerate(re.split(rb"\r\n|\n|\r", data), 1):
        if raw[:1] in (b" ", b"\t") and parts:
            parts.append(raw[1:])
        elif raw.strip():
            if parts:
                yield began, b"".join(parts)
            began, parts = number, [raw]
    if parts:
        yield began, b"".join(parts)
