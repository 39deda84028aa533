"""HTTP requests as no browser and no careful program sends them, put straight to an application as its server would."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from time import thread_time
from typing import Any
from urllib.parse import quote, quote_from_bytes, unquote, urlencode

from tests.fuzz.fragments import FOREIGN, NUMBERS, TIMES, WORDS, ZONES, damaged, odd_value

HTML = (b"accept", b"text/html,application/xhtml+xml")
BOUNDARY = "AaB03x"
HEADERS = (
    (b"accept", b"*/*;q=" + b"9" * 500), (b"accept-language", b"\xff"), (b"cookie", b"=;=;a=b=c; \xff\xfe"),
    (b"range", b"bytes=0-,-1"), (b"if-none-match", b"*"), (b"sec-fetch-site", b"cross-site"), (b"content-length", b"99999999999"),
    (b"content-length", b"-1"), (b"content-length", b"\xb2"), (b"content-length", b"9" * 5_000),
    (b"x-forwarded-for", b"127.0.0.1, \xff"), (b"expect", b"x"),
    (b"transfer-encoding", b"gzip"), (b"content-encoding", b"gzip"), (b"last-event-id", b"9" * 30),
    (b"authorization", b"Bearer \xff"), (b"authorization", b"Basic =="), (b"hx-request", b"true"), (b"host", b"a b"),
    (b"origin", b"null"), (b"x" * 5_000, b"y"),
)  # fmt: skip
CONTENT_TYPES = (
    "", "application/x-www-form-urlencoded; charset=utf-16", "multipart/form-data", "multipart/form-data; boundary=",
    "multipart/form-data; boundary=" + "x" * 300, "application/json", "text/plain", "/", ";;", "\xff", "application/xml",
)  # fmt: skip
ANOTHER_PART = b'\r\n--AaB03x\r\nContent-Disposition: form-data; name="\r\n\r\n'


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""


@dataclass(slots=True)
class Answer:
    """`error` is what would be a stack trace in the server's log; `seconds` of this thread's own work."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: Exception | None = None
    seconds: float = 0.0

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True, slots=True)
class Door:
    """One route: `values` are what its path and its fields are for, by name, so that some requests come far."""

    method: str
    path: str
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)


async def ask(app: Any, request: Request) -> Answer:
    answer, began = Answer(), thread_time()
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "scheme": "http",
        "method": request.method, "path": unquote(request.path), "raw_path": request.path.encode(), "root_path": "",
        "query_string": request.query, "headers": [(b"host", b"jitt.test"), *request.headers], "client": ("127.0.0.1", 1),
        "server": ("jitt.test", 80), "state": {},
    }  # fmt: skip
    middle = len(request.body) // 2
    parts = [request.body[middle:], request.body[:middle]]

    async def receive() -> dict[str, Any]:
        if not parts:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(), "more_body": bool(parts)}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    try:
        await app(scope, receive, send)
    except Exception as error:
        answer.error = error
    answer.seconds = thread_time() - began
    return answer


def request(random: Random, door: Door, known: Sequence[tuple[bytes, bytes]]) -> Request:
    """`known`: the headers by which the caller is let in; left out now and then."""
    path = "/".join(_part(random, part, door) for part in door.path.split("/"))
    headers = [*known] if random.randrange(12) else []
    if random.randrange(4) == 0:
        headers.append(random.choice(HEADERS))
    if door.method == "GET":
        return Request("GET", path, _query(random, door), tuple(headers))
    content_type, body = _body(random, door)
    return Request(door.method, path, _query(random, door) if random.randrange(8) == 0 else b"",
                   (*headers, (b"content-type", content_type.encode("latin-1"))), body)  # fmt: skip


def _part(random: Random, part: str, door: Door) -> str:
    if not part.startswith("{"):
        return part
    name = part.strip("{}").partition(":")[0]
    known = door.fields.get(name, ())
    return quote(random.choice(known), safe="") if known and random.randrange(3) else _quoted(random, _value(random))


def _value(random: Random) -> str:
    return random.choice(random.choice((WORDS, TIMES, ZONES, NUMBERS)))


def _quoted(random: Random, word: str) -> str:
    return quote_from_bytes(random.choice(FOREIGN), safe="") if random.randrange(6) == 0 else quote(word[:2_000], safe="")


def _query(random: Random, door: Door) -> bytes:
    text = "&".join(f"{quote(name)}={_quoted(random, value)}" for name, value in _pairs(random, door)).encode()
    return damaged(random, text, b"&&==%zz%") if random.randrange(8) == 0 else text


def _pairs(random: Random, door: Door) -> list[tuple[str, str]]:
    """Most fields as they should be, and one or two that are not."""
    pairs = [(name, random.choice(values)) for name, values in door.fields.items() if values and random.randrange(8)]
    for _ in range(random.choice((0, 1, 1, 2))):
        name = random.choice(list(door.fields) or ["x"])
        pairs = [pair for pair in pairs if pair[0] != name or random.randrange(4) == 0] + [(name, _value(random))]
    return pairs


def _body(random: Random, door: Door) -> tuple[str, bytes]:
    pairs = _pairs(random, door)
    encoded = urlencode(pairs, errors="surrogatepass").encode()
    match random.randrange(10):
        case 0:
            return "application/x-www-form-urlencoded", damaged(random, encoded, b"%zz&==&%00")
        case 1 | 2:
            return f"multipart/form-data; boundary={BOUNDARY}", _multipart(random, pairs)
        case 3:
            return random.choice(CONTENT_TYPES), encoded
        case 4:
            text = json.dumps(dict(pairs)) if random.randrange(2) else odd_value(random)
            return "application/json", text.encode("utf-8", "replace")
        case 5:
            longer = (encoded + b"&a=1" * 2_000, encoded + b"&n=" + b"x" * 300_000, b"")
            return "application/x-www-form-urlencoded", random.choice(longer)
        case _:
            return "application/x-www-form-urlencoded", encoded


def _multipart(random: Random, pairs: Sequence[tuple[str, str]]) -> bytes:
    file = '; filename="a.txt"' if random.randrange(3) == 0 else ""
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{value}\r\n' for name, value in pairs]
    whole = ("".join(parts) + f"--{BOUNDARY}--\r\n").encode("utf-8", "replace")
    return damaged(random, whole, ANOTHER_PART) if random.randrange(2) else whole
