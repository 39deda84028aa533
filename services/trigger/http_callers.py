"""Who asks at the door: the publisher that a token belongs to. Wrong tokens, and too much at once, are turned away."""

from dataclasses import dataclass
from time import monotonic
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.trigger import publishers
from services.trigger.http_words import NOT_KNOWN, PAUSED, TOO_FAST, TOO_MANY
from services.trigger.limits import Limit
from services.trigger.tenants import Publisher
from shared import access
from shared.access import Scope
from shared.guesses import Guesses
from shared.running import Running

BEARER = HTTPBearer(auto_error=False, description="a publisher's token, from `jitt publisher add`")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


@dataclass(frozen=True, slots=True)
class Callers:
    """Every answer of the door begins with `known` or `heard`; all three raise what the caller is to be told."""

    running: Running
    guesses: Guesses
    requests: Limit
    events: Limit

    async def known(self, request: Request, bearer: HTTPAuthorizationCredentials | None) -> Publisher:
        found = await publishers.find_by_token(self.running.pool, bearer.credentials) if bearer else None
        if found is None:
            if bearer and self.guesses.too_many(request.client.host if request.client else "", monotonic()):
                raise HTTPException(429, TOO_MANY, {"Retry-After": "60"})
            raise HTTPException(401, NOT_KNOWN, {"WWW-Authenticate": "Bearer"})
        _keep(self.requests, "requests", found, 1)
        access.enter(Scope(f"publisher/{found.name}", found.sites))
        return found

    async def heard(self, request: Request, bearer: HTTPAuthorizationCredentials | None) -> Publisher:
        """Who may say something, and not only ask."""
        publisher = await self.known(request, bearer)
        if publisher.paused:
            raise HTTPException(403, PAUSED)
        return publisher

    def has_room(self, publisher: Publisher, events: int) -> None:
        _keep(self.events, "events", publisher, events)


def callers(running: Running) -> Callers:
    chosen = running.settings
    return Callers(running, Guesses(), Limit(chosen.publisher_requests_per_second), Limit(chosen.publisher_events_per_second))


def _keep(limit: Limit, what: str, publisher: Publisher, many: int) -> None:
    if wait := limit.take(publisher.name, many, monotonic()):
        words = TOO_FAST.format(what=what, publisher=publisher.name, rate=limit.rate, wait=wait)
        raise HTTPException(429, words, {"Retry-After": str(wait)})
