"""JSON texts and words that programs stumble over, and JSON objects as texts whose fields can be anything, even twice."""

import json
from random import Random
from typing import Any

Fields = list[tuple[str, str]]  # name and JSON text, in order; nothing keeps a name from being there twice

NUMBERS = ("1e400", "-1e400", "-0", "-0.0", "0.1", "1.0", "NaN", "Infinity", "-Infinity", "9" * 400, "9" * 4_000,
           "1" + "0" * 10_000, "1e-400", "2147483648", "9223372036854775808", "-1", "0x10", "007", "1_000")  # fmt: skip
TIMES = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
         "1969-12-31T23:59:59Z", "2026-03-08T02:30:00-06:00", "2026-11-01T01:30:00-05:00", "2026-12-10T16:00:00+23:59",
         "2026-12-10T16:00:00-00:30", "2026-12-10T16:00:00+00:00:30", "2026-12-10T16:00:00", "2026-12-10", "20261210T160000Z",
         "2026-12-10T24:00:00Z", "2026-06-30T23:59:60Z", "2026-02-30T10:00:00Z", "2026-W50-4", "tomorrow", "1e300",
         "2026-12-10T16:00:00.123456789123Z", "-2026-12-10T16:00:00Z", "10000-01-01T00:00:00Z")  # fmt: skip
ZONES = ("Mars/Olympus", "../../etc/passwd", "/etc/localtime", "America", "america/chicago", "Factory", "localtime", "posixrules",
         "Etc/GMT+12", "EST5EDT", "UTC", "Africa/Monrovia", "Pacific/Apia", "Asia/Pyongyang", "Antarctica/Troll", "Z", "+06:00",
         "CON", ".", "", " ", "America/Chicago ", "America\\Chicago", "America/Chicago\u0000")  # fmt: skip
WORDS = ("", " ", "\u0000", "a\u0000b", "\u202e", "\ufeff", "\u200b", "\U0001f600", "e\u0301", "\u0130", "ſ", "ﬁ",
         "\u2028", "\x1b[31m", "[/red]", "{{ 7 * 7 }}", "%s%n", "'; DROP TABLE session; --",
         "<script>alert(1)</script>", "../..", "null", "x" * 201,
         "x" * 10_000, "\ud7ff", "\uffff", "\U0010ffff", "=cmd|' /C calc'!A0", "\\u0000", "\\")  # fmt: skip
HALVES = (r'"\ud800"', r'"\udfff"', r'"\ud800x"', r'"\udc00\ud800"')  # half a character, which JSON can write
SHAPES = ("null", "true", "false", "[]", "{}", "[[]]", '[{"a": [1]}]', '{"": ""}', '""', "[null]", '["a", 1, {}]')
BROKEN = ("", "{", "[", '"', "{'a': 1}", "{a: 1}", "tru", "[1,]", '{"a":1,}', "//", "\x00", '"\\x"', '"\n"', "1 2", "}{")
FOREIGN = (b"\x00", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\r\n", b"\\u0000", b"\\")
DEPTHS = (190, 201, 900, 990, 5_000, 100_000)


class Dice(Random):
    """All draws of a run follow from one seed, which says how to have the same run again."""


def deep(random: Random) -> str:
    opening, inside, closing = random.choice((("[", "1", "]"), ('{"a":', "1", "}"), ('[{"\\u0000":', "[]", "}]")))
    depth = random.choice(DEPTHS)
    return opening * depth + inside + closing * random.choice((depth, depth, 0))


def odd_value(random: Random) -> str:
    """JSON text, or what only looks like it."""
    if random.randrange(40) == 0:
        return deep(random)
    if random.randrange(2):
        return json.dumps(random.choice(random.choice((TIMES, WORDS, ZONES))))
    return random.choice(random.choice((NUMBERS, NUMBERS, HALVES, SHAPES, BROKEN)))


def fields_of(document: dict[str, Any]) -> Fields:
    return [(json.dumps(name), json.dumps(value)) for name, value in document.items()]


def text_of(fields: Fields) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in fields) + "}"


def bent(random: Random, fields: Fields) -> Fields:
    """The same object with one to three fields replaced, swapped, left out, said twice, renamed or added."""
    fields = list(fields)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if not fields:
            break
        at, other = random.randrange(len(fields)), random.randrange(len(fields))
        name, value = fields[at]
        match random.randrange(8):
            case 0 | 1 | 2:
                fields[at] = (name, odd_value(random))
            case 3:
                fields[at], fields[other] = (name, fields[other][1]), (fields[other][0], value)
            case 4:
                del fields[at]
            case 5:
                fields.append((name, odd_value(random)))
            case 6:
                fields[at] = (json.dumps(random.choice(WORDS)), value)
            case _:
                fields.insert(at, ('"more"', odd_value(random)))
    return fields


def damaged(random: Random, data: bytes, other: bytes) -> bytes:
    """Bits flipped, cut short, spliced with another, doubled, or with foreign bytes inside."""
    at = random.randrange(len(data) + 1)
    match random.randrange(7):
        case 0 | 1:
            return flipped(random, data)
        case 2:
            return data[:at]
        case 3:
            return data[:at] + other[random.randrange(len(other) + 1) :]
        case 4:
            return data + data
        case 5:
            return data[:at] + random.choice(FOREIGN) + data[at:]
        case _:
            return data[at:]


def flipped(random: Random, data: bytes) -> bytes:
    whole = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8))):
        if whole:
            whole[random.randrange(len(whole))] ^= 1 << random.randrange(8)
    return bytes(whole)
