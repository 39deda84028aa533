"""The network's page: figures of all sites, for the people who run the network and those who only look at figures. No person, and
no figure of fewer than ten."""

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Annotated, Any

from asyncpg import Connection
from fastapi import APIRouter, Depends, Response

from services.supervision import network as figures
from services.supervision import reading_network
from services.supervision.network import LEFT_OUT, MEASURES, OF_SKILLS, SUPPRESSED, Month, Network
from shared import access
from shared.access import Scope
from shared.contracts.vocabulary import vocabulary
from shared.pages import environment
from shared.platform import NETWORK, Platform
from shared.running import Running
from shared.security import FIGURES, PLATFORM, Signed

HERE = "Network"
KEPT_SECONDS = 3_600.0  # they are of months that are over: nobody needs them anew with each look


@dataclass
class Counted:
    """What was counted last, by what it is, and when."""

    found: dict[object, tuple[float, Any]] = field(default_factory=dict)

    async def once(self, what: object, work: Callable[[], Awaitable[Any]]) -> Any:
        at, value = self.found.get(what, (float("-inf"), None))
        if monotonic() - at > KEPT_SECONDS:
            value = await work()
            self.found[what] = monotonic(), value
        return value


def routes(running: Running) -> APIRouter:
    shown, last = Platform(running, environment("services.supervision"), frozenset({PLATFORM, FIGURES})), Counted()
    router = shown.router()
    signed_in = Annotated[Signed, Depends(shown.caller)]

    @router.get("/network")
    async def page(caller: signed_in, month: str = "") -> Response:
        now = datetime.now(UTC)
        return shown.page(caller, "network.jinja", HERE, page=await _figures(running, last, month, now), measures=MEASURES,
                          of_skills=OF_SKILLS, months=figures.whole_months(now), left_out=LEFT_OUT, suppressed=SUPPRESSED,
                          fewest=figures.FEWEST, here_url=NETWORK)  # fmt: skip

    @router.get("/network.csv")
    async def export(_: signed_in, month: str = "") -> Response:
        text, found = io.StringIO(), await _figures(running, last, month, datetime.now(UTC))
        csv.writer(text).writerows(map(_as_text, figures.csv_rows(found)))
        name = f'attachment; filename="network-{found.month.key}.csv"'
        headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
        return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)

    return router


def _as_text(row: Sequence[str]) -> list[str]:
    """A site's name that begins like a formula stays a name."""
    return [f"'{words}" if words[:1] in ("=", "+", "-", "@", "\t") else words for words in row]


async def _figures(running: Running, last: Counted, asked: str, now: datetime) -> Network:
    access.enter(Scope("counting"))

    async def once(what: str, read: Callable[..., Awaitable[Any]], *of: Month) -> Any:
        async def work() -> Any:
            async with running.connection() as conn:
                return await _read(conn, read, *of)

        return await last.once((what, *of), work)

    month = figures.chosen(asked, now)
    names = await once("sites", reading_network.list_sites)
    found = {one: await once("month", reading_network.count, one) for one in figures.whole_months(now)}
    of_skills = {"missed": await once("missed", reading_network.count_missed, month),
                 "open": await once("open", reading_network.count_open),
                 "trained": await once("trained", reading_network.count_trained, month)}  # fmt: skip
    skills = {code: skill.title for code, skill in vocabulary().skills.items()}
    return figures.network(names, month, found, skills, of_skills)


async def _read(conn: Connection, read: Callable[..., Awaitable[Any]], *of: Month) -> Any:
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        return await read(conn, *of)
