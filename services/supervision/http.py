"""The supervisor's console: which pages there are. Each is within the caller's own caseload, and works without JavaScript."""

from fastapi import APIRouter

from services.supervision import (
    http_alerts,
    http_audit,
    http_away,
    http_briefs,
    http_clearances,
    http_contacts,
    http_days_off,
    http_digest,
    http_feed,
    http_imports,
    http_mentors,
    http_network,
    http_notices,
    http_oidc,
    http_safeguarding,
    http_sessions,
    http_sign_in,
    http_site,
    http_stream,
    http_today,
)
from services.supervision.http_console import console
from services.supervision.listening import Feed
from shared.running import Running

PAGES = (
    http_imports,
    http_sessions,
    http_oidc,
    http_today,
    http_briefs,
    http_alerts,
    http_days_off,
    http_mentors,
    http_contacts,
    http_clearances,
    http_safeguarding,
    http_site,
    http_notices,
    http_audit,
    http_away,
    http_digest,
)


def routes(running: Running) -> APIRouter:
    """Raises CannotStart where nobody could sign in."""
    http_oidc.check(running.settings)
    router = APIRouter()
    shown = console(running)
    printed = (http_sign_in,) if running.settings.mode == "development" else ()
    for pages in (*PAGES, *printed):
        router.include_router(pages.routes(shown))
    router.include_router(http_network.routes(running))
    feed = Feed(running)  # one for this process
    for live in (http_feed, http_stream):
        router.include_router(live.routes(shown, feed))
    return router
