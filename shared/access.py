"""Whose rows a request may touch. A route that knows who asks says so here, once, and every connection that the request takes
from then on tells Postgres, where row-level security holds to it (shared/row_security.py, docs/decisions/0040).
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import asyncpg
from asyncpg import Pool
from asyncpg.pool import PoolConnectionProxy

from shared import db

TELL = """
SELECT set_config('jitt.role', $1, false), set_config('jitt.sites', $2::text[]::text, false),
       set_config('jitt.mentor', $3, false), set_config('jitt.opened', $4, false)
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """`role`: who asks, as "supervisor", "platform" or "publisher/NAME"; "" until somebody is known.

    `opened`: the one training or session that a mentor's link, or another service's token, is for.
    """

    role: str = ""
    sites: frozenset[str] = frozenset()
    mentor: UUID | None = None
    opened: UUID | None = None


NOBODY = Scope()
_SCOPE: ContextVar[Scope] = ContextVar("jitt.scope", default=NOBODY)


def enter(scope: Scope) -> None:
    """For the rest of this request, or until the next one."""
    _SCOPE.set(scope)


def current() -> Scope:
    """Of this request: for what goes on elsewhere on its behalf."""
    return _SCOPE.get()


class PagesConnection(asyncpg.Connection):
    """Remembers what it has told Postgres, so that it need not be told the same again."""

    told: Scope | None = None

    async def tell(self, scope: Scope) -> None:
        if scope != self.told:
            self.told = None  # should this be cut off, nobody knows which of them stands
            await self.fetchrow(TELL, scope.role, sorted(scope.sites), str(scope.mentor or ""), str(scope.opened or ""))
            self.told = scope


async def open_pool(service: str, size: int = 8) -> Pool:
    """For pages: it logs in as the service's web role, and each connection has the scope of whoever takes it."""
    return await open_pool_at(db.service_dsn(service, db.WEB), f"jitt {service} pages", size)


async def open_pool_at(dsn: str, application: str, size: int) -> Pool:
    return await db.open_pool(dsn, application, size, least=0, connection_class=PagesConnection, setup=_told)


async def _told(conn: PoolConnectionProxy) -> None:
    """Before anybody has the connection, and outside any transaction, so that no rollback takes it back."""
    await cast(PagesConnection, conn).tell(_SCOPE.get())
