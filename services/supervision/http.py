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
    http_seen,
    http_sessions,
    http_sign_in,
    http_site,
    http_stream,
    http_today,
)
from services.supervision.http_console import console
from services.supervision.listening import Feed
from shared.http import joined
from shared.running import Running

PAGES = (
    http_imports,
    http_sessions,
    http_oidc,
    http_today,
    http_briefs,
    http_seen,
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
    shown, feed = console(running), Feed(running)  # one for this process
    printed = (http_sign_in,) if running.settings.mode == "development" else ()
    pages = (each.routes(shown) for each in (*PAGES, *printed))
    return joined(*pages, http_network.routes(running), *(live.routes(shown, feed) for live in (http_feed, http_stream)))
