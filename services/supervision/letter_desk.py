"""What letters are written with: the facts, the reader's language and clock, and links that open our pages. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.supervision import notices
from services.supervision.letter_facts import Alert, Facts, Line, Reader, Session
from services.supervision.notices import Notice
from shared.pages import times
from shared.pages.languages import Language
from shared.security import Kind, Link, mint_link

QUIET_FROM, QUIET_UNTIL = 21, 7  # o'clock on the reader's clock, as policies begin
PATHS: Mapping[Kind, str] = {"training": "t", "check_in": "c", "record": "m"}


@dataclass(frozen=True, slots=True)
class Letter:
    """`before` and `after` stand around the one link; `text` says it in one line, without the link, for a phone."""

    subject: str
    before: tuple[str, ...]
    label: str = ""
    url: str = ""
    after: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class NotNow:
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class NoUse:
    """`expired`: its time is over. Else it is dropped: nobody should get it."""

    reason: str
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """What every letter is written with; `mentors` and `console` are where their pages are."""

    notice: Notice
    facts: Facts
    language: Language
    mentors: str
    console: str

    @property
    def reader(self) -> Reader:
        return self.facts.reader

    @property
    def session(self) -> Session:
        assert self.facts.session
        return self.facts.session

    @property
    def alert(self) -> Alert:
        assert self.facts.alert
        return self.facts.alert

    def on(self, at: datetime) -> str:
        """Within a sentence: on Thursday at 4:00 pm."""
        when = self.when(at)
        return when if self.today(at) else self.language.gettext("on %(when)s", when=when)

    def today(self, at: datetime) -> bool:
        return times.same_day(at, self.reader.zone, self.facts.now)

    def when(self, at: datetime) -> str:
        """today at 4:00 pm, Thursday at 4:00 pm, or with the date: on the reader's own clock."""
        zone, now = self.reader.zone, self.facts.now
        if self.today(at):
            return self.language.gettext("today at %(clock)s", clock=times.clock(at, zone, self.language))
        near = timedelta(0) <= at - now <= times.NEAR
        return (times.day_clock if near else times.date_clock)(at, zone, self.language)

    def quiet(self, before: datetime | None) -> NotNow | None:
        """In the night it waits for the morning, unless that would not be `before` whatever it is for."""
        now = self.facts.now.astimezone(times.known(self.reader.zone))
        if QUIET_UNTIL <= now.hour < QUIET_FROM:
            return None
        morning = now.replace(hour=QUIET_UNTIL, minute=0, second=0, microsecond=0)
        morning = morning if morning > now else (morning + timedelta(days=1))
        return NotNow(morning, "quiet_hours") if before is None or morning < before else None

    def hello(self) -> str:
        first = self.reader.name.split(maxsplit=1)[0] if self.reader.name.strip() else self.reader.name
        return self.language.gettext("Hi %(name)s,", name=first)

    def opens(self, kind: Kind, id: UUID, until: datetime) -> str:
        """Minted when it is sent, and nowhere kept: the roster's epoch of now is in it."""
        link = Link(kind, id, self.reader.person_id, self.reader.link_epoch)
        return f"{self.mentors}/{PATHS[kind]}/{mint_link(link, until)}"

    def training(self) -> str:
        assert self.session.training_id
        return self.opens("training", self.session.training_id, self.session.starts_at + notices.LINK_LIFE)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """It is somebody else's by now to read."""

    to: UUID


Written = Letter | NotNow | NoUse | Elsewhere
