"""Mentors on their phones: each opens the link, presses Start, reads the cards and answers, at their own pace.

A mentor waits for each page, as people do. The time of an answer runs from the press until all of its feedback is there.
"""

import asyncio
import gzip
import random
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode, urlsplit

from tests.load.answers import OPEN, RETRY, Answer

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
HEADERS = {"accept": "text/html,application/xhtml+xml", "accept-encoding": "gzip", "accept-language": "en"}
THINKS = (3.0, 8.0)  # seconds between two answers, and between two cards
PATIENCE = 30.0
SENT, RESULT = "Your supervisor has your answer", 'id="result"'  # what the page of an answer has


class Refused(Exception):
    """The page that came is not the one that a mentor must see next."""


@dataclass(frozen=True, slots=True)
class Page:
    status: int
    location: str
    html: str


@dataclass(slots=True)
class Phone:
    """A browser with one connection of its own, opened again when the server has closed it, and with cookies."""

    host: str
    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    requests: int = 0
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> Page:
        return await asyncio.wait_for(self._asked("GET", path, b""), PATIENCE)

    async def post(self, path: str, form: Mapping[str, str | Sequence[str]]) -> Page:
        return await asyncio.wait_for(self._asked("POST", path, urlencode(form, doseq=True).encode()), PATIENCE)

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def _asked(self, method: str, path: str, body: bytes) -> Page:
        """A connection that was idle for seconds may be closed already: nothing of this request was read then."""
        self.requests += 1
        reused = self._streams is not None
        try:
            return await self._sent(method, path, body)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            self.close()
            answered = isinstance(error, asyncio.IncompleteReadError) and error.partial
            if not reused or answered:
                raise
            return await self._sent(method, path, body)

    async def _sent(self, method: str, path: str, body: bytes) -> Page:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, self.port)
        reader, writer = self._streams
        said = HEADERS | {"host": f"{self.host}:{self.port}", "content-length": str(len(body))}
        if self.cookies:
            said["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body:
            said["content-type"] = "application/x-www-form-urlencoded"
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items()), "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = [line.partition(": ")[::2] for line in head[1:] if line]
        for name, value in headers:
            if name.lower() == "set-cookie":
                key, _, kept = value.partition(";")[0].partition("=")
                self.cookies[key] = kept
        found = {name.lower(): value for name, value in headers}
        html = await reader.readexactly(int(found.get("content-length", "0")))
        if found.get("connection", "").lower() == "close":
            self.close()
        if found.get("content-encoding") == "gzip":
            html = gzip.decompress(html)
        return Page(int(head[0].split()[1]), found.get("location", ""), html.decode())


@dataclass(slots=True)
class Walk:
    """One mentor's training, and how it went: milliseconds by what was pressed. `refused` ends it."""

    link: str
    answers: Sequence[Answer]
    pace: random.Random
    feedback_ms: list[float] = field(default_factory=list)
    other_ms: list[float] = field(default_factory=list)  # a page that was asked for, or a card that was read
    answered_at: list[float] = field(default_factory=list)
    requests: int = 0
    refused: str = ""

    def thinks(self) -> float:
        return self.pace.uniform(*THINKS)


async def walk(one: Walk, url: str, wait: float) -> None:
    """From the link to the end of the training, `wait` seconds from now. Never raises: `refused` says why it went no further."""
    where = urlsplit(url)
    phone = Phone(where.hostname or "", where.port or 80)
    await asyncio.sleep(wait)
    try:
        base = await _begin(one, phone)
        told = ""
        for answer in one.answers:
            told = await _answer(one, phone, answer, told)
        await _opened(one, phone, f"{base}/done", "You finished the training")
    except (Refused, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        one.refused = f"{type(error).__name__}: {error}"
    finally:
        one.requests = phone.requests
        phone.close()


async def _begin(one: Walk, phone: Phone) -> str:
    """Start and the cards; answers the address of the training's pages, which the cookie opens from now on."""
    await _opened(one, phone, one.link, "Start the training")
    await asyncio.sleep(one.thinks())
    page = await _pressed(one, phone, f"{one.link}/start")
    while "/cards/" in page.location:
        await _opened(one, phone, page.location)
        await asyncio.sleep(one.thinks())
        page = await _pressed(one, phone, page.location)
    return page.location.rpartition("/questions/")[0]


async def _answer(one: Walk, phone: Phone, answer: Answer, before: str) -> str:
    """Opens the question, unless it is the retry that stands on the page before; answers the page of feedback."""
    half, page = one.thinks() / 2, answer.pages[0]
    await asyncio.sleep(half)  # for what was said of the answer before
    html = before if answer.attempt == RETRY else await _opened(one, phone, page)
    await asyncio.sleep(half)
    hidden = {name: unescape(value) for name, value in HIDDEN.findall(html)}
    began = time.perf_counter()
    sent = await phone.post(answer.path, {**answer.form, **hidden})
    if sent.location != page:
        raise Refused(f"an answer to {page} was met with {sent.status}, to {sent.location!r}")
    told = await phone.get(page)
    one.feedback_ms.append((time.perf_counter() - began) * 1_000)
    one.answered_at.append(began)
    if told.status != 200 or (SENT if answer.attempt == OPEN else RESULT) not in told.html:
        raise Refused(f"{page} answered {told.status}, and no feedback")
    return told.html


async def _opened(one: Walk, phone: Phone, path: str, wanted: str = "<form") -> str:
    began = time.perf_counter()
    page = await phone.get(path)
    one.other_ms.append((time.perf_counter() - began) * 1_000)
    if page.status != 200 or wanted not in page.html:
        raise Refused(f"{path.rpartition('/')[2]} answered {page.status}, to {page.location!r}")
    return page.html


async def _pressed(one: Walk, phone: Phone, path: str) -> Page:
    began = time.perf_counter()
    page = await phone.post(path, {})
    one.other_ms.append((time.perf_counter() - began) * 1_000)
    if page.status != 303:
        raise Refused(f"{path.rpartition('/')[2]} answered {page.status}")
    return page
