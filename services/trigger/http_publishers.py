"""The page of publishers, for the people who run the network: who is heard, who is paused and why, and a way to resume."""

import logging
from typing import Annotated
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import RedirectResponse, Response

from services.trigger import http_calendars, publishers
from services.trigger.messages import PublisherPaused
from shared.messaging import store
from shared.pages import environment
from shared.platform import CALENDARS, PUBLISHERS, Platform
from shared.running import Running
from shared.security import Signed

HERE = "Publishers"
BACK = (PUBLISHERS, "Back to publishers")
LOG = logging.getLogger("jitt.platform")
Name = Annotated[str, Form(max_length=100)]
Heard = Annotated[str, Query(max_length=100)]


def routes(running: Running) -> APIRouter:
    shown = Platform(running, environment("services.trigger"))
    router = shown.router()
    signed_in = Annotated[Signed, Depends(shown.caller)]
    posted = Annotated[Signed, Depends(shown.poster)]

    @router.get("/publishers")
    async def page(caller: signed_in, heard: Heard = "") -> Response:
        limit = running.settings.noisy_per_hour
        async with running.connection() as conn:
            found = await publishers.list_credentials(conn)
            uses = await publishers.load_uses(conn, found)
            bad = {one.name: await store.buried_lately(conn, one.name, limit + 1) for one in found}
        known = heard if heard in bad else ""
        used = {one.name: [uses.get(token) for token in one.token_hashes] for one in found}
        return shown.page(caller, "publishers.jinja", HERE, found=found, used=used, bad=bad, limit=limit, heard=known,
                          page=PUBLISHERS, calendars=CALENDARS,
                          waiting=len(await http_calendars.waiting(running)), most=http_calendars.MOST)  # fmt: skip

    @router.post("/publishers/resume")
    async def resume(caller: posted, name: Name) -> Response:
        event = PublisherPaused(name=name, paused=False)
        if (await running.submit(event, id=str(uuid4()), source="console")).kind == "refused":
            return shown.page(caller, "told.jinja", HERE, 404, heading=f"There is no publisher {name}", sentences=[], back=BACK)
        LOG.info("a publisher is heard again", extra={"publisher": name, "by": str(caller.person_id)})
        return RedirectResponse(f"{PUBLISHERS}?{urlencode({'heard': name})}", 303)

    return router
