"""The parts that break a whole network, one after the other on the same: to start it takes longer than some of them.

What was accepted in an earlier part is compared again after each later one.
"""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from tests.chaos import network_effects as effects
from tests.chaos import world
from tests.chaos.load import Done, Load, settle, stories
from tests.chaos.oracle import Verdict
from tests.chaos.sections import Chaos, Section
from tests.chaos.world import World

PARTS = {name: f"tests.chaos.network_{name}" for name in ("restarts", "servers", "kills")}
WORKERS = {"trigger": 2}
FEWEST = 200  # mentors of a site


@dataclass(slots=True)
class Town:
    """Two sites on one network, and all that was accepted of them so far."""

    world: World
    tokens: dict[str, str]
    mentors: int
    done: Done = field(default_factory=Done)
    events: int = 0

    def load(self, number: int, seconds: float, learners: int, near: int, seed: int, **how: Any) -> Load:
        """So many more sessions, at a steady rate; it has not begun."""
        after = len(self.done.stories), sum(story.near for story in self.done.stories)
        told = stories(number, seconds, near=near, mentors=self.mentors, seed=seed, after=after, **how)
        return Load(told, self.tokens, seconds, learners)

    def settled(self, more: Done, say: Callable[[str], None]) -> tuple[Verdict, effects.Seen, int]:
        """All of it as it must be, or what is wrong; and how many events came of `more`."""
        self.done.add(more)
        verdict, seen = effects.settled(self.done, say)
        before, self.events = self.events, len(seen.records) + self.done.calls
        return verdict, seen, self.events - before


def run(chaos: Chaos, names: Sequence[str]) -> list[Section]:
    """Where a part breaks, those after it have a new network."""
    sections: list[Section] = []
    left = list(names)
    while left:
        sections += _together(chaos, left)
    return sections


def _together(chaos: Chaos, left: list[str]) -> list[Section]:
    """Takes what it has tried from `left`: all, up to one that breaks."""
    home = chaos.home / left[0]
    home.mkdir()
    sections: list[Section] = []
    try:
        mentors = max(FEWEST, sum(import_module(PARTS[name]).near(chaos.size) for name in left))
        with world.running(home, WORKERS) as network:
            town = Town(network, settle(home, mentors), mentors)
            while left:
                chaos.say(f"{left[0]} begins")
                sections.append(import_module(PARTS[left[0]]).run(chaos, town))
                left.pop(0)
    except Exception as error:
        (home / "error.log").write_text(traceback.format_exc())
        name = left.pop(0) if left else "the end of the network"
        sections.append(Section(name, Verdict(), problems=[f"did not come to its end: {error!r} ({home / 'error.log'})"]))
    return sections
