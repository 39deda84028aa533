"""Postgres killed and back, Kafka killed and back, both at once, while sites announce and mentors answer."""

import time
from collections.abc import Callable, Sequence

from tests.chaos import network_effects as effects
from tests.chaos import world
from tests.chaos.load import SITES
from tests.chaos.network import Town
from tests.chaos.sections import Chaos, Section, Size
from tests.chaos.world import World
from tests.flow.database import rows

SEED, LEARNERS = 6, 6
A_SECOND = 30
DOWN, BETWEEN = 2.0, 4.0  # seconds
RESUMES_WITHIN = 5.0
AT_WORST = 15.0  # seconds for one fault, with its restart: the load must not end before
READ = """
SELECT (SELECT coalesce(sum(next_offset), 0)::bigint FROM trigger.consumed WHERE topic = $1),
       (SELECT count(*) FROM supervision.inbox)
"""
Act = Callable[[World], None]
FAULTS: dict[str, tuple[Sequence[Act], Sequence[Act]]] = {
    "Postgres": ((World.kill_postgres,), (World.start_postgres,)),
    "Kafka": ((World.kill_kafka,), (World.start_kafka,)),
    "Postgres and Kafka": ((World.kill_kafka, World.kill_postgres), (World.start_postgres, World.start_kafka)),
}


def near(_: Size) -> int:
    return 2 * LEARNERS


def run(chaos: Chaos, town: Town) -> Section:
    seconds = chaos.size.rounds * len(FAULTS) * AT_WORST
    load = town.load(int(seconds * A_SECOND), seconds, LEARNERS, near(chaos.size), SEED)
    load.start()
    time.sleep(BETWEEN)
    resumed = {name: [_round(town.world, *acts) for _ in range(chaos.size.rounds)] for name, acts in FAULTS.items()}
    lasted = load.going_on()
    chaos.say("resumed after " + ", ".join(f"{name} {max(took):.1f} s" for name, took in resumed.items()))
    done = load.finish()
    verdict, seen, events = town.settled(done, chaos.say)
    slow = [f"{name}: reading went on {took:.1f} s after it accepted again" for name, all_of_it in resumed.items()
            for took in all_of_it if took > RESUMES_WITHIN]  # fmt: skip
    if not lasted:
        slow.append("the sites had said everything before the last fault was over")
    problems = [f"{seat.name} ended by itself" for seat in town.world.watch()]
    figures = {"events": events, "told_again": done.told_again, "resumed_s": {name: max(took) for name, took in resumed.items()}}
    return Section("Postgres and Kafka killed and back", verdict, kills=len(FAULTS) * chaos.size.rounds,
                   problems=[*problems, *effects.problems(seen)], slow=slow, figures=figures)  # fmt: skip


def _round(network: World, down: Sequence[Act], up: Sequence[Act]) -> float:
    """Seconds from when the servers accepted again until the first service and the last applied what is new."""
    for act in down:
        act(network)
    time.sleep(DOWN)
    for act in up:
        act(network)
    accepted_at, before = time.monotonic(), _read()
    world.eventually(lambda: all(now > then for now, then in zip(_read(), before, strict=True)), 60.0)
    took = time.monotonic() - accepted_at
    time.sleep(BETWEEN)
    return took


def _read() -> tuple[int, int]:
    """How far trigger has come on a publisher's topic, and how much supervision has applied of what the services publish."""
    [(announced, applied)] = rows(READ, f"in.{SITES[0].bus}")
    return announced, applied
