"""Records as a careless or hostile program would write them: each is a valid example of a contract with something done to it."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random

from tests.fuzz.fragments import Fields, bent, damaged, deep, fields_of, text_of

EXAMPLES = Path(__file__).parents[2] / "shared" / "contracts" / "examples"
STRUCTURED = b"application/cloudevents+json"
STRUCTURED_TYPES = (STRUCTURED, STRUCTURED, STRUCTURED + b"; charset=utf-16", STRUCTURED + b"\x00", b"application/json")
BAD_NAME = b"\xff\xfe\xffz".decode("utf-8", "surrogateescape")
TYPES = ("", "site.session_scheduled.v2", "site.session_scheduled.v0", "site.session_dreamed.v1", "SITE.SESSION_SCHEDULED.V1",
         "supervision.person_erased.v1", "trigger.publisher_paused.v1", "\x1b[2J", "x" * 10_000, "a.v1\x00", "é",
         "[/b]")  # fmt: skip
IDS = ("", " ", "x" * 1_000, "x" * 10_000, "\x00", "a/../b", "é", "\U0001f600" * 300)
KEYS = (None, b"", b"any", b"\x00", b"\xff" * 100, b"k" * 10_000)
VERSIONS = ("", "0.3", "1", "1.0.0", "2.0", "1.0 ", "one")
SIZES = (262_144, 262_145, 300_000, 400_000)
Way = Callable[[Random, "Example", Sequence["Example"]], "Odd"]
Ways = tuple[tuple[Way, int], ...]
Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A valid event: its type, and its data as fields."""

    type: str
    fields: tuple[tuple[str, str], ...]

    @property
    def data(self) -> bytes:
        return text_of(list(self.fields)).encode()


@dataclass(frozen=True, slots=True)
class Odd:
    """What to write on a topic, and what was done to it, in a word. Header names and values may be no text at all."""

    what: str
    key: bytes | None
    value: bytes | None
    headers: Headers

    def at(self, topic: str, offset: int, partition: int = 0) -> "Placed":
        return Placed(topic, partition, offset, self.key, self.value, self.headers)


@dataclass(frozen=True, slots=True)
class Placed:
    """The same as Kafka hands it over."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@cache
def examples(owner: str) -> tuple[Example, ...]:
    """Every example of the events whose types begin so."""
    files = sorted(EXAMPLES.glob(f"{owner}.*/*.json"))
    return tuple(Example(file.parent.name, tuple(fields_of(json.loads(file.read_text())))) for file in files)


def spoken_for(site: str, known: Sequence[Example]) -> tuple[Example, ...]:
    """The same examples from a publisher of that site."""
    said = ('"site_id"', json.dumps(site))
    return tuple(replace(one, fields=tuple(said if field[0] == said[0] else field for field in one.fields)) for one in known)


def whole(random: Random, example: Example, value: bytes | None, **attributes: str) -> Odd:
    """In binary mode, with an id of its own."""
    said = {"specversion": "1.0", "id": f"{random.getrandbits(64):x}", "source": "fuzz", "type": example.type} | attributes
    headers = tuple((f"ce_{name}", text.encode()) for name, text in said.items())
    return Odd("whole", b"any", value, (*headers, ("content-type", b"application/json")))


def odd(random: Random, known: Sequence[Example], ways: "Ways | None" = None) -> Odd:
    """One record. Some are valid after all; which, only the reader of a contract can tell."""
    chosen, weights = zip(*(ways or WAYS), strict=True)
    way: Way = random.choices(chosen, weights)[0]
    return replace(way(random, random.choice(known), known), what=way.__name__.strip("_").replace("_", " "))


def _fields(random: Random, example: Example, _: Sequence[Example]) -> Odd:
    return whole(random, example, _text(bent(random, list(example.fields))))


def _damaged(random: Random, example: Example, known: Sequence[Example]) -> Odd:
    return whole(random, example, damaged(random, example.data, random.choice(known).data))


def _other_encoding(random: Random, example: Example, _: Sequence[Example]) -> Odd:
    data = example.data
    ways = (b"\xef\xbb\xbf" + data, data.decode().encode("utf-16"), data.decode().encode("utf-32"), gzip.compress(data, 1),
            data.replace(b"a", b"\xe4"), data + b"\x00", b"PK\x03\x04" + data, json.dumps(data.decode()).encode())  # fmt: skip
    return whole(random, example, random.choice(ways))


def _other_shape(random: Random, example: Example, _: Sequence[Example]) -> Odd:
    shapes = (b"[%s]" % example.data, b'{"data": %s}' % example.data, b"", b"null", b"0", b'""', b"{}", b" ")
    return whole(random, example, random.choice(shapes))


def _tombstone(random: Random, example: Example, _: Sequence[Example]) -> Odd:
    return whole(random, example, None)


def _large(random: Random, example: Example, _: Sequence[Example]) -> Odd:
    size = random.choice(SIZES)
    padded = text_of([*example.fields, ('"pad"', json.dumps("x" * (size - len(example.data))))])
    return whole(random, example, padded.encode())


def _deep(random: Random, example: Example, _: Sequence[Example]) -> Odd:
    value = deep(random)
    return whole(random, example, random.choice((value, text_of([*example.fields, ('"more"', value)]))).encode())


def _attribute(random: Random, example: Example, _: Sequence[Example]) -> Odd:
    name, values = random.choice((("type", TYPES), ("id", IDS), ("source", IDS), ("specversion", VERSIONS)))
    return whole(random, example, example.data, **{name: random.choice(values)})


def _without_attribute(random: Random, example: Example, _: Sequence[Example]) -> Odd:
    made = whole(random, example, example.data)
    gone = random.choice([name for name, _ in made.headers] + [""])
    return replace(made, headers=tuple(header for header in made.headers if gone and header[0] != gone))


def _headers(random: Random, example: Example, _: Sequence[Example]) -> Odd:
    """Names and values that are no text, none at all, huge, or there many times."""
    made = whole(random, example, example.data)
    more: Headers = random.choice((
        ((BAD_NAME, b"1"),), ((BAD_NAME, None),), (("ce_subject", b"\xff\xfe"),), (("ce_subject", None),), (("", b""),),
        (("ce_id", None),), (("ce_id", b"\xff"),), (("CE_ID", b"other"),), (("x", b"x" * 100_000),), (("x" * 30_000, b""),),
        (("x", b"\x00"),) * 500, (("traceparent", b"00-" + b"0" * 52),), (("traceparent", b"\x00" * 55),),
        (("content-type", b"text/xml; charset=\xff"),), (("content-type", b"APPLICATION/CLOUDEVENTS+JSON"),),
    ))  # fmt: skip
    headers = [*made.headers, *more]
    random.shuffle(headers)
    return replace(made, headers=tuple(headers))


def _structured(random: Random, example: Example, _: Sequence[Example]) -> Odd:
    data = text_of(bent(random, list(example.fields)) if random.randrange(2) else list(example.fields))
    envelope: Fields = [('"specversion"', '"1.0"'), ('"id"', f'"{random.getrandbits(64):x}"'), ('"source"', '"fuzz"'),
                        ('"type"', json.dumps(example.type)), ('"data"', data)]  # fmt: skip
    value = text_of(bent(random, envelope) if random.randrange(3) else envelope)
    return Odd("", b"any", _bytes(value), (("content-type", random.choice(STRUCTURED_TYPES)),))


def _key(random: Random, example: Example, _: Sequence[Example]) -> Odd:
    return replace(whole(random, example, _text(bent(random, list(example.fields)))), key=random.choice(KEYS))


def _noise(random: Random, example: Example, _: Sequence[Example]) -> Odd:
    return Odd("", random.choice(KEYS), random.randbytes(random.choice((1, 10, 1_000))), ())


def _earlier_format(random: Random, example: Example, _: Sequence[Example]) -> Odd:
    """As programs wrote it before there were headers: all of it in the body."""
    return Odd("", b"any", text_of([('"event"', json.dumps(example.type)), ('"payload"', example.data.decode())]).encode(), ())


WAYS: Ways = (
    (_fields, 30), (_damaged, 20), (_structured, 15), (_headers, 10), (_attribute, 8), (_without_attribute, 4),
    (_other_encoding, 5), (_other_shape, 4), (_tombstone, 2), (_key, 4), (_noise, 3), (_earlier_format, 1), (_deep, 3),
    (_large, 1),
)  # fmt: skip
ENVELOPE: Ways = (  # what a relay could get wrong: the data is whole, or no JSON at all
    (_headers, 10), (_attribute, 8), (_without_attribute, 4), (_other_encoding, 5), (_other_shape, 4), (_tombstone, 2),
    (_noise, 3), (_earlier_format, 1), (_deep, 3), (_large, 1),
)  # fmt: skip


def _text(fields: Fields) -> bytes:
    return _bytes(text_of(fields))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
