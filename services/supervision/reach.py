"""How one person can be reached: what they chose, and where nothing arrives any more. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.supervision.notice_messages import ChannelChosen, NoticeReported, NoticeTried, Wanted
from shared.contracts.event import Event, Refused

AT_THE_DOOR = ("smtp_", "http_", "no_address")


@dataclass(frozen=True, slots=True)
class Broken:
    """`reason`: a code, as the server or provider gave it."""

    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Nobody has a row before something is known that is not the ordinary case: mail, and it arrives."""

    person_id: UUID
    site_id: str
    wanted: Wanted = "mail"
    broken: Mapping[str, Broken] = field(default_factory=dict)

    @property
    def none_works(self) -> bool:
        """Of the channels that were tried, the last one known."""
        return self.wanted != "none" and bool(self.broken)


Decided = tuple[Reach, list[Event]] | Refused


def chosen(reach: Reach | None, event: ChannelChosen, now: datetime, _: object) -> Decided:
    """A new choice is also a new try: what was broken is forgotten."""
    known = reach or Reach(event.person_id, event.site_id)
    return (known if reach and reach.wanted == event.wanted else replace(known, wanted=event.wanted, broken={})), []


def tried(reach: Reach | None, event: NoticeTried, now: datetime, _: object) -> Decided:
    """A server that takes a mail disproves a server that refused one; a mail that came back is disproved by a delivery only."""
    if event.outcome == "refused" and event.channel and event.address:
        return _broken(reach or Reach(event.person_id, event.site_id), event.channel, event.reason, now), []
    known = reach.broken.get(event.channel) if reach and event.channel else None
    if reach and known and event.outcome == "accepted" and known.reason.startswith(AT_THE_DOOR):
        return _works(reach, str(event.channel)), []
    return Refused("nothing_new")


def reported(reach: Reach | None, event: NoticeReported, now: datetime, _: object) -> Decided:
    """A server that took a mail has not delivered it: only a report of that says that an address works again."""
    if event.status in ("bounced", "failed"):
        return _broken(reach or Reach(event.person_id, event.site_id), event.channel, event.reason, now), []
    return (_works(reach, event.channel), []) if reach and event.status == "delivered" else Refused("nothing_new")


def _broken(reach: Reach, channel: str, reason: str | None, now: datetime) -> Reach:
    since = reach.broken[channel].since if channel in reach.broken else now
    return replace(reach, broken={**reach.broken, channel: Broken(since, reason or "unknown")})


def _works(reach: Reach, channel: str) -> Reach:
    return replace(reach, broken={name: why for name, why in reach.broken.items() if name != channel})
