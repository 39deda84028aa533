"""Where the loop is measured: the four services as processes of their own, and mentors who have opened a training each."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, cycle
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from deploy import topology
from deploy.local import children
from deploy.local.ports import free_port
from deploy.servers import url_of
from services.assessment import modules, store
from services.assessment.app import SERVICE as ASSESSMENT
from shared.contracts.content import TrainingAssigned
from shared.contracts.site import SessionScheduled
from shared.running import opened
from shared.security import Link, mint_link
from tests.bench import topics, world
from tests.bench.hop import Bench
from tests.bench.world import Announced
from tests.chaos.world import Seat, ready
from tests.flow.commands import jitt
from tests.flow.town import COLUMNS, NUMBERS, STEPS
from tests.load.answers import Answer, answers_of

PAGES = "assessment"
READY, PATIENCE = 60.0, 240.0  # seconds
STARTS_IN = timedelta(minutes=100)  # within the lead time of an assignment, and after whatever is measured
ONE_IN = 4  # mentors miss a question
AT_ONCE = 4  # mentors who press Start
POOLS = 16
KNOWN = "SELECT count(*) FROM {table} WHERE site_id = $1"
ASSIGNED = """
SELECT count(*) FROM assessment.training t
JOIN assessment.planned_session s ON s.session_id = t.session_id
JOIN supervision.preparation p ON p.training_id = t.id AND p.status = 'planned'
WHERE t.site_id = $1
"""
OPENED = "SELECT count(*) FROM supervision.preparation WHERE site_id = $1 AND opened_at IS NOT NULL"
TRAININGS = "SELECT assigned FROM assessment.training WHERE site_id = $1 ORDER BY id"
UNSENT = " + ".join(f"(SELECT count(*) FROM {name}.outbox)" for name in topology.NAMES)
NUMBER = count(1)


class Pools(httpx2.AsyncBaseTransport):
    """In turn, as one pool looks at every connection for every request. A connection that is free is used again, unless the
    service may be about to close it."""

    def __init__(self) -> None:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=2.0)
        self._pools = [httpx2.AsyncHTTPTransport(limits=limits) for _ in range(POOLS)]
        self._turns = cycle(self._pools)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await next(self._turns).handle_async_request(request)

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()


@dataclass(frozen=True, slots=True)
class Town:
    """A site of its own for each run, so that no run meets what another has left."""

    bench: Bench
    children: dict[Seat, children.Child]

    @property
    def client(self) -> httpx2.AsyncClient:
        """As many browsers: no redirect is followed."""
        return httpx2.AsyncClient(base_url=url_of(PAGES), timeout=30, transport=Pools())

    async def trainings(self, mentors: int) -> list[list[Answer]]:
        """So many mentors have pressed Start; what each will answer, in order."""
        assigned = await self.assigned(mentors)
        await self.start(assigned)
        await self._until(OPENED, mentors, "trainings that are opened", assigned[0].site_id)
        await self.quiet()
        return await walks(assigned, link_of)

    async def assigned(self, mentors: int) -> list[TrainingAssigned]:
        """A training each for so many mentors of a new site; nobody has opened any."""
        site = f"loop-{next(NUMBER)}"
        await self._people(site, mentors)
        await self._announce(site, mentors)
        await self._until(ASSIGNED, mentors, "trainings that are assigned", site)
        return [TrainingAssigned.model_validate_json(row["assigned"]) for row in await self.bench.owner.fetch(TRAININGS, site)]

    async def quiet(self) -> None:
        """Whatever the services have to say has been said."""
        await self._until(f"SELECT {UNSENT}", 0, "events that are left to send")

    async def _people(self, site: str, mentors: int) -> None:
        jitt("site", "add", site, "--name", "Loop", "--zone", "America/Chicago", *NUMBERS, *STEPS)
        until, started = f"{datetime.now(UTC) + timedelta(days=365):%Y-%m-%d}", f"{datetime.now(UTC):%Y-%m-%d}"
        rows = [f"m{n},mentor,Mentor {n},,,dana,,en,{started},base:{until};goal_setting_support:{until}" for n in range(mentors)]
        file = self.bench.home / f"{site}.csv"
        file.write_text("\n".join([COLUMNS, "dana,supervisor,Dana Ortiz,,,,,,,", *rows, ""]))
        jitt("import", "people", str(file), "--site", site)
        await self._until(KNOWN.format(table="trigger.mentor"), mentors, "mentors that trigger knows", site)
        await self._until(KNOWN.format(table="assessment.roster"), mentors, "mentors that assessment knows", site)

    async def _announce(self, site: str, mentors: int) -> None:
        topic = await topics.make(self.bench.kafka, site)
        starts_at = (datetime.now(UTC) + STARTS_IN).replace(microsecond=0)
        told = [
            SessionScheduled(
                session_ref=f"{site}/{n}",
                site_id=site,
                mentor_ref=f"m{n}",
                starts_at=starts_at,
                minutes=45,
                time_zone="America/Chicago",
                activity="first_meeting",
                revision=1,
            )
            for n in range(mentors)
        ]
        await topics.load(self.bench.kafka, topic, [Announced(one.session_ref, one) for one in told])
        await self.bench.owner.execute(world.ADD_PUBLISHER, site, [site])

    async def start(self, assigned: Sequence[TrainingAssigned]) -> None:
        """Their mentors press Start."""
        at_once = asyncio.Semaphore(AT_ONCE)

        async def start(path: str) -> None:
            async with at_once:
                response = await client.post(f"{path}/start")
            assert "/cards/" in response.headers.get("location", ""), f"Start answered {response.status_code}"

        async with self.client as client:
            await asyncio.gather(*(start(link_of(one)) for one in assigned))

    async def _until(self, query: str, number: int, what: str, *values: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while (found := await self.bench.owner.fetchval(query, *values)) != number:
            for child in self.children.values():
                if not child.alive():
                    raise child.failure("ended before anything was measured")
            assert time.monotonic() < deadline, f"after {PATIENCE:.0f} s {found}, not {number} {what}"
            await asyncio.sleep(0.2)


@asynccontextmanager
async def town(bench: Bench, more: int = 0) -> AsyncIterator[Town]:
    """The four services, until the block ends. `more`: processes that serve mentors' pages, beside the one at the address."""
    await topics.forget(bench.kafka)
    running = {seat: _child(bench.home, seat) for seat in _seats(more)}
    try:
        for seat, child in running.items():
            if not child.answers_within(READY, partial(ready, seat)):
                raise child.failure("ended while starting")
        jitt("content", "publish")
        yield Town(bench, running)
    finally:
        for child in running.values():
            child.stop()


def _seats(more: int) -> Iterator[Seat]:
    """Mentors' pages have processes of their own, as where there are many mentors; nobody opens any other page here."""
    for name in topology.NAMES:
        port = urlsplit(url_of(name)).port or 0
        yield Seat(name, "web" if name == PAGES else "all", 0, port)
    yield Seat(PAGES, "worker", 0, free_port())
    yield from (Seat(PAGES, "web", n, free_port()) for n in range(1, more + 1))


def _child(home: Path, seat: Seat) -> children.Child:
    logs = home / "services"
    logs.mkdir(exist_ok=True)
    program = children.Program(title=seat.name, name=seat.name, farewell=((signal.SIGTERM, 20.0),))
    command = (sys.executable, "-m", "deploy.cli", "run", seat.service, "--role", seat.role, "--port", str(seat.port),
               "--instance", "loop")  # fmt: skip
    return children.start(program, command, logs)


async def walks(assigned: Sequence[TrainingAssigned], base: Callable[[TrainingAssigned], str]) -> list[list[Answer]]:
    """What each mentor will answer, in order; `base`: the address of a training's pages."""
    async with opened(ASSESSMENT) as running:
        known = await store.find_modules(running.pool, sorted({key for one in assigned for key in modules.all_keys(one)}))
    return [answers_of(one, known, base(one), misses=n % ONE_IN == 0) for n, one in enumerate(assigned)]


def link_of(one: TrainingAssigned) -> str:
    """By the link itself, as for a browser that keeps no cookies."""
    link = Link("training", one.training_id, one.mentor_id, 1)
    return f"/t/{mint_link(link, datetime.now(UTC) + timedelta(days=14))}"
