"""“Send me a new link”, on the page of one that has expired. It tells the supervisor; it shows nothing, and opens nothing."""

from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.assessment import guests, screens
from services.assessment.guests import Closed
from services.assessment.messages import LinkAsked
from shared.running import Running

SEE_OTHER = 303


def routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.post("/t/{ref}/new-link")
    async def new_link(request: Request, ref: str) -> Response:
        found = await guests.welcome(running, request, ref)
        if not isinstance(found, Closed):
            return RedirectResponse(found.base, SEE_OTHER)
        if found.renewal is None:
            return screens.closed(found)
        link = found.renewal.link
        asked = LinkAsked(mentor_id=link.mentor_id, site_id=found.renewal.site_id, training_id=link.id)
        await running.submit(asked, id=str(uuid4()), source=f"training/{link.id}")
        return RedirectResponse(f"/t/{ref}", SEE_OTHER)  # a second one within the day was refused, and the page says when

    return router
