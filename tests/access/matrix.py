"""The leak matrix: requests drawn at random, of every caller to every route, and what of others is in the answers.

It runs in turns. While only callers of one site ask, no row of the other may change; then the other way round; and while one
supervisor asks, no row of the mentors of another one at the same site.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

from tests.access.asking import Answer, Chooser, Door, Request, ask, doors
from tests.access.callers import Caller, all_of
from tests.access.canaries import UUID, Canaries, found_in, state, state_of
from tests.access.town import SITES, SUPERVISORS, Town, settled

AT_ONCE = 8  # some listen to a stream for a moment, and the others go on
SHOWN = 20
LETTER, ID = re.compile(r"/platform/dead/\d+"), re.compile(UUID)


@dataclass
class Found:
    """`asked`: by caller and route; `answered`: by status."""

    leaks: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    answered: Counter[int] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        return sum(self.answered.values())


@dataclass(frozen=True, slots=True)
class Matrix:
    postgres: str
    town: Town
    canaries: Canaries
    callers: Sequence[Caller]
    doors: Sequence[Door]

    async def run(self, requests: int, seed: int, only: str = "") -> Found:
        """`only`: doors whose path begins so."""
        found, random = Found(), Random(seed)
        of = {site: [one for one in self.callers if one.site == site] for site in SITES}
        of_nowhere = [one for one in self.callers if not one.site]
        chosen = [door for door in self.doors if door.path.startswith(only)]
        turns = [(site, other, [*of[site], *of_nowhere]) for site, other in (SITES, SITES[::-1])]
        for site, other, callers in turns:
            before = await state(self.town, other)
            await self._ask(found, random, callers, chosen, requests // 2)
            found.leaks += _written(before, await state(self.town, other), f"rows of {other} changed while {site} asked")
        await self._one_caseload(found, random, requests // 20, chosen)
        return found

    async def _one_caseload(self, found: Found, random: Random, requests: int, chosen: Sequence[Door]) -> None:
        first, second = (next(one for one in self.callers if one.name == f"{who} of {SITES[0]}") for who in SUPERVISORS)
        before = await state_of(self.town, set(second.mentors))
        await self._ask(found, random, [first], chosen, requests)
        after = await state_of(self.town, set(second.mentors))
        found.leaks += _written(before, after, f"{first.name} changed rows of {second.name}'s")

    async def _ask(self, found: Found, random: Random, callers: Sequence[Caller], chosen: Sequence[Door], requests: int) -> None:
        drawn = [_drawn(random, callers, chosen) for _ in range(requests)]

        async def some(start: int) -> None:
            for caller, door, dice in drawn[start::AT_ONCE]:
                await self._one(found, caller, door, dice)

        await asyncio.gather(*(asyncio.create_task(some(start)) for start in range(AT_ONCE)))

    async def _one(self, found: Found, caller: Caller, door: Door, dice: Random) -> None:
        request = Chooser(dice, self.canaries.values, caller.csrf, caller.refs).request(door, caller.headers)
        answer = await ask(self.town.apps[door.service], request, f"10.{dice.randrange(256)}.{dice.randrange(256)}.1")
        told = f"{caller.name}: {door.service} {request.method} {request.path}"
        found.asked[caller.name, f"{door.service} {door.method} {door.path}"] += 1
        found.answered[answer.status] += 1
        found.leaks += [
            f"{told} -> {answer.status}, {word} of {whose}" for word, whose in self._seen(caller, door.service, request, answer)
        ]
        if answer.error or answer.status == 500:
            found.faults.append(f"{told} -> {answer.status} {answer.error!r:.300}")

    def _seen(self, caller: Caller, service: str, request: Request, answer: Answer) -> list[tuple[str, object]]:
        """Of others, and not said by the caller: an id that was asked for may be in the answer that there is no such thing.
        Trigger knows no names; in a letter as a publisher wrote it stand the references that it chose."""
        said = f"{request.path} {request.query} {request.body!r} {caller.sent}".lower()
        found = list(self.canaries.in_text(answer.text))
        if caller.letters and LETTER.fullmatch(request.path):
            found = [(word, whose) for word, whose in found if service != "trigger" and not ID.fullmatch(word)]
        return [(word, whose) for word, whose in found if not caller.sees(whose) and word not in said]


def _drawn(random: Random, callers: Sequence[Caller], chosen: Sequence[Door]) -> tuple[Caller, Door, Random]:
    """More often than not to a service that the caller has business with."""
    caller = random.choice(callers)
    at_home = [door for door in chosen if door.service in caller.home]
    return caller, random.choice(at_home if at_home and random.randrange(3) else chosen), Random(random.random())


def _written(before: dict[str, str], after: dict[str, str], what: str) -> list[str]:
    return [f"{what}: {table}" for table, digest in after.items() if digest != before.get(table)]


@asynccontextmanager
async def standing(postgres: str) -> AsyncIterator[Matrix]:
    async with settled(postgres) as town:
        canaries = await found_in(town)
        callers = await all_of(town, canaries)
        there = [door for service, app in town.apps.items() for door in doors(service, app)]
        yield Matrix(postgres, town, canaries, callers, there)


def report(matrix: Matrix, found: Found) -> str:
    statuses = ", ".join(f"{status} × {number:,}" for status, number in sorted(found.answered.items()))
    lines = [f"{found.requests:,} requests of {len(matrix.callers)} callers to {len(matrix.doors)} routes; "
             f"{len(matrix.canaries.owners)} canaries", f"answers: {statuses}",
             f"leaks: {len(found.leaks)}", *(f"  {leak}" for leak in found.leaks[:SHOWN]),
             f"server errors: {len(found.faults)}", *(f"  {fault}" for fault in found.faults[:SHOWN])]  # fmt: skip
    return "\n".join(lines)
