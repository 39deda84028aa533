"""A notice: one message to one person, from its cause to its end. What causes one makes it (`new`), and saves it. Pure.

A mail that a server may have, and that nobody lived to tell of, goes out again under its Message-ID (docs/decisions/0038).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from services.supervision.notice_messages import NoticeAsked, NoticeReported, NoticeTried
from shared.contracts import ids
from shared.contracts.event import Event, Refused
from shared.contracts.supervision import NoticeDelivered

Kind = Literal[
    "training", "nudge", "last_call", "check_in", "moved", "canceled", "hold", "correction", "link", "record",
    "alert", "escalation", "briefs", "digest", "receiver", "import",
]  # fmt: skip
State = Literal["waiting", "sending", "handed_over", "sent", "delivered", "failed", "bounced", "expired", "dropped"]
Channel = Literal["mail", "text"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ENDED: frozenset[State] = frozenset({"delivered", "failed", "bounced", "expired", "dropped"})
LEAD = "lead"  # whom a notice is for that is for nobody in particular
UNHEARD: frozenset[State] = frozenset({"failed", "bounced"})
ASKS: frozenset[Kind] = frozenset({"alert", "escalation"})  # somebody has to act on what it tells
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
LONGEST_WAIT_OF_ALERTS = timedelta(minutes=4)
CHECK_IN_LIFE, LINK_LIFE = timedelta(days=3), timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Notice:
    """`person_id`: None where it is made means the site's lead, who is found where it is saved."""

    notice_id: UUID
    site_id: str
    person_id: UUID | None
    kind: Kind
    about: Mapping[str, str]
    created_at: datetime
    useful_until: datetime
    due_at: datetime | None
    state: State = "waiting"
    tries: int = 0
    channel: Channel | None = None
    handed_at: datetime | None = None
    sent_at: datetime | None = None
    provider_id: str | None = None
    reason: str | None = None

    @property
    def unheard(self) -> bool:
        """Nobody will know of what it asked for: it is looked at once more, so that the alert goes on to the next in line."""
        return self.kind in ASKS and self.state in UNHEARD


Decided = tuple[Notice, list[Event]] | Refused


def new(
    cause: UUID,
    name: str,
    kind: Kind,
    now: datetime,
    *,
    site_id: str,
    to: UUID | None,
    until: datetime,
    about: Mapping[str, object] | None = None,
    at: datetime | None = None,
) -> Notice:
    """The same cause and name make the same notice, which is then saved once. `at`: not to be sent before."""
    said = {key: _code(value) for key, value in (about or {}).items() if value}
    return Notice(id_of(cause, name), site_id, to, kind, said, now, until, at or now)


def together(known: Notice, again: Notice) -> Notice:
    """One that is made again, for another session of the day: sent when the first wants it, of use as long as the last."""
    due_at = min(filter(None, (known.due_at, again.due_at)), default=None)
    return replace(again, due_at=due_at, useful_until=max(known.useful_until, again.useful_until))


def _code(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def id_of(cause: UUID, name: str) -> UUID:
    return ids.after(cause, f"notice/{name}")


def asked(notice: Notice | None, event: NoticeAsked, now: datetime, _: object) -> Decided:
    """For what is caused outside the handlers, by a person or a command."""
    if notice:
        return Refused("asked_already")
    until, about = event.useful_until, dict(event.about)
    return Notice(event.notice_id, event.site_id, event.person_id, event.kind, about, now, until, now), []


def tried(notice: Notice | None, event: NoticeTried, now: datetime, _: object) -> Decided:
    """What a sender tells of its try. That a server took it counts whenever it is told; the rest only of the newest try."""
    if notice is None or notice.state in ENDED:
        return _looked_at_again(notice, event)
    if event.outcome == "accepted":
        sent = replace(notice, state="sent", due_at=None, sent_at=notice.sent_at or now, channel=event.channel,
                       provider_id=event.provider_id, reason=None)  # fmt: skip
        return (notice, []) if notice.state == "sent" else (sent, [told(sent, now)])
    if event.tries != notice.tries or notice.state == "sent":
        return Refused("another_try")
    if event.outcome in ("expired", "dropped"):
        return ended(notice, event.outcome, event.reason, now)
    return refused(notice, event, now) if event.outcome == "refused" else later(notice, event, now)


def _looked_at_again(notice: Notice | None, event: NoticeTried) -> Decided:
    """Of what has ended: its alert went on to somebody else."""
    if notice and notice.unheard and event.outcome == "passed_on":
        return replace(notice, due_at=None), []
    return Refused("ended_already" if notice else "no_such_notice")


def refused(notice: Notice, event: NoticeTried, now: datetime) -> Decided:
    """For good, on this channel: the other one is tried at once, where there is one."""
    there = replace(notice, channel=event.channel, reason=event.reason, handed_at=None)
    return (replace(there, state="waiting", due_at=now), []) if event.otherwise else ended(there, "failed", event.reason, now)


def later(notice: Notice, event: NoticeTried, now: datetime) -> Decided:
    """Again after a while, unless it is of no use by then. A try that was put off does not count as one."""
    if event.outcome == "readdressed":
        return replace(notice, person_id=event.to, state="waiting", due_at=now, tries=notice.tries - 1, handed_at=None), []
    put_off = event.outcome == "postponed"
    at = event.again_at if put_off and event.again_at else now + wait(notice.tries, notice.kind)
    if at >= notice.useful_until:
        return ended(notice, "expired", event.reason, now)
    tries = notice.tries - 1 if put_off else notice.tries
    return replace(notice, state="waiting", due_at=at, tries=tries, handed_at=None, reason=event.reason), []


def reported(notice: Notice | None, event: NoticeReported, now: datetime, _: object) -> Decided:
    """A provider's word on what became of it later, which also settles a try that nobody lived to tell of."""
    if notice is None:
        return Refused("no_such_notice")
    if notice.state in ("bounced", "failed", event.status) or (notice.tries == 0 and notice.state == "waiting"):
        return Refused("ended_already" if notice.tries else "not_sent_yet")
    if event.status == "delayed":
        return Refused("not_final")
    sent = replace(notice, sent_at=notice.sent_at or now)
    if event.status == "accepted":
        return (replace(sent, state="sent", due_at=None), []) if notice.state in ("sending", "handed_over") else Refused("known")
    return ended(sent, event.status, event.reason, now)


def ended(notice: Notice, state: State, reason: str | None, now: datetime) -> tuple[Notice, list[Event]]:
    over = replace(notice, state=state, due_at=None, reason=reason)
    over = replace(over, due_at=now) if over.unheard else over
    return over, [told(over, now)]


def told(notice: Notice, now: datetime) -> NoticeDelivered:
    assert notice.person_id
    return NoticeDelivered(
        notice_id=notice.notice_id,
        person_id=notice.person_id,
        site_id=notice.site_id,
        kind=notice.kind,
        state=notice.state,
        channel=notice.channel,
        tries=notice.tries,
        reason=notice.reason,
        at=now,
    )


def wait(tries: int, kind: Kind) -> timedelta:
    """After the first try a minute, twice as long after each one more, at most an hour; four minutes where somebody is asked."""
    most = LONGEST_WAIT_OF_ALERTS if kind in ("alert", "escalation", "hold") else LONGEST_WAIT
    return min(FIRST_WAIT * (1 << max(0, min(tries, 10) - 1)), most)
