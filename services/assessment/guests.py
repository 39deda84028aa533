"""From a path and a cookie to a visit: the signed link is the only key, and it opens one training.

A link in the path has a dot; a training's id has none and needs the cookie that Start set.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from fastapi import Request

from services.assessment import domain, modules, store
from services.assessment.domain import Training
from services.assessment.memory import skill_id
from services.assessment.visits import PAGES, Visit
from shared.contracts.supervision import SiteDescribed
from shared.http import wanted
from shared.pages import languages
from shared.pages.languages import Language
from shared.running import Running
from shared.security import Expired, Forged, Link, read_link

COOKIE = "jitt_training"
GUESSES_A_MINUTE = 20
PROBE = "jitt_cookies"  # set before Start, so that Start knows whether cookies come back


@dataclass(frozen=True, slots=True)
class Closed:
    """Why this link opens nothing, in which language to say so, and the site whose number may be shown."""

    reason: Literal["broken", "too_many", "expired", "revoked", "preparing"]
    language: Language
    site: SiteDescribed | None = None


@dataclass(slots=True)
class Guesses:
    """Bad links per address within the current minute, in this process.

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


async def welcome(running: Running, request: Request, ref: str) -> Visit | Closed:
    now, token = datetime.now(UTC), ref if "." in ref else request.cookies.get(COOKIE, "")
    read = read_link(token, now)
    link = read.link if isinstance(read, Expired) else read
    if isinstance(link, Forged) or link.kind != "training" or ref not in (token, str(link.id)):
        too_many = _guesses(request).too_many(_address(request), now)
        return Closed("too_many" if too_many else "broken", languages.spoken(PAGES, *wanted(request)))
    opened = await store.get_opened(running.pool, link.id, link.mentor_id)
    own = opened.mentor.locale if opened.mentor else ""
    language = languages.spoken(PAGES, own, *wanted(request))
    if isinstance(read, Expired):
        return Closed("expired", language, opened.site)
    if revoked(opened, link):
        return Closed("revoked", language, opened.site)
    return await visit(running, ref, opened) if opened.training else Closed("preparing", language, opened.site)


def _guesses(request: Request) -> Guesses:
    """One per application, made when the first bad link comes."""
    state = request.app.state
    if not hasattr(state, "guesses"):
        state.guesses = Guesses()
    guesses: Guesses = state.guesses
    return guesses


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def revoked(opened: store.Opened, link: Link) -> bool:
    return opened.mentor is not None and (opened.mentor.status == "left" or link.epoch < opened.mentor.link_epoch)


async def visit(running: Running, ref: str, opened: store.Opened) -> Visit:
    if opened.training is None:
        raise ValueError("a visit needs its training")
    known = await store.find_modules(running.pool, modules.all_keys(opened.training.current))
    return Visit(
        ref=ref,
        training=opened.training,
        now=opened.now,
        session=domain.session_at(opened.training, opened.sessions, opened.now),
        mentor=opened.mentor,
        site=opened.site,
        modules=known,
        missed_at=await missed(running, opened.training, known),
    )


async def missed(running: Running, training: Training, known: modules.Modules) -> dict[tuple[str, str], datetime]:
    """When the questions that come back were missed, by module and item."""
    numbers = [n for n, ref in enumerate(training.assigned.items, 1) if ref.returning]
    items = [modules.item_of(training.current, n, known) for n in numbers]
    keys = {skill_id(training.assigned.mentor_id, item.skill) for item in items if item}
    skills = await store.find_skills(running.pool, sorted(keys)) if keys else {}
    misses = [miss for skill in skills.values() for miss in skill.open_misses]
    return {(miss.module_id, miss.item_id): miss.missed_at for miss in misses if miss.module_id and miss.item_id}
