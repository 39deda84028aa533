"""Who asks at the door: the publisher that a token belongs to. Wrong tokens are turned away."""

from dataclasses import dataclass, field
from time import monotonic
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.trigger import publishers
from services.trigger.guesses import Guesses
from services.trigger.http_words import NOT_KNOWN, PAUSED, TOO_MANY
from services.trigger.tenants import Publisher
from shared.running import Running

BEARER = HTTPBearer(auto_error=False, description="a publisher's token, from `jitt publisher add`")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


@dataclass(frozen=True, slots=True)
class Callers:
    """Every answer of the door begins with one of these two; both raise what the caller is to be told."""

    running: Running
    guesses: Guesses = field(default_factory=Guesses)

    async def known(self, request: Request, bearer: HTTPAuthorizationCredentials | None) -> Publisher:
        found = await publishers.find_by_token(self.running.pool, bearer.credentials) if bearer else None
        if found is None:
            if bearer and self.guesses.too_many(request.client.host if request.client else "", monotonic()):
                raise HTTPException(429, TOO_MANY, {"Retry-After": "60"})
            raise HTTPException(401, NOT_KNOWN, {"WWW-Authenticate": "Bearer"})
        return found

    async def heard(self, request: Request, bearer: HTTPAuthorizationCredentials | None) -> Publisher:
        """Who may say something, and not only ask."""
        publisher = await self.known(request, bearer)
        if publisher.paused:
            raise HTTPException(403, PAUSED)
        return publisher
