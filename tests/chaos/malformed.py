"""Bad input on a real stack: each malformed record is set aside with its reason, and no neighbor of it is lost.

Then one publisher sends nothing but bad records: it alone is paused and told, and after `jitt publisher resume` it goes on.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from time import monotonic

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from services.trigger.app import SERVICE as TRIGGER
from shared.settings import settings
from tests.chaos.malformed_press import LARGEST_REQUEST, Press, Written, a_megabyte, press
from tests.chaos.malformed_town import CALM, FLOOD, OWN_READER, SPEAKERS, Stalled, Town, read_to, rows, town
from tests.chaos.oracle import Verdict
from tests.chaos.sections import Chaos, Section
from tests.fuzz.fragments import Dice

ROUND = 10_000
OWN_SHARE = 5  # one of so many malformed records stands on our own topics
MEGABYTES = 5
SECONDS = 60.0
PAUSED = "SELECT name FROM publisher WHERE paused_at IS NOT NULL ORDER BY name"


def run(chaos: Chaos) -> list[Section]:
    with town(chaos) as place:
        return [asyncio.run(among_neighbors(place, chaos)), asyncio.run(one_publisher(place, chaos))]


async def among_neighbors(place: Town, chaos: Chaos) -> Section:
    section = Section("Malformed records", Verdict())
    seed, before = Dice().getrandbits(32), {service: place.child(service).pid for service in (TRIGGER.name, OWN_READER)}
    section.note = f"seed {seed}"
    bad = unwanted = valid = 0
    async with press(seed) as writer:
        try:
            reading: asyncio.Task[None] | None = None  # of the round before, while the next is written
            while bad < chaos.size.malformed:
                missing = chaos.size.malformed - bad
                made = await _round(writer, min(ROUND, missing + missing // 2 + OWN_SHARE))  # not all turn out bad
                bad += sum(len(written.malformed) for written in made)
                valid += sum(len(written.valid) for written in made)
                unwanted += sum(written.unwanted for written in made)
                if reading:
                    await reading
                reading = asyncio.create_task(_heard(made, section))
                chaos.say(f"{bad} malformed records written among neighbors: {section.verdict.lost} lost")
            if reading:
                await reading
        except Stalled as stalled:
            section.problems.append(str(stalled))
    section.problems += [f"{name} ended, or was started again" for name, pid in before.items() if not _same(place, name, pid)]
    section.problems += [] if await _kafka_refuses_a_megabyte() else ["a publisher could write a record of 1 MB"]
    section.figures = {"malformed": bad, "odd_but_valid": valid, "odd_and_unwanted": unwanted}
    return section


async def one_publisher(place: Town, chaos: Chaos) -> Section:
    """With the limit that counts everywhere. What it said after the pause waits on its topic."""
    section = Section("One publisher sends only bad records", Verdict())
    place.with_its_usual_patience(TRIGGER.name)
    flood, calm, later = (Written(TRIGGER.name) for _ in range(3))
    async with press(Dice().getrandbits(32)) as writer:
        try:
            number = max(chaos.size.malformed, 3 * settings().noisy_per_hour)
            await asyncio.gather(writer.bad(flood, number, FLOOD), _steadily(writer, calm))
            await _until(lambda: _paused(FLOOD), "the publisher that sends only bad records is paused")
            await _until(lambda: _unheard(place), "its topic is read no more")
            for _ in range(20):
                await writer.good(later, FLOOD)
                await writer.good(calm, CALM[0])
            await writer.settle()
            await read_to(TRIGGER.name, calm.ends)
            section.problems += await _is_told(place, later)
            section.figures = {"bad_in_a_row": len(flood.malformed), "resumes": await _resumed_until_read(later)}
        except (Stalled, TimeoutError) as late:
            section.problems.append(str(late))
    for written in (flood, calm, later):
        section.verdict += await written.judged()
    return section


async def _heard(made: list[Written], section: Section) -> None:
    for written in made:
        await read_to(written.service, written.ends)
        section.verdict += await written.judged()


async def _round(writer: Press, many: int) -> list[Written]:
    theirs, ours = Written(TRIGGER.name), Written(OWN_READER)
    await writer.odd(theirs, many - many // OWN_SHARE, SPEAKERS)
    await writer.odd_of_ours(ours, many // OWN_SHARE)
    await writer.megabytes(theirs, MEGABYTES)
    return [theirs, ours]


async def _kafka_refuses_a_megabyte() -> bool:
    async with AIOKafkaProducer(bootstrap_servers=settings().kafka, max_request_size=LARGEST_REQUEST) as producer:
        try:
            await producer.send_and_wait(f"in.{SPEAKERS[0]}", a_megabyte(Dice()).value)
        except MessageSizeTooLargeError:
            return True
    return False


async def _steadily(writer: Press, calm: Written) -> None:
    for n in range(200):
        await writer.good(calm, CALM[n % len(CALM)])
        await asyncio.sleep(0.02)


async def _paused(name: str) -> bool:
    paused = [row["name"] for row in await rows(TRIGGER.name, PAUSED)]
    assert set(paused) <= {name}, f"others were paused too: {paused}"
    return paused == [name]


async def _unheard(place: Town) -> bool:
    said = [line for line in place.log(TRIGGER.name).splitlines() if '"trigger.ingest"' in line and '"topics"' in line]
    return bool(said) and f"in.{FLOOD}" not in said[-1]


async def _is_told(place: Town, later: Written) -> list[str]:
    """What is wrong with how a pause shows: in the log, in the list of publishers, and in what is read."""
    listed = {one["name"]: one["paused_at"] for one in json.loads(await _jitt("publisher", "list", "--json"))}
    planned = await later.judged()
    faults = {
        "the log does not say that the publisher was paused": "pausing a publisher" not in place.log(TRIGGER.name),
        "jitt publisher list does not say that it is paused": listed[FLOOD] is None,
        "jitt publisher list says that others are paused": any(at for name, at in listed.items() if name != FLOOD),
        "a paused publisher was heard": planned.lost != len(later.neighbors),
    }
    return [what for what, wrong in faults.items() if wrong]


async def _resumed_until_read(later: Written) -> int:
    """How often it had to be resumed: it is paused again where more bad records stood before the good ones."""
    resumes = 0
    while True:
        await _jitt("publisher", "resume", FLOOD)
        resumes += 1
        if await _read_unless_paused(later):
            return resumes


async def _read_unless_paused(later: Written) -> bool:
    """Raises Stalled when neither comes."""
    reading = asyncio.create_task(read_to(TRIGGER.name, later.ends))
    while not reading.done():
        if await _paused(FLOOD):
            reading.cancel()
            return False
        await asyncio.sleep(0.2)
    await reading
    return True


async def _jitt(*words: str) -> str:
    command = (sys.executable, "-m", "deploy.cli", *words)
    done = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, error = await asyncio.wait_for(done.communicate(), SECONDS)
    assert done.returncode == 0, f"jitt {' '.join(words)}: {error.decode()}"
    return out.decode()


async def _until(fact: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = monotonic() + SECONDS
    while not await fact():
        if monotonic() > deadline:
            raise TimeoutError(f"not within {SECONDS:.0f} s: {what}")
        await asyncio.sleep(0.1)


def _same(place: Town, service: str, pid: int) -> bool:
    return place.child(service).alive() and place.child(service).pid == pid
