"""Calendar files as no program should write them: real ones with something done to them, and entries with odd values."""

from pathlib import Path
from random import Random

from tests.fuzz.fragments import TIMES, WORDS, ZONES, damaged

FOLDERS = (Path(__file__).parents[1] / "trigger" / "calendars", Path(__file__).parents[1] / "flow" / "calendars")
REAL = tuple(path.read_bytes() for folder in FOLDERS for path in sorted(folder.glob("*.ics")))
RULES = (
    "FREQ=SECONDLY", "FREQ=MINUTELY;COUNT=5", "FREQ=DAILY;COUNT=1000000000", "FREQ=DAILY;INTERVAL=0",
    "FREQ=DAILY;INTERVAL=999999999",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=13", "FREQ=MONTHLY;BYMONTHDAY=-32", "FREQ=WEEKLY;BYDAY=99MO",
    "FREQ=MONTHLY;BYSETPOS=367;BYDAY=MO", "FREQ=DAILY;UNTIL=00010101T000000Z", "FREQ=DAILY;UNTIL=99991231T235959Z", "FREQ=WEEKLY",
    "FREQ=DAILY;BYHOUR=0,6,12,18", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=SU", "FREQ=DAILY;COUNT=-1", "FREQ=DAILY;COUNT=" + "9" * 5_000,
    "FREQ=", ";;;", "FREQ=DAILY;FREQ=WEEKLY", "BYDAY=MO", "FREQ=WEEKLY;WKST=XX",
    "FREQ=YEARLY;BYEASTER=0", "FREQ=DAILY;UNTIL=2026-12-31",
)  # fmt: skip
STARTS = (
    "20261006T153000", "20261006T153000Z", "20261006", "00010101T000000", "99991231T235959Z", "20260308T023000",
    "20261101T013000", "20261032T153000", "20261006T253000", "2026-10-06T15:30:00Z", "", "P1D", "20261006T153000,20261007T153000",
    "19000101T000000",
)  # fmt: skip
LENGTHS = ("PT45M", "PT0S", "-PT45M", "P999999999D", "P1Y", "PT", "PT1000000H", "P" + "9" * 400 + "D", "PT45M;X=1")
NAMES = ("RDATE", "EXDATE", "RECURRENCE-ID", "RECURRENCE-ID;RANGE=THISANDFUTURE", "DTEND", "LAST-MODIFIED", "DTSTAMP", "EXRULE")
TEXTS = ("CATEGORIES", "SEQUENCE", "STATUS", "SUMMARY", "X-ODD;A=B;C", "UID")
ENDS = (b"\r\n", b"\n", b"\r", b"\r\n ", b"\n\t", b"\r\r\n")
OPENINGS = ("BEGIN:VEVENT", "BEGIN:VALARM", "BEGIN:VTIMEZONE", "BEGIN:STANDARD", "END:VEVENT", "END:VCALENDAR", "BEGIN:VCALENDAR")
CHARSETS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "utf-7")


def neighbor(n: int) -> list[str]:
    return ["BEGIN:VEVENT", f"UID:good-{n}", "DTSTART;TZID=America/Chicago:20261006T153000", "DURATION:PT45M", "END:VEVENT"]


def calendar(lines: list[str]) -> bytes:
    return "\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR", ""]).encode("utf-8", "surrogatepass")


def odd_entry(random: Random, n: int) -> list[str]:
    """Begins and ends as an entry does, so that what comes after it can be read."""
    zone = random.choice(ZONES)
    params = random.choice(("", ";TZID=America/Chicago", f";TZID={zone}", f';TZID="{zone}"', ";VALUE=DATE"))
    lines = [f"UID:odd-{n}", f"DTSTART{params}:{random.choice(STARTS)}", f"DURATION:{random.choice(LENGTHS)}"]
    lines += [_line(random) for _ in range(random.randrange(4))]
    random.shuffle(lines)
    return ["BEGIN:VEVENT", *(line.replace("\r", "").replace("\n", "") for line in lines), "END:VEVENT"]


def _line(random: Random) -> str:
    match random.randrange(6):
        case 0 | 1:
            return f"RRULE:{random.choice(RULES)}"
        case 2:
            return f"{random.choice(NAMES)}:{random.choice((*STARTS, *TIMES))}"
        case 3:
            listed = ",".join([random.choice(STARTS)] * random.choice((1, 2, 300)))
            return f"{random.choice(NAMES)};TZID={random.choice(ZONES)}:{listed}"
        case 4:
            return f"{random.choice(TEXTS)}:{random.choice(WORDS)}"
        case _:
            return random.choice(WORDS)


def odd_file(random: Random) -> bytes:
    """Anything at all: only the reader may say what is in it."""
    real = random.choice(REAL)
    match random.randrange(6):
        case 0 | 1:
            return damaged(random, real, random.choice(REAL))
        case 2:
            lines = [line for n in range(random.randrange(4)) for line in odd_entry(random, n)]
            lines.insert(random.randrange(len(lines) + 1), random.choice(OPENINGS))
            return calendar(lines)
        case 3:
            return real.decode("utf-8", "replace").encode(random.choice(CHARSETS), "replace")
        case 4:
            return b"".join(line + random.choice(ENDS) for line in real.split(b"\r\n"))
        case _:
            others = (b"", b"PK\x03\x04" + real, b"\x1f\x8b\x08" + real, b"<html>" + real, real * 3, real + b"\x00" * 1_000)
            return random.choice(others)
