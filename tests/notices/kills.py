"""`python -m tests.notices.kills`: a real sender is killed again and again while it hands mails to a real server.

Then what the server has kept is compared with what should have been sent. Nothing that runs already is touched.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import asyncpg
import httpx2
from pydantic import SecretStr

from deploy import topology
from deploy.local import stack as local
from services.supervision import mailing, texting
from services.supervision.app import SERVICE
from services.supervision.notice_messages import NoticeAsked
from shared import db
from shared.process import application_of
from shared.running import Running
from shared.settings import settings
from tests.conftest import at_database, home_in
from tests.notices.server import read_kept
from tests.notices.town import Town, build, until
from tests.supervision.builders import SITE

AT_A_TIME = 12  # new notices for each kill
EARLY = 0.30  # seconds at most from a sender's first look to its end, for one in four
AMID = 0.12  # seconds at most from a sender's first mail to its end, for the others
PATIENCE = 10.0  # seconds that the first mail may take
DRAINED_SECONDS, STARTED_SECONDS = 600.0, 300.0
REPORTED_AT_ONCE = 8
SLOW = 0.02  # seconds that a server takes at most between having a mail and saying so
UNSURE_SECONDS = 3
KEY = "a key of the tests"
SERVERS = ("reports", "drops", "plain")
EACH = 12  # mails for one person: many at once would be spread over hours
NUMBERS = ("kills", "sent", "lost", "doubled", "dropped", "told_twice", "unsure", "had", "seconds")
ROUND = 25  # kills on one database; the table is printed as it grows


@dataclass
class Outcome:
    """`unsure`: how many notices a sender died with when the server may have had them; `had`: it did have them."""

    server: str
    kills: int
    sent: int = 0
    lost: int = 0
    doubled: int = 0
    dropped: int = 0
    told_twice: int = 0
    unsure: int = 0
    had: int = 0
    seconds: float = 0.0
    examples: list[str] = field(default_factory=list)
    seen: set[tuple[UUID, int]] = field(default_factory=set, repr=False)

    def __add__(self, other: "Outcome") -> "Outcome":
        numbers = {name: getattr(self, name) + getattr(other, name) for name in NUMBERS}
        return Outcome(self.server, **numbers, examples=[*self.examples, *other.examples])

    @property
    def as_promised(self) -> bool:
        at_most = self.had if self.server == "plain" else 0
        return self.lost == 0 and self.told_twice == 0 and self.doubled <= at_most


async def kill_senders(running: Running, folder: Path, server: str, kills: int, *, seed: int, twin: str = "") -> Outcome:
    """On a database of its own. `running`: its settings name it."""
    began, dice, town = time.monotonic(), random.Random(seed), await build(running)
    kept, outcome = folder / f"{server}{twin}{seed}.jsonl", Outcome(server, kills)
    asked: list[UUID] = []
    people = [town.person(f"m{n}", f"Mentor {n}") for n in range(kills * AT_A_TIME // EACH + AT_A_TIME)]
    await town.happens(*people)
    async with mail_server(kept, server) as port, senders(running, port, twin) as next_sender, reporting(running, kept, outcome):
        for _ in range(kills):
            asked += await ask(town, dice.sample([person.person_id for person in people], AT_A_TIME))
            pid = await next_sender()
            await some_moment(kept, dice)
            os.kill(pid, signal.SIGKILL)
            await note_unsure(town, kept, outcome)
        pid = await next_sender()
        await until(lambda: none_left(town, twin), "every notice has come to its end", DRAINED_SECONDS)
        os.kill(pid, signal.SIGKILL)
    await judge(town, kept, asked, outcome)
    outcome.seconds = time.monotonic() - began
    return outcome


async def some_moment(kept: Path, dice: random.Random) -> None:
    """Anywhere in a sender's life: before its first mail, or amid those that are on their way."""
    if dice.random() < 0.25:
        await asyncio.sleep(dice.uniform(0, EARLY))
        return
    size, deadline = size_of(kept), time.monotonic() + PATIENCE
    while size_of(kept) == size and time.monotonic() < deadline:
        await asyncio.sleep(0.001)
    await asyncio.sleep(dice.uniform(0, AMID))


def size_of(kept: Path) -> int:
    return kept.stat().st_size if kept.exists() else 0


async def ask(town: Town, people: list[UUID]) -> list[UUID]:
    until_when = datetime.now(UTC) + timedelta(days=1)
    events = [NoticeAsked(notice_id=uuid4(), site_id=SITE, person_id=person_id, kind="record", useful_until=until_when)
              for person_id in people]  # fmt: skip
    await town.happens(*events)
    return [event.notice_id for event in events]


async def note_unsure(town: Town, kept: Path, outcome: Outcome) -> None:
    """What a sender had just died with, seen before the next one begins."""
    async with town.running.connection() as conn:
        rows = await conn.fetch("SELECT notice_id, tries FROM notice WHERE state = 'handed_over'")
    new = {(row["notice_id"], row["tries"]) for row in rows} - outcome.seen
    has = {mailing.notice_of(mail.message_id) for mail in read_kept(kept)}
    outcome.seen |= new
    outcome.unsure += len(new)
    outcome.had += sum(notice_id in has for notice_id, _ in new)


async def none_left(town: Town, twin: str) -> bool:
    async with town.running.connection() as conn:
        left = "due_at IS NOT NULL" + (" AND due_at < now() + interval '1 hour'" if twin else "")
        return not await conn.fetchval(f"SELECT count(*) FROM notice WHERE {left}")


async def judge(town: Town, kept: Path, asked: list[UUID], outcome: Outcome) -> None:
    mails = list(read_kept(kept))
    arrived = Counter(mailing.notice_of(mail.message_id) for mail in mails if not mail.dropped)
    async with town.running.connection() as conn:
        rows = await conn.fetch("SELECT payload FROM outbox WHERE type = 'supervision.notice_delivered.v1'")
    told = Counter(event["notice_id"] for row in rows if (event := json.loads(row["payload"]))["state"] == "sent")
    lost, doubled = [id for id in asked if not arrived[id]], [id for id in asked if arrived[id] > 1]
    outcome.sent, outcome.lost, outcome.doubled = len(asked), len(lost), len(doubled)
    outcome.dropped = sum(mail.dropped for mail in mails)
    outcome.told_twice = sum(count > 1 for count in told.values())
    outcome.examples = [f"lost {id}" for id in lost[:3]] + [f"doubled {id}" for id in doubled[:3]]


@asynccontextmanager
async def mail_server(kept: Path, server: str) -> AsyncIterator[int]:
    words = ["-m", "tests.notices.server", "--kept", str(kept), "--slow", str(SLOW)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, *["--drop-doubles"] * (server == "drops"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        yield int(await asyncio.wait_for(process.stdout.readline(), STARTED_SECONDS))
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def senders(running: Running, port: int, twin: str) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """A process that makes senders; and how to get the next one, by its process id."""
    async with running.connection() as conn:
        name = await conn.fetchval("SELECT current_database()")
    environment = os.environ | {
        "JITT_SUPERVISION_POSTGRES": at_database(db.service_dsn("supervision"), name), "JITT_MAIL_HOST": "127.0.0.1",
        "JITT_MAIL_PORT": str(port), "JITT_MAIL_TLS": "none", "JITT_MAIL_FROM": "notices@mentoring.example",
        "JITT_MAIL_PER_SECOND": "10000", "JITT_MAIL_UNSURE_SECONDS": str(UNSURE_SECONDS),
    }  # fmt: skip
    words = ["-m", "tests.notices.sender", *(["--twin", twin] if twin else [])]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin and process.stdout
    reader, writer = process.stdout, process.stdin
    last: list[int] = []

    async def child() -> int:
        writer.write(b"\n")
        await writer.drain()
        line = await asyncio.wait_for(reader.readline(), STARTED_SECONDS)
        last[:] = [int(line.split()[1])]
        return last[0]

    try:
        assert await asyncio.wait_for(reader.readline(), STARTED_SECONDS) == b"ready\n"
        yield child
    finally:
        for pid in last:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.kill()
        await process.wait()


@asynccontextmanager
async def reporting(running: Running, kept: Path, outcome: Outcome) -> AsyncIterator[None]:
    """A provider that tells us what it took, over HTTP and signed, within the wait."""
    task = asyncio.create_task(report_for_ever(running, kept, outcome)) if outcome.server == "reports" else None
    try:
        yield
    finally:
        if task:
            task.cancel()


async def report_for_ever(running: Running, kept: Path, outcome: Outcome) -> None:
    """On every mail. First on those that a sender died with: here they share two slow cores with the provider."""
    app = application_of(replace(running, settings=running.settings.model_copy(update={"notice_keys": (SecretStr(KEY),)})))
    known: set[UUID | None] = set()
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://console.test") as client:
        while True:
            new = {mailing.notice_of(mail.message_id) for mail in read_kept(kept)} - known
            died_with = {notice_id for notice_id, _ in outcome.seen}
            for id in sorted(new, key=lambda one: one not in died_with)[:REPORTED_AT_ONCE]:
                body = b'{"status": "accepted"}'
                answer = await client.post(f"/v1/notices/{id}/status", content=body,
                                           headers=texting.signed(str(id), body, (KEY,), datetime.now(UTC)))  # fmt: skip
                if answer.status_code == 202:
                    known.add(id)
            await asyncio.sleep(0.1)


@asynccontextmanager
async def on_a_database(owner: str) -> AsyncIterator[Running]:
    """Of its own, migrated, and gone afterwards."""
    name = f"kills_{uuid4().hex[:12]}"
    conn = await asyncpg.connect(owner, timeout=10)
    try:
        await conn.execute(f'CREATE DATABASE "{name}"')
        await db.migrate(at_database(owner, name), ["supervision"], topology.migrations)
        pool = await db.open_pool(at_database(db.service_dsn("supervision"), name), "kills", size=4)
        try:
            yield Running(SERVICE, pool, settings())
        finally:
            await db.close_pool(pool)
            await conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await conn.close()


def line(found: Outcome) -> str:
    return (f"{found.server:<9}{found.kills:>6}{found.sent:>8}{found.lost:>6}{found.doubled:>9}{found.dropped:>9}"
            f"{found.told_twice:>12}{found.unsure:>8}{found.had:>8}{found.seconds:>7.0f} s   "
            f"{'as promised' if found.as_promised else 'NOT AS PROMISED ' + ', '.join(found.examples)}")  # fmt: skip


PROMISE = """\
SMTP cannot say “did you get it?” (RFC 1047). Promised is: nothing is lost; nothing is sent twice where the server reports what it
took, or drops a Message-ID that it knows. At a plain server a mail comes twice when its sender dies in the moment between the
server's having it and our noting that, and never otherwise. unsure: a sender died with it when the server may have had it.
"""
HEAD = "server    kills   mails  lost  doubled  dropped  told twice  unsure  it had     time"


async def main() -> int:
    parser = argparse.ArgumentParser(description=PROMISE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="of the sender, at each kind of server")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=SERVERS)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}\n{HEAD}", flush=True)
    good = True
    with TemporaryDirectory(prefix="jitt-kills-") as folder, local.running(home_in(folder)) as stack:
        os.environ["JITT_KAFKA"], os.environ["JITT_POSTGRES"] = stack.kafka, stack.postgres
        settings.cache_clear()
        for server in chosen.servers:
            found = Outcome(server, 0)
            while found.kills < chosen.kills:
                kills = min(ROUND, chosen.kills - found.kills)
                async with on_a_database(stack.postgres) as running:
                    found += await kill_senders(running, Path(folder), server, kills, seed=chosen.seed + found.kills)
                print(line(found), flush=True)
            good = good and found.as_promised
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
