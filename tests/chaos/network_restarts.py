"""A release under load: every process is told to stop, leaves, and is started again, one after the other."""

import re
import signal
import time
from collections import Counter

import httpx2

from tests.chaos import network_effects as effects
from tests.chaos import world
from tests.chaos.load import Load, settle, stories
from tests.chaos.sections import Chaos, Section
from tests.chaos.world import Seat, World

SEED, MENTORS, LEARNERS = 5, 100, 6
A_SECOND = 30  # sessions announced
LEAVES_WITHIN = 10.0
WORKERS = {"trigger": 2}
DUPLICATES = re.compile(rb'jitt_messages_total\{outcome="duplicate",service="\w+"\} ([0-9.]+)')


def run(chaos: Chaos) -> list[Section]:
    with world.running(chaos.home, WORKERS) as network:
        tokens = settle(chaos.home, MENTORS)
        seconds = 3.0 * len(network.seats) * chaos.size.rounds
        told = stories(int(seconds * A_SECOND), seconds, near=2 * LEARNERS, mentors=MENTORS, seed=SEED, twice=0.0)
        chaos.say(f"{len(told):,} sessions in {seconds:.0f} s; {chaos.size.rounds} x {len(network.seats)} processes restarted")
        load = Load(told, tokens, seconds, LEARNERS)
        load.start()
        took, slow, counted = [], [], Counter[str]()
        for _ in range(chaos.size.rounds):
            for seat in network.seats:
                counted[seat.name] += _duplicates(seat)
                took.append(seconds := _restart(network, seat))
                if seconds > LEAVES_WITHIN:
                    slow.append(f"{seat.name} took {seconds:.1f} s to leave")
        done = load.finish()
        verdict, seen = effects.settled(done, chaos.say)
        counted.update({seat.name: _duplicates(seat) for seat in network.seats})
    again = {name: number for name, number in counted.items() if number}
    if sum(again.values()) > done.told_again:
        slow.append(f"records came again that were applied before: {again}; callers said {done.told_again} again")
    figures = {"events": len(seen.records) + done.calls, "left_within_s": max(took), "came_again": again}
    return [Section("rolling restart", verdict, problems=effects.problems(seen), slow=slow, figures=figures)]


def _restart(network: World, seat: Seat) -> float:
    """Seconds that it took to leave."""
    child, asked_at = network.children[seat], time.monotonic()
    child.process.send_signal(signal.SIGTERM)
    child.process.wait(30)
    took = time.monotonic() - asked_at
    child.kill()
    network.start(seat)
    network.wait(seat)
    return took


def _duplicates(seat: Seat) -> int:
    """What this worker has counted since it started; what a web process counts, its callers said again."""
    if seat.role == "web":
        return 0
    text = httpx2.get(f"http://127.0.0.1:{seat.port}/metrics", timeout=5).content
    return sum(int(float(number)) for number in DUPLICATES.findall(text))
