"""Every service's pages of its own dead letters: what there is, one of them whole, and replay or burial after a question."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlencode

from asyncpg import Record
from fastapi import APIRouter, Depends, Form, HTTPException, Path, Query, Response
from prometheus_client import Gauge
from pydantic import BaseModel, Field

from shared import platform
from shared.messaging import dead, gauges, letters
from shared.messaging.gauges import Gauges
from shared.messaging.letters import OPEN, Which
from shared.pages import dead as said
from shared.pages import environment
from shared.platform import DEAD, Platform
from shared.running import Running
from shared.security import Signed

if TYPE_CHECKING:
    from shared.bus import Subscription

LOG = logging.getLogger("jitt.platform")
HERE = "Dead letters"
BACK = (DEAD, "Back to dead letters")
NO_LETTER = "It is older than 14 days, or another service's: this is {}, and each has its own list."
NO_PAGE = "If you typed the address, check that it is whole. Dead letters and publishers are in the menu."
PER_PAGE = 50
AT_ONCE = 500  # more take minutes, in which a page says nothing; the command tells how far it is
BEHIND = 20
LARGEST_ID = 2**63 - 1
Subscriptions = Callable[[], "Iterable[Subscription]"]
Text = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]


class Asked(BaseModel):
    """Filters and choices, as addresses and forms carry them; what is empty does not matter."""

    reason: Text = ""
    publisher: Text = ""
    state: Literal["", "dead", "parked", "replayed", "skipped"] = ""
    since: Text = ""
    until: Text = ""
    id: list[Id] = Field(default_factory=list, max_length=AT_ONCE)
    after: Annotated[int, Field(ge=0, le=LARGEST_ID)] = 0
    do: Literal["replay", "skip"] = "replay"
    why: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")] = ""

    def which(self) -> Which:
        """Raises ValueError, with a sentence, when a time is none."""
        since, until = (letters.moment(text) if text else None for text in (self.since, self.until))
        states = (self.state,) if self.state else OPEN
        return Which(states, self.reason, self.publisher, since=since, until=until, ids=tuple(self.id))

    @property
    def narrowed(self) -> bool:
        return bool(self.reason or self.publisher or self.state or self.since)

    def address(self, page: str = DEAD, **changes: object) -> str:
        kept = self.model_dump(include={"reason", "publisher", "state", "since", "until", "id"}) | changes
        query = urlencode({name: value for name, value in kept.items() if value}, doseq=True)
        return f"{page}?{query}" if query else page


@dataclass(frozen=True, slots=True)
class Desk:
    """`subscriptions`: what this process reads from Kafka, for how far behind it is."""

    platform: Platform
    running: Running
    gauges: Gauges
    subscriptions: Subscriptions

    def page(self, caller: Signed, template: str, status: int = 200, **values: object) -> Response:
        name = self.running.service.name
        tabs = [(other, url + DEAD, other == name) for other, url in platform.urls(self.running.settings).items()]
        return self.platform.page(caller, template, HERE, status, service=name, tabs=tabs, page=DEAD, said=said, **values)

    def told(self, caller: Signed, heading: str, sentence: str, status: int = 200) -> Response:
        return self.page(caller, "told.jinja", status, heading=heading, sentences=[sentence], back=BACK)

    async def standing(self) -> list[str]:
        read = list(self.subscriptions())
        await self.gauges.refresh({}, read)
        name = self.running.service.name
        return said.standing(
            _waiting(gauges.OUTBOX_DEPTH, gauges.OUTBOX_OLDEST, name),
            _waiting(gauges.OVERDUE, gauges.OVERDUE_OLDEST, name),
            _waiting(gauges.PARKED_KEYS, gauges.PARKED_OLDEST, name),
            int(sum(_values(gauges.LAG, name))) if read else None,
        )


def routes(running: Running, subscriptions: Subscriptions) -> APIRouter:
    shown = Platform(running, environment())
    desk, router = Desk(shown, running, Gauges(running), subscriptions), shown.router()
    signed_in = Annotated[Signed, Depends(shown.caller)]
    posted = Annotated[Signed, Depends(shown.poster)]

    @router.get("/dead")
    async def page(caller: signed_in, asked: Annotated[Asked, Query()]) -> Response:
        return await _list(desk, caller, asked)

    @router.get("/dead/confirm")
    async def confirm(caller: signed_in, asked: Annotated[Asked, Query()]) -> Response:
        return await _ask(desk, caller, asked)

    @router.get("/dead/{id:int}")
    async def letter(caller: signed_in, id: Annotated[int, Path(ge=1, le=LARGEST_ID)]) -> Response:
        return await _letter(desk, caller, id)

    @router.post("/dead/replay")
    async def replay(caller: posted, asked: Annotated[Asked, Form()]) -> Response:
        return await _replay(desk, caller, asked)

    @router.post("/dead/skip")
    async def skip(caller: posted, asked: Annotated[Asked, Form()]) -> Response:
        return await _skip(desk, caller, asked)

    @router.get("/{address:path}")  # after every other of this service
    async def nothing(caller: signed_in) -> Response:
        return desk.told(caller, "There is no such page", NO_PAGE, 404)

    return router


async def _list(desk: Desk, caller: Signed, asked: Asked) -> Response:
    which, problem = _read(asked)
    async with desk.running.connection() as conn:
        groups = said.grouped(await letters.counts(conn, Which()))
        total = await letters.count(conn, which)
        rows = await letters.list_page(conn, which, asked.after, PER_PAGE + 1)
    senders = sorted({name for group in groups for name, _ in group.senders})
    return desk.page(
        caller, "dead.jinja", 422 if problem else 200, groups=groups, total=total, rows=rows[:PER_PAGE], asked=asked,
        senders=senders, more=rows[PER_PAGE - 1]["id"] if len(rows) > PER_PAGE else None, problem=problem,
        standing=await desk.standing(), where=_where,
    )  # fmt: skip


def _read(asked: Asked) -> tuple[Which, str]:
    try:
        return asked.which(), ""
    except ValueError as error:
        return Which(), str(error)


async def _letter(desk: Desk, caller: Signed, id: int) -> Response:
    found = await dead.find_letter(desk.running, id)
    if found is None:
        return desk.told(caller, f"There is no dead letter {id} here", NO_LETTER.format(desk.running.service.name), 404)
    LOG.info("a dead letter was opened", extra=_by(desk, caller) | {"letter": id})
    async with desk.running.connection() as conn:
        behind = await letters.list_behind(conn, id, found.concerns, BEHIND + 1)
    return desk.page(caller, "dead-letter.jinja", letter=found, whole=found.whole(), behind=behind, most=BEHIND)


async def _ask(desk: Desk, caller: Signed, asked: Asked, problem: str = "") -> Response:
    """The question before anything happens, about exactly what is there now: what comes later is left out."""
    async with desk.running.connection() as conn:
        now: datetime = await conn.fetchval("SELECT now()")
        fixed = asked.model_copy(update={"until": asked.until or now.isoformat()})
        number = await letters.count(conn, _open(fixed))
    if impossible := _impossible(desk, asked, number):
        return desk.told(caller, *impossible, status=422)
    return desk.page(caller, "dead-confirm.jinja", 422 if problem else 200, asked=fixed, number=number, problem=problem)


def _open(asked: Asked) -> Which:
    """What can still be replayed or given up."""
    try:
        which = asked.which()
    except ValueError as error:
        raise HTTPException(422) from error
    return replace(which, states=tuple(state for state in which.states if state in OPEN))


def _impossible(desk: Desk, asked: Asked, number: int) -> tuple[str, str] | None:
    if not (asked.narrowed or asked.id):
        return "Choose records first", "Tick them in the list, or take all of one reason."
    if not number:
        return "Nothing is left to do", "These records were replayed or given up meanwhile."
    if number > AT_ONCE:
        command = f"jitt dead {asked.do} {desk.running.service.name}" + (f" --reason {asked.reason}" if asked.reason else "")
        return f"{said.records(number)} are too many for a page", f"A page takes {AT_ONCE}. Type: {command}"
    return None


async def _replay(desk: Desk, caller: Signed, asked: Asked) -> Response:
    ids = await _chosen(desk, asked)
    if ids is None:
        return await _ask(desk, caller, asked)
    done = await dead.replay(desk.running, ids)
    LOG.info("dead letters were replayed", extra=_by(desk, caller) | {"applied": done.applied, "failed": done.failed})
    return desk.told(caller, said.applied(done.applied, done.failed), _sentence(done.reason))


async def _skip(desk: Desk, caller: Signed, asked: Asked) -> Response:
    ids = await _chosen(desk, asked)
    if ids is None or not asked.why.strip():
        return await _ask(desk, caller, asked, "Say why they are given up")
    done = await dead.skip(desk.running, ids, asked.why.strip())
    LOG.info("dead letters were given up", extra=_by(desk, caller) | {"letters": len(ids)})
    followed = f"{said.applied(done.applied, done.failed)} of what waited behind. " if done.applied or done.failed else ""
    return desk.told(caller, f"{said.records(len(ids))} buried", followed + _sentence(done.reason))


async def _chosen(desk: Desk, asked: Asked) -> list[int] | None:
    """None when the question has to be asked first, or again."""
    async with desk.running.connection() as conn:
        ids = await letters.list_ids(conn, _open(asked))
    return None if _impossible(desk, asked, len(ids)) else ids


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}" if reason else ""


def _by(desk: Desk, caller: Signed) -> dict[str, object]:
    return {"service": desk.running.service.name, "by": str(caller.person_id)}


def _where(row: Record) -> str:
    return f"{row['topic']}/{row['partition']}/{row['offset']}" if row["topic"] else "not from Kafka"


def _waiting(number: Gauge, oldest: Gauge, service: str) -> said.Waiting:
    return said.Waiting(int(sum(_values(number, service))), max(_values(oldest, service), default=0))


def _values(gauge: Gauge, service: str) -> list[float]:
    samples = [sample for metric in gauge.collect() for sample in metric.samples]
    return [sample.value for sample in samples if sample.labels["service"] == service]
