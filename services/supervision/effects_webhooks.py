"""Sends one webhook: to a machine that everybody can reach, within ten seconds, following nothing and reading no answer."""

import asyncio
from dataclasses import dataclass

import httpx2

from services.supervision.webhook_messages import Came
from shared import outside

SECONDS = 10.0
GONE = 410
WORDS = {
    "no_https": "An address of webhooks begins with https://.",
    "no_address": "This is no address of a server: it begins with https:// and names a host.",
    "no_such_host": "There is no server of this name. Check the address.",
    "private_address": "This address lies inside a private network. Use one that everybody can reach, or set "
    "JITT_WEBHOOK_PRIVATE_ADDRESSES=1 where that is meant.",
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is let through beside https to public addresses."""

    http: bool = False
    private: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """`code` names no address. `wait`: seconds that the receiver asks for."""

    came: Came
    code: str
    wait: float = 0.0


class NotAllowed(Exception):
    """A code of WORDS."""


async def check(url: str, allowed: Allowed) -> tuple[httpx2.URL, str]:
    """The address, and the machine behind it as of now. Raises NotAllowed."""
    try:
        found = httpx2.URL(url.strip())
    except (httpx2.InvalidURL, UnicodeError):
        raise NotAllowed("no_address") from None
    if found.scheme not in ("https", "http") or not found.host or found.userinfo:
        raise NotAllowed("no_address")
    if found.scheme == "http" and not allowed.http:
        raise NotAllowed("no_https")
    try:
        return found.copy_with(fragment=None), await outside.address_of(found, private=allowed.private)
    except outside.NoSuchHost:
        raise NotAllowed("no_such_host") from None
    except outside.Inside:
        raise NotAllowed("private_address") from None


def _client() -> httpx2.AsyncClient:
    """One for each request: a connection that was made for one name is never used for another."""
    return httpx2.AsyncClient(trust_env=False, timeout=SECONDS, verify=outside.tls())


async def send(url: str, headers: dict[str, str], body: bytes, allowed: Allowed) -> Answer:
    """Never raises for what a receiver does: that is its answer."""
    try:
        async with asyncio.timeout(SECONDS), _client() as client:
            to, at = await check(url, allowed)
            answer = await client.send(outside.request(to, at, headers, body), stream=True)
            await answer.aclose()
    except NotAllowed as error:
        return Answer("failed", str(error))
    except (TimeoutError, httpx2.TimeoutException):
        return Answer("failed", "timeout")
    except (httpx2.HTTPError, OSError) as error:
        return Answer("failed", f"no_answer_{type(error).__name__}"[:60])
    if answer.status_code == GONE:
        return Answer("gone", "http_410")
    wait = answer.headers.get("retry-after", "")
    seconds = float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 9 else 0.0
    return Answer("delivered" if answer.is_success else "failed", f"http_{answer.status_code}", seconds)
