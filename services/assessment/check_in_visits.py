"""One visit to a check-in: from its link, or the cookie that sending it has set, to what its page can ask about it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from fastapi import Request

from services.assessment import check_in, guests, store_check_ins
from services.assessment.check_in import CheckIn
from services.assessment.guests import Closed
from services.assessment.visits import PAGES
from shared.contracts.supervision import MentorEnrolled, SiteDescribed
from shared.contracts.trigger import SessionPlanned
from shared.contracts.vocabulary import Step
from shared.http import wanted
from shared.pages import languages, safeguarding, times
from shared.pages.languages import Language
from shared.running import Running
from shared.security import Expired, Link

COOKIE = "jitt_check_in"


class State(StrEnum):
    """What the page has to say. A check-in that was sent can be changed while it is open."""

    CANCELED = "canceled"
    EARLY = "early"
    CLOSED = "closed"
    SENT = "sent"
    OPEN = "open"


STATES = {
    None: State.OPEN,
    "session_canceled": State.CANCELED,
    "session_not_over": State.EARLY,
    "too_late": State.CLOSED,
    "sent_already": State.SENT,
}


@dataclass(frozen=True, slots=True)
class CheckInVisit:
    """`ref` is what stands in the path: the session's id when a cookie holds the link, else the link itself."""

    ref: str
    link: Link
    now: datetime
    session: SessionPlanned
    said_last: CheckIn | None
    mentor: MentorEnrolled | None
    site: SiteDescribed | None
    language: Language
    chosen: str = ""  # the language that the address asks for; empty: the mentor's own
    keeps: bool = False  # whether the phone may keep the check-in, for when it is offline

    @property
    def address(self) -> str:
        """Of this page, in the language that was chosen."""
        return self.base + self.asks

    @property
    def asks(self) -> str:
        return f"?lang={self.chosen}" if self.chosen else ""

    @property
    def base(self) -> str:
        return f"/c/{self.ref}"

    def read_in(self, code: str) -> "CheckInVisit":
        language = languages.spoken(PAGES, code, self.language.code)
        return replace(self, language=language, chosen=language.code)

    @property
    def tongues(self) -> list[tuple[str, str]]:
        """The other languages of these pages, each by its code and its own name."""
        return languages.others(PAGES, self.language.code)

    @property
    def zone(self) -> str:
        return self.mentor.time_zone if self.mentor else self.session.time_zone

    @property
    def talk(self) -> str:
        return f"{safeguarding.address(self.session.site_id)}?c={self.ref}&lang={self.language.code}"

    @property
    def ends_at(self) -> datetime:
        return check_in.ends_at(self.session)

    @property
    def steps(self) -> tuple[Step, ...]:
        return check_in.planned_steps(self.session)

    @property
    def before(self) -> CheckIn | None:
        return check_in.standing(self.said_last, self.session)

    @property
    def state(self) -> State:
        return STATES[check_in.closed(self.said_last, self.session, self.link.mentor_id, self.zone, self.now)]

    @property
    def today(self) -> bool:
        return times.same_day(self.session.starts_at, self.zone, self.now)

    @property
    def day(self) -> str:
        return times.near_day(self.session.starts_at, self.zone, self.now, self.language)

    @property
    def sent_today(self) -> bool:
        return self.before is not None and times.same_day(self.before.changed_at, self.zone, self.now)


def at_its_id(visit: CheckInVisit) -> CheckInVisit:
    """As a phone keeps it, which puts the link in the place of the session's id where no cookie holds it."""
    return replace(visit, ref=str(visit.session.session_id))


async def welcome(running: Running, request: Request, ref: str) -> CheckInVisit | Closed:
    read = guests.presented(request, ref, "check_in", COOKIE)
    if isinstance(read, Closed):
        return read
    link = read.link if isinstance(read, Expired) else read
    opened = await store_check_ins.get_opened(running.pool, link.id, link.mentor_id)
    own = opened.mentor.locale if opened.mentor else ""
    asked = request.query_params.get("lang", "")
    language = languages.spoken(PAGES, asked, own, *wanted(request))
    if guests.revoked(opened.mentor, link):
        return Closed("revoked", language, opened.site)
    if isinstance(read, Expired):
        return Closed("check_in_expired", language, opened.site)
    if opened.session is None:
        return Closed("check_in_preparing", language, opened.site)
    return CheckInVisit(
        ref=ref,
        link=link,
        now=opened.now,
        session=opened.session,
        said_last=opened.check_in,
        mentor=opened.mentor,
        site=opened.site,
        language=language,
        chosen=language.code if asked else "",
        keeps=True,
    )
