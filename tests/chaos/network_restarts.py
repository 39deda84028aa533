"""A release under load: every process is told to stop, leaves, and is started again, one after the other."""

import re
import signal
import time
from collections import Counter

import httpx2

from tests.chaos import network_effects as effects
from tests.chaos.network import Town
from tests.chaos.sections import Chaos, Section, Size
from tests.chaos.world import Seat, World

SEED, LEARNERS = 5, 6
A_SECOND = 30  # sessions announced
LEAVES_WITHIN = 10.0
DUPLICATES = re.compile(rb'jitt_messages_total\{outcome="duplicate",service="\w+"\} ([0-9.]+)')


def near(_: Size) -> int:
    return 2 * LEARNERS


def run(chaos: Chaos, town: Town) -> Section:
    seats = town.world.seats
    seconds = 3.0 * len(seats) * chaos.size.rounds
    load = town.load(int(seconds * A_SECOND), seconds, LEARNERS, near(chaos.size), SEED, twice=0.0)
    load.start()
    took, slow, counted = [], [], Counter[str]()
    for _ in range(chaos.size.rounds):
        for seat in seats:
            counted[seat.name] += _duplicates(seat)
            took.append(left := _restart(town.world, seat))
            if left > LEAVES_WITHIN:
                slow.append(f"{seat.name} took {left:.1f} s to leave")
    chaos.say(f"{chaos.size.rounds} x {len(seats)} processes restarted")
    done = load.finish()
    verdict, seen, events = town.settled(done, chaos.say)
    counted.update({seat.name: _duplicates(seat) for seat in seats})
    again = {name: number for name, number in counted.items() if number}
    if sum(again.values()) > done.told_again:
        slow.append(f"records came again that were applied before: {again}; callers said {done.told_again} again")
    figures = {"events": events, "left_within_s": max(took), "came_again": again}
    return Section("rolling restart", verdict, problems=effects.problems(seen), slow=slow, figures=figures)


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
