"""The network's page: figures of all sites for the people who run the network. No person, and no figure of fewer than ten."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.supervision import network as figures
from services.supervision import reading_network
from services.supervision.network import LEFT_OUT, MEASURES, SUPPRESSED, Network
from shared import access
from shared.access import Scope
from shared.pages import environment
from shared.platform import NETWORK, Platform
from shared.running import Running
from shared.security import Signed

HERE = "Network"
KEPT_SECONDS = 600.0  # they are of four weeks: nobody needs them anew with each look


@dataclass
class Counted:
    """What was counted last."""

    at: float = float("-inf")
    page: Network | None = None


def routes(running: Running) -> APIRouter:
    shown, last = Platform(running, environment("services.supervision")), Counted()
    router = shown.router()
    signed_in = Annotated[Signed, Depends(shown.caller)]

    @router.get("/network")
    async def page(caller: signed_in) -> Response:
        return shown.page(caller, "network.jinja", HERE, page=await _figures(running, last), measures=MEASURES, left_out=LEFT_OUT,
                          suppressed=SUPPRESSED, fewest=figures.FEWEST, csv=f"{NETWORK}.csv")  # fmt: skip

    @router.get("/network.csv")
    async def export(_: signed_in) -> Response:
        text = io.StringIO()
        csv.writer(text).writerows(map(_as_text, figures.csv_rows(await _figures(running, last))))
        name = {"Content-Disposition": 'attachment; filename="network.csv"', "Cache-Control": "no-store"}
        return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=name)

    return router


def _as_text(row: Sequence[str]) -> list[str]:
    """A site's name that begins like a formula stays a name."""
    return [f"'{words}" if words[:1] in ("=", "+", "-", "@", "\t") else words for words in row]


async def _figures(running: Running, last: Counted) -> Network:
    if last.page is None or monotonic() - last.at > KEPT_SECONDS:
        access.enter(Scope("network"))
        async with running.connection() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
            last.page = figures.network(await reading_network.list_sites(conn), await reading_network.count(conn))
        last.at = monotonic()
    return last.page
