"""Asks for a calendar by its address: only what has changed, within limits, and never of a machine inside our own network."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

from shared import outside

SECONDS = 30.0
BYTES = 10 * 1024 * 1024
REDIRECTS = 5
NOT_MODIFIED, OK = 304, 200
SCHEMES = {"https": "https", "http": "http", "webcal": "https", "webcals": "https"}
WORDS = {
    401: "The calendar's owner must allow it: use its private address, or share it.",
    403: "The calendar's owner must allow it: use its private address, or share it.",
    404: "There is no calendar at this address. Ask its owner for the present one.",
    410: "There is no calendar at this address. Ask its owner for the present one.",
    429: "The calendar's server asks us to come less often.",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """`data` is None when nothing has changed. `etag` and `modified` go into the next request as they are."""

    data: bytes | None
    etag: str = ""
    modified: str = ""


class Unreachable(Exception):
    """A code, words that say what to do and name no address, and the seconds that the server wants us to wait."""

    def __init__(self, code: str, words: str, retry_after: float = 0.0) -> None:
        super().__init__(words)
        self.code, self.words, self.retry_after = code, words, retry_after


async def get(url: str, *, etag: str = "", modified: str = "", private: bool = False) -> Fetched:
    """`private`: addresses of our own network may be asked as well. Raises Unreachable."""
    headers = {"Accept": "text/calendar, */*;q=0.1", "Accept-Encoding": "gzip, deflate", "User-Agent": "jitt"}
    headers |= {name: value for name, value in (("If-None-Match", etag), ("If-Modified-Since", modified)) if value}
    try:
        async with asyncio.timeout(SECONDS), httpx2.AsyncClient(trust_env=False, timeout=SECONDS) as client:
            return await _followed(client, parsed(url), headers, private)
    except (TimeoutError, httpx2.TimeoutException):
        raise Unreachable("timeout", f"The calendar's server did not answer within {SECONDS:.0f} seconds.") from None
    except httpx2.RemoteProtocolError:
        raise Unreachable("truncated", "The answer broke off. It is asked again soon.") from None
    except (httpx2.HTTPError, OSError) as error:
        raise Unreachable("no_answer", f"The calendar's server cannot be reached ({type(error).__name__}).") from None


def parsed(url: str) -> httpx2.URL:
    """Raises Unreachable for what is no address of a calendar on the web."""
    try:
        found = httpx2.URL(url.strip())
    except (httpx2.InvalidURL, UnicodeError):
        found = httpx2.URL("")
    if found.scheme not in SCHEMES or not found.host:
        raise Unreachable("no_address", "This is no address of a calendar: it begins with https://, http:// or webcal://.")
    return found.copy_with(scheme=SCHEMES[found.scheme], fragment=None)


async def _followed(client: httpx2.AsyncClient, url: httpx2.URL, headers: Mapping[str, str], private: bool) -> Fetched:
    for _ in range(REDIRECTS + 1):
        at = await _address(url, private)
        answer = await client.send(outside.request(url, at, dict(headers)), stream=True)
        try:
            if not answer.has_redirect_location:
                return await _read(answer)
            url = parsed(str(url.join(answer.headers["location"])))
        finally:
            await answer.aclose()
    raise Unreachable("redirects", f"The address leads on more than {REDIRECTS} times.")


async def _address(url: httpx2.URL, private: bool) -> str:
    try:
        return await outside.address_of(url, private=private)
    except outside.NoSuchHost:
        raise Unreachable("no_such_host", "There is no server of this name. Check the address.") from None
    except outside.Inside:
        raise Unreachable("private_address", "This address lies inside a private network. Use one that everybody can reach, or "
                          "set JITT_FEED_PRIVATE_ADDRESSES=1 where that is meant.") from None  # fmt: skip


async def _read(answer: httpx2.Response) -> Fetched:
    if answer.status_code == NOT_MODIFIED:
        return Fetched(None)
    if answer.status_code != OK:
        words = WORDS.get(answer.status_code, f"The calendar's server answered {answer.status_code}. It is asked again later.")
        raise Unreachable(f"http_{answer.status_code}", words, _seconds(answer.headers.get("retry-after", "")))
    data = bytearray()
    async for part in answer.aiter_bytes():
        data += part
        if len(data) > BYTES:
            raise Unreachable("too_large", f"This calendar has more than {BYTES // 1024**2} MB. Export a shorter period.")
    _check(bytes(data))
    return Fetched(bytes(data), answer.headers.get("etag", ""), answer.headers.get("last-modified", ""))


def _check(data: bytes) -> None:
    """In any encoding: a page that asks to sign in is no calendar, and half a calendar would be half of somebody's sessions."""
    text = data.replace(b"\0", b"").upper().strip()
    if b"BEGIN:VCALENDAR" not in text[:10_000]:
        raise Unreachable("no_calendar", "What is there is no calendar but something else, perhaps a page to sign in. Use the "
                          "calendar's own address, which mostly ends with .ics.")  # fmt: skip
    if not text.endswith(b"END:VCALENDAR"):
        raise Unreachable("truncated", "The answer broke off. It is asked again soon.")


def _seconds(text: str) -> float:
    """Of Retry-After; dates are rare, and our own wait will do."""
    return float(text) if text.isdigit() else 0.0
