"""The supervisor's console: which pages there are. Each is within the caller's own caseload, and works without JavaScript."""

from fastapi import APIRouter

from services.supervision import (
    http_alerts,
    http_briefs,
    http_contacts,
    http_days_off,
    http_feed,
    http_mentors,
    http_safeguarding,
    http_sign_in,
    http_site,
    http_stream,
    http_today,
)
from services.supervision.http_console import console
from services.supervision.listening import Feed
from shared.running import Running

PAGES = (
    http_sign_in,
    http_today,
    http_briefs,
    http_alerts,
    http_days_off,
    http_mentors,
    http_contacts,
    http_safeguarding,
    http_site,
)


def routes(running: Running) -> APIRouter:
    router = APIRouter()
    shown = console(running)
    for pages in PAGES:
        router.include_router(pages.routes(shown))
    feed = Feed(running)  # one for this process
    for live in (http_feed, http_stream):
        router.include_router(live.routes(shown, feed))
    return router
