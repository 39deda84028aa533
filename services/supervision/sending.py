"""Sends what is due, in every worker: claims a few notices, writes each as it is now, hands it over, tells what came of it.

Never inside a transaction. What a sender dies with is claimed again when its lease ends: soon what was not handed over yet, and
after JITT_MAIL_UNSURE_SECONDS what a server may have, under the same Message-ID (docs/decisions/0038).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from prometheus_client import Counter

from services.supervision import letters, mailing, reading_notices, smtp, store_notices, texting
from services.supervision.letter_desk import Elsewhere, Letter, NotNow, NoUse
from services.supervision.letter_facts import Facts, Reader
from services.supervision.messages import AlertUnheard
from services.supervision.notice_messages import NoticeTried
from services.supervision.notices import ASKS, LEAD, Channel, Notice
from services.supervision.smtp import Accepted, Busy, Refused, Result
from shared.running import Running
from shared.security import Link, mint_link

LOG = logging.getLogger("jitt.notices")
UNHEARD = Counter("jitt_alerts_unheard", "Alerts that went up the line as no message reached whoever was asked")
AT_ONCE = 16
CONNECTIONS = 4
LEASE = timedelta(minutes=2)  # may be short: who has lost it meanwhile hands nothing over
IDLE_SECONDS = 0.5
STOP_SECONDS = 4.0
LONGEST_TURN = timedelta(seconds=60)
OFF_LIFE = timedelta(days=400)


async def run(running: Running, room: Callable[[], Awaitable[object]]) -> None:
    """For ever."""
    sender = Sender(running)
    try:
        while True:
            sent = 0
            try:
                await room()
                sent = await sender.round()
            except Exception as error:
                LOG.warning("notices cannot be sent now", extra={"error": f"{type(error).__name__}: {error}"})
            if not sent:
                await asyncio.sleep(IDLE_SECONDS)
    finally:
        await sender.close()


@dataclass
class Pace:
    """Mails to one domain leave one after the other: a server that gets many at once takes the sender for something else."""

    per_second: float
    _next: dict[str, float] = field(default_factory=dict)

    def turn(self, domain: str, now: float) -> float:
        """Seconds until this one's turn, which is taken by asking."""
        at = max(now, self._next.get(domain, now))
        if at - now > LONGEST_TURN.total_seconds():
            return at - now
        if len(self._next) > 10_000:
            self._next = {name: when for name, when in self._next.items() if when > now}
        self._next[domain] = at + 1 / self.per_second
        return at - now


class Sender:
    def __init__(self, running: Running) -> None:
        self.running, self.settings = running, running.settings
        self.post = smtp.post_of(self.settings)
        self.texts = texting.texts_of(self.settings)
        self.pace = Pace(self.settings.mail_per_second)
        self._connections = asyncio.Semaphore(CONNECTIONS)

    async def round(self) -> int:
        """How many were claimed. Told to stop, it lets those that are on their way arrive."""
        claimed = await store_notices.claim(self.running.pool, AT_ONCE, LEASE)
        tasks = [asyncio.create_task(self.send(notice)) for notice in claimed]
        try:
            await asyncio.gather(*(asyncio.shield(task) for task in tasks))
        except asyncio.CancelledError:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
            raise
        return len(claimed)

    async def send(self, notice: Notice) -> None:
        """One try of one notice, and what came of it. What fails here is tried again, like a server that is busy."""
        try:
            tried = await (self._passed_on(notice) if notice.unheard else self._try(notice))
        except Exception as error:
            LOG.exception("a notice could not be written", extra={"notice": str(notice.notice_id), "kind": notice.kind})
            tried = _told(notice, "later", reason=f"failed_{type(error).__name__}")
        if tried is None:
            return
        try:
            await self.running.submit(tried, id=told_as(tried), source="notices")
        except Exception as error:  # the lease ends, and it is looked at again
            LOG.warning("what came of a notice cannot be kept now", extra={"error": f"{type(error).__name__}: {error}"})

    async def _try(self, notice: Notice) -> NoticeTried | None:
        async with self.running.connection() as conn:
            facts = await reading_notices.find_facts(conn, notice)
        if facts is None:
            return _told(notice, "dropped", reason="unknown_person")
        written = letters.write(notice, facts, self.settings.assessment_url, self.settings.supervision_url)
        match written:
            case NoUse(reason, expired):
                return _told(notice, "expired" if expired else "dropped", reason=reason)
            case NotNow(at, reason):
                return _told(notice, "postponed", reason=reason, again_at=at)
            case Elsewhere(to):
                return _told(notice, "readdressed", to=to)
        channels = self.channels(facts.reader, notice)
        if not channels:
            return _told(notice, "refused", channel="mail", reason="no_address")
        if notice.kind in ASKS and all(channel in facts.reader.broken for channel in channels):
            await self._pass_on(notice)  # it is tried all the same
        if notice.handed_at:
            LOG.warning("sending again what a server may have", extra={"notice": str(notice.notice_id), "kind": notice.kind})
        async with self._connections:
            result = await self._over(notice, written, facts, channels[0])
        return _outcome(notice, result, channels)

    async def _passed_on(self, notice: Notice) -> NoticeTried:
        await self._pass_on(notice)
        return _told(notice, "passed_on")

    async def _pass_on(self, notice: Notice) -> None:
        """Its alert goes on to the next in line, once, if it still is with whom this was for."""
        about = notice.about
        to = None if about.get("for", LEAD) == LEAD else UUID(about["for"])
        event = AlertUnheard(mentor_id=UUID(about["mentor_id"]), alert_id=UUID(about["alert_id"]), with_role=about["with_role"],
                             to=to)  # fmt: skip
        outcome = await self.running.submit(event, id=f"{notice.notice_id}/unheard", source="notices")
        if outcome.kind == "applied":
            UNHEARD.inc()
            LOG.warning("no message reaches whoever an alert asks: it goes on", extra={"notice": str(notice.notice_id)})

    def channels(self, reader: Reader, notice: Notice) -> list[Channel]:
        """Those that could take it: the wanted one first, one that is broken last, one that has refused this notice never."""
        there: list[Channel] = ["mail"] if reader.email else []
        there += ["text"] if self.texts and reader.phone else []
        left = [channel for channel in there if channel != notice.channel]
        return sorted(left, key=lambda channel: (channel in reader.broken, channel != reader.wanted))

    async def _over(self, notice: Notice, letter: Letter, facts: Facts, channel: Channel) -> Result:
        reader = facts.reader

        async def hand_over() -> bool:
            unsure = timedelta(seconds=self.settings.mail_unsure_seconds)
            return await store_notices.hand_over(self.running.pool, notice, unsure, facts.now)

        if channel == "text" and self.texts:
            return await self.texts.send(notice.notice_id, letter, reader, mailing.language_of(reader), hand_over)
        assert reader.email
        wait = self.pace.turn(reader.email.rpartition("@")[2].casefold(), monotonic())
        if wait > LONGEST_TURN.total_seconds():
            return Busy("domain_has_many")
        await asyncio.sleep(wait)
        off = self._off(reader) if reader.mentor else ""
        message = mailing.mail(notice.notice_id, notice.created_at, letter, reader, self.post.sender, off=off)
        return await self.post.send(message, reader.email, hand_over)

    def _off(self, reader: Reader) -> str:
        link = Link("mail", reader.person_id, reader.person_id, reader.link_epoch)
        return f"{self.settings.supervision_url}/mail/{reader.site_id}/{mint_link(link, datetime.now(UTC) + OFF_LIFE)}"

    async def close(self) -> None:
        await self.post.close()


def _outcome(notice: Notice, result: Result, channels: list[Channel]) -> NoticeTried | None:
    """None: nothing is known that could be told, and the lease decides when it is looked at again."""
    match result:
        case Accepted(provider_id):
            return _told(notice, "accepted", channel=channels[0], provider_id=provider_id)
        case Busy(reason):
            return _told(notice, "later", channel=channels[0], reason=reason)
        case Refused(reason, address):
            return _told(notice, "refused", channel=channels[0], reason=reason, address=address, otherwise=len(channels) > 1)
    return None


def told_as(tried: NoticeTried) -> str:
    """A try that is put off is none, so the next has its number: what tells them apart is until when."""
    until = f"/{tried.again_at.isoformat()}" if tried.again_at else ""
    return f"{tried.notice_id}/{tried.tries}/{tried.outcome}{until}"


def _told(notice: Notice, outcome: Any, **more: Any) -> NoticeTried:
    whose: dict[str, Any] = {"notice_id": notice.notice_id, "site_id": notice.site_id, "person_id": notice.person_id}
    return NoticeTried(**whose, tries=notice.tries, outcome=outcome, **more)
