"""SIGKILL at random, over and over, of every role of every service, while sites announce and mentors answer."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos import network_effects as effects
from tests.chaos import world
from tests.chaos.load import SITES, Load
from tests.chaos.network import Town
from tests.chaos.network_feed import Watching
from tests.chaos.sections import Chaos, Section, Size
from tests.chaos.world import Seat, World

SEED = 4
RECORDS_EACH = 3.0  # of all topics, and accepted calls, for each session that is announced; 3.0 and 3.3 were counted


@dataclass(slots=True)
class Recoveries:
    """Seconds from each kill until the process in its place answers and reads."""

    seconds: list[float] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)  # by the process's name
    threads: list[threading.Thread] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def watch(self, seat: Seat) -> None:
        thread = threading.Thread(target=self._wait, args=(seat, time.monotonic()), daemon=True)
        self.threads.append(thread)
        thread.start()

    def _wait(self, seat: Seat, killed_at: float) -> None:
        if world.eventually(lambda: world.ready(seat), world.READY_SECONDS):
            self.seconds.append(took := time.monotonic() - killed_at)
            self.slowest[seat.name] = max(round(took, 2), self.slowest.get(seat.name, 0.0))
        else:
            self.problems.append(f"{seat.name} did not come back within {world.READY_SECONDS:.0f} s")

    def finish(self) -> None:
        for thread in self.threads:
            thread.join(world.READY_SECONDS + 5)


def near(size: Size) -> int:
    return 3 * _learners(size)


def _learners(size: Size) -> int:
    return max(12, _sessions(size) // 130)


def _sessions(size: Size) -> int:
    return int(size.events / RECORDS_EACH)


def run(chaos: Chaos, town: Town) -> Section:
    size, sessions, learners = chaos.size, _sessions(chaos.size), _learners(chaos.size)
    seconds = size.kills * size.apart
    chaos.say(f"{sessions:,} sessions in {seconds:.0f} s, {learners} learners, a kill every {size.apart:.0f} s (seed {SEED})")
    load = town.load(sessions, seconds, learners, near(size), SEED)
    load.start()
    feeds = [Watching(site) for site in SITES]
    recoveries = _kill(town.world, chaos, load)
    return _judged(chaos, town, load, feeds, recoveries)


def _kill(network: World, chaos: Chaos, load: Load) -> Recoveries:
    recoveries = Recoveries()
    seats = world.shuffled(network.seats, SEED)
    begun = time.monotonic()
    for n in range(chaos.size.kills):
        time.sleep(max(0.0, begun + (n + 1) * chaos.size.apart - time.monotonic()))
        network.watch()
        seat = next(seats)
        network.kill(seat)
        network.start(seat)
        recoveries.watch(seat)
        if (n + 1) % 10 == 0:
            chaos.say(f"{n + 1} kills, {len(load.done.stories):,} sessions told, {len(load.done.walks)} learners on their way")
    return recoveries


def _judged(chaos: Chaos, town: Town, load: Load, feeds: Sequence[Watching], recoveries: Recoveries) -> Section:
    done = load.finish()
    recoveries.finish()
    chaos.say("everything is accepted")
    verdict, seen, events = town.settled(done, chaos.say)
    for feed in feeds:
        verdict += feed.finish(town.done)
    figures = {"events": events, "told_again": done.told_again, "answers": done.answers,
               "feed": sum(len(feed.news) for feed in feeds),
               "feed_connections": sum(feed.connections for feed in feeds), "slowest_s": recoveries.slowest}  # fmt: skip
    return Section("SIGKILL of every service and role", verdict, len(recoveries.seconds), recoveries.seconds,
                   [*recoveries.problems, *effects.problems(seen)], figures=figures)  # fmt: skip
