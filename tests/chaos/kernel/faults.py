"""Faults of real worker processes on a place that is spoken to meanwhile: frozen, many and few, held up, with a wrong clock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from deploy.local.errors import StackError
from shared.messaging.relay import application
from tests.chaos.kernel import ground
from tests.chaos.kernel.crew import Crew, crew
from tests.chaos.kernel.ground import Place
from tests.chaos.kernel.ledger import STATES, Pledged
from tests.chaos.kernel.load import Load
from tests.chaos.oracle import Verdict
from tests.chaos.sections import Chaos, Section

SESSION_SECONDS = 6.0
HELD_SECONDS = 10
HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Scene:
    place: Place
    crew: Crew
    load: Load


@asynccontextmanager
async def scene(home: Path, *, partitions: int = 4) -> AsyncIterator[Scene]:
    async with ground.place(partitions=partitions) as place, crew(place.name, home) as hired:
        load = Load(place)
        try:
            yield Scene(place, hired, load)
        finally:
            await load.stop()


async def frozen_before_its_commit(home: Path) -> Section:
    """Its transaction is open, and holds rows; another gets the same batch and waits for them; then it thaws, and commits."""
    async with scene(home) as here:
        (frozen,) = await here.crew.hire("--stops-at", "before the commit")
        await here.crew.hire()
        await _begin(here)
        await frozen.stops_itself()
        await asyncio.sleep(SESSION_SECONDS + 3)  # Kafka gives its partitions to the other, which stands at its rows
        frozen.goes_on()
        recovery = await here.load.caught_up()
        return await _end(here, "a consumer frozen before its commit", recovery)


async def frozen_after_its_commit(home: Path) -> Section:
    """What it applied is in the tables and not acknowledged to Kafka: the other gets it again, and counts none of it twice."""
    async with scene(home) as here:
        (frozen,) = await here.crew.hire("--stops-at", "after the commit, before the offset commit")
        await here.crew.hire()
        await _begin(here)
        await frozen.stops_itself()
        recovery = await here.load.caught_up()
        frozen.goes_on()
        return await _end(here, "a consumer frozen after its commit", recovery)


async def frozen_relay(home: Path) -> Section:
    """A frozen relay keeps its session, and so its shards; the server ends a silent session after a minute, we at once."""
    async with scene(home) as here:
        (frozen,) = await here.crew.hire("--stops-at", f"before a send to {STATES}")
        await _begin(here)
        session = await _relays_session(here.place)
        await here.crew.hire()
        await frozen.stops_itself()
        async with ground.owner() as admin:
            await admin.execute("SELECT pg_terminate_backend($1, 1000)", session)
        recovery = await here.load.caught_up()
        await _all_published(here)
        frozen.goes_on()
        return await _end(here, "a relay frozen with a compacted topic in its hands", recovery)


async def storm(home: Path) -> Section:
    """One worker, four, then two: one of those that go says goodbye, the other is killed."""
    async with scene(home, partitions=8) as here:
        await here.crew.hire()
        await _begin(here)
        await here.crew.hire(number=3)
        await here.load.caught_up()
        await here.crew.leave(here.crew.members[0])
        await here.crew.kill(here.crew.members[0])
        section = await _end(here, "workers from one to four to two", await here.load.caught_up())
        section.kills = 1
        return section


async def slow_postgres(home: Path) -> Section:
    """Somebody else's session holds every tally's row, longer than anybody may wait for a lock."""
    async with scene(home) as here:
        await here.crew.hire()
        await _begin(here)
        async with ground.owner() as other, other.transaction():
            await other.execute(f'SELECT id FROM "{here.place.name}".tally FOR UPDATE')
            await asyncio.sleep(HELD_SECONDS)
        return await _end(here, f"every row locked for {HELD_SECONDS} s", await here.load.caught_up())


async def wrong_clocks(home: Path) -> Section:
    """One process is an hour ahead, the other an hour behind; what is due is due by the database's clock."""
    async with scene(home) as here:
        await here.crew.hire(f"--clock={HOUR}")
        await here.crew.hire(f"--clock=-{HOUR}")
        await _begin(here)
        problems = await _due_in_time(here)
        section = await _end(here, "workers an hour ahead and an hour behind", await here.load.caught_up())
        section.problems += problems
        return section


TOGETHER: tuple[Callable[[Path], Awaitable[Section]], ...] = (
    frozen_before_its_commit, frozen_after_its_commit, frozen_relay, storm, slow_postgres, wrong_clocks,
)  # fmt: skip


async def run(chaos: Chaos) -> list[Section]:
    """Three at a time: each waits for most of its time."""
    places = asyncio.Semaphore(3)

    async def one(fault: Callable[[Path], Awaitable[Section]]) -> Section:
        async with places:
            begun = monotonic()
            try:
                section = await fault(chaos.home)
            except (TimeoutError, StackError) as error:
                section = Section(fault.__name__.replace("_", " "), Verdict(), problems=[str(error)])
            chaos.say(f"{section.name}: {monotonic() - begun:.0f} s, {'sound' if section.passed else 'NOT SOUND'}")
            return section

    with ground.quiet():
        await ground.make_topics(*ground.OUT)
        return list(await asyncio.gather(*(one(fault) for fault in TOGETHER for _ in range(chaos.size.rounds))))


async def _begin(here: Scene) -> None:
    await here.load.turn()
    here.load.flow()
    await here.load.caught_up()


async def _end(here: Scene, name: str, recovery: float) -> Section:
    """After the fault some more is said, by whoever is there now."""
    await asyncio.sleep(1)
    await here.load.stop()
    verdict = await here.load.settled()
    problems = [f"{member.child.program.title} ended by itself" for member in here.crew.members if not member.child.alive()]
    return Section(name, verdict, recoveries=[round(recovery, 2)], problems=problems, figures={"events": here.place.sent})


async def _relays_session(place: Place) -> int:
    """Of the only relay there is."""
    async with ground.owner() as admin:
        named = "SELECT pid FROM pg_stat_activity WHERE application_name = $1"
        return int(await admin.fetchval(named, application(place.name)))


async def _all_published(here: Scene) -> None:
    """What waited when the relay froze has gone out by another's hand."""
    last = await here.place.running.pool.fetchval("SELECT coalesce(max(id), 0) FROM outbox")

    async def gone() -> bool:
        return not await here.place.running.pool.fetchval("SELECT count(*) FROM outbox WHERE id <= $1", last)

    if not await ground.until(gone, 40.0):
        raise TimeoutError(f"{here.place.name}: nobody took over the outbox")


async def _due_in_time(here: Scene) -> list[str]:
    """Three pledges: due in two seconds, in 59 minutes, and 59 minutes ago."""
    now = datetime.now(UTC)
    moments = {"soon": timedelta(seconds=2), "later": timedelta(minutes=59), "past": timedelta(minutes=-59)}
    pledges = [Pledged(pledge=f"{here.place.name}-p-{name}", by=now + span) for name, span in moments.items()]
    here.load.accepted.heard(*pledges)
    here.load.accepted.pledges[pledges[1].pledge] = False  # nobody may be alerted about it yet
    await here.place.send(*pledges)
    await ground.until(lambda: _alerted(here.place, pledges[2]), 10.0)
    early = await _alerted(here.place, pledges[0]) and datetime.now(UTC) < pledges[0].by
    await ground.until(lambda: _alerted(here.place, pledges[0]), 10.0)
    late = datetime.now(UTC) - pledges[0].by
    return [words for words, wrong in (("a pledge was alerted about before its time", early),
            (f"a pledge was alerted about {late.total_seconds():.1f} s late", late > timedelta(seconds=3))) if wrong]  # fmt: skip


async def _alerted(place: Place, pledge: Pledged) -> bool:
    return bool(await place.running.pool.fetchval("SELECT alerts FROM pledge WHERE id = $1", pledge.pledge))
