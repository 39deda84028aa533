"""Where a sign-in comes back to: a page of ours, whatever the address asks for. Pure."""

import re

from shared import platform
from shared.security import AUTHOR, FIGURES, OF_NO_SITE, Signed
from shared.settings import Settings

HOME = "/today"
OURS = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # a path, printable, without a backslash: browsers take “/\host” for another host
OTHERS = re.compile(platform.PATH)
SUPERVISION = "supervision"
LONGEST = 1_000
NO_RETURN = ("/sign-in", "/sign-out")


def wanted(at: str, to: str) -> tuple[str, str]:
    """(service, path) as asked for; ('', '') for what is none of our pages."""
    fits = OURS.fullmatch(to) if at in ("", SUPERVISION) else OTHERS.fullmatch(to)
    return (at, to) if fits and len(to) <= LONGEST and not to.startswith(NO_RETURN) else ("", "")


def landing(settings: Settings, signed: Signed, at: str, to: str) -> str:
    """The address for the page (`wanted`), else the first page of whoever signed in."""
    at, to = wanted(at, to)
    url = platform.urls(settings).get(at)
    if to and at in ("", SUPERVISION):
        return to
    return platform.back(url, to) if to and url else home_of(settings, signed)


def home_of(settings: Settings, signed: Signed) -> str:
    if not OF_NO_SITE & signed.roles:
        return HOME
    pages = {AUTHOR: f"{settings.content_url}{platform.STATISTICS}", FIGURES: platform.NETWORK}
    return pages.get(platform.role_of(signed), platform.DEAD)
