"""From a path and a cookie to a visit: the signed link is the only key, and it opens one thing of one kind.

A link in the path has a dot; an id has none and needs the cookie that the page's first button set.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Literal

from fastapi import Request

from services.assessment import domain, modules, store, store_link_requests
from services.assessment.memory import skill_id
from services.assessment.reports import report_id
from services.assessment.training import Training
from services.assessment.visits import PAGES, Visit
from shared import access
from shared.access import Scope
from shared.contracts.supervision import MentorEnrolled, SiteDescribed
from shared.http import wanted
from shared.pages import languages
from shared.pages.languages import Language
from shared.running import Running
from shared.security import Expired, Forged, Kind, Link, read_link

COOKIE = "jitt_training"
GUESSES_A_MINUTE = 20
PROBE = "jitt_cookies"  # set before Start, so that Start knows whether cookies come back


@dataclass(frozen=True, slots=True)
class Closed:
    """Why this link opens nothing, in which language to say so, and the site whose number may be shown."""

    reason: Literal["broken", "too_many", "expired", "revoked", "preparing", "record_expired", "record_preparing",
                    "record_shut", "record_left", "check_in_expired", "check_in_preparing"]
    language: Language
    site: SiteDescribed | None = None
    renewal: "Renewal | None" = None


@dataclass(frozen=True, slots=True)
class Renewal:
    """An expired link of a known mentor: whose it is, and when a new one was asked for, within the last day."""

    ref: str
    link: Link
    site_id: str
    zone: str
    now: datetime
    asked_at: datetime | None


@dataclass(slots=True)
class Guesses:
    """Bad links per address within the current minute, in this process (docs/decisions/0016).

    Only further bad links are turned away: a school shares one address, and its mentors' good links must open.
    """

    minute: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def too_many(self, address: str, at: datetime) -> bool:
        minute = int(at.timestamp()) // 60
        if minute != self.minute:
            self.minute, self.counts = minute, Counter()
        self.counts[address] += 1
        return self.counts[address] > GUESSES_A_MINUTE


async def welcome(running: Running, request: Request, ref: str, number: int = 0) -> Visit | Closed:
    """`number`: of the question that is asked for."""
    read = presented(request, ref, "training", COOKIE)
    if isinstance(read, Closed):
        return read
    link = read.link if isinstance(read, Expired) else read
    opened = await store.get_opened(running.pool, link.id, link.mentor_id, report_id(link.id, number) if number else None)
    own = opened.mentor.locale if opened.mentor else ""
    language = languages.spoken(PAGES, request.query_params.get("lang", ""), own, *wanted(request))
    if revoked(opened.mentor, link):
        return Closed("revoked", language, opened.site)
    if isinstance(read, Expired):
        return Closed("expired", language, opened.site, await renewal(running, ref, link, opened))
    return await visit(running, ref, opened) if opened.training else Closed("preparing", language, opened.site)


def presented(request: Request, ref: str, kind: Kind, cookie: str) -> Link | Expired | Closed:
    """The link in the path, or the one that this cookie holds for the id in the path. Whatever else comes counts as a guess."""
    now, token = datetime.now(UTC), ref if "." in ref else request.cookies.get(cookie, "")
    read = read_link(token, now)
    if not isinstance(read, Forged):
        link = read.link if isinstance(read, Expired) else read
        if link.kind == kind and ref in (token, str(link.id)):
            access.enter(scope_of(link))
            return read
    too_many = _guesses(request).too_many(address(request), now)
    return Closed("too_many" if too_many else "broken", languages.spoken(PAGES, *wanted(request)))


async def renewal(running: Running, ref: str, link: Link, opened: store.Opened) -> Renewal | None:
    """None where nobody here knows whose the link was."""
    known = opened.mentor or (opened.training.assigned if opened.training else None)
    if known is None:
        return None
    asked_at = await store_link_requests.find_asked(running.pool, link.mentor_id)
    return Renewal(ref, link, known.site_id, known.time_zone, opened.now, asked_at)


def signed(request: Request, ref: str, kind: Kind = "training", cookie: str = COOKIE) -> Link | None:
    """Whose link this is, told by its signature alone: for a call, which does not wait for the database."""
    token = ref if "." in ref else request.cookies.get(cookie, "")
    read = read_link(token, datetime.now(UTC))
    if not isinstance(read, Link) or read.kind != kind or ref not in (token, str(read.id)):
        return None
    access.enter(scope_of(read))
    return read


def scope_of(link: Link) -> Scope:
    return Scope("mentor", mentor=link.mentor_id, opened=link.id)


def _guesses(request: Request) -> Guesses:
    """One per application, made when the first bad link comes."""
    state = request.app.state
    if not hasattr(state, "guesses"):
        state.guesses = Guesses()
    guesses: Guesses = state.guesses
    return guesses


def address(request: Request) -> str:
    """Who asks. Behind a proxy it is the address that the proxy names, if FORWARDED_ALLOW_IPS trusts it; of IPv6 the network
    of 64 bits, since whoever has one address there has them all."""
    host = request.client.host if request.client else ""
    try:
        at = ip_address(host)
    except ValueError:
        return host
    return str(IPv6Network((int(at) >> 64 << 64, 64))) if isinstance(at, IPv6Address) and not at.ipv4_mapped else host


def revoked(mentor: MentorEnrolled | None, link: Link) -> bool:
    return mentor is not None and (mentor.status == "left" or link.epoch < mentor.link_epoch)


async def visit(running: Running, ref: str, opened: store.Opened) -> Visit:
    if opened.training is None:
        raise ValueError("a visit needs its training")
    known = await store.find_modules(running.pool, keys(opened.training))
    return Visit(
        ref=ref,
        training=opened.training,
        now=opened.now,
        session=domain.session_at(opened.training, opened.sessions, opened.now),
        mentor=opened.mentor,
        site=opened.site,
        modules=known,
        missed_at=await missed(running, opened.training, known),
        report=opened.report,
        keeps=True,
    )


def keys(training: Training) -> list[str]:
    """In the language that was chosen, and as assigned: it can be chosen back."""
    return list(dict.fromkeys([*modules.all_keys(training.current), *modules.all_keys(training.read_in(None).current)]))


async def missed(running: Running, training: Training, known: modules.Modules) -> dict[tuple[str, str], datetime]:
    """When the questions that come back were missed, by module and item."""
    numbers = [n for n, ref in enumerate(training.assigned.items, 1) if ref.returning]
    items = [modules.item_of(training.current, n, known) for n in numbers]
    keys = {skill_id(training.assigned.mentor_id, item.skill) for item in items if item}
    skills = await store.find_skills(running.pool, sorted(keys)) if keys else {}
    misses = [miss for skill in skills.values() for miss in skill.open_misses]
    return {(miss.module_id, miss.item_id): miss.missed_at for miss in misses if miss.module_id and miss.item_id}
