"""What is done to PostgreSQL itself: no room left on its disk, and a base backup taken under load and restored later."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.binaries import binaries
from deploy.local.places import user
from shared.settings import settings
from tests.chaos.kernel import ground
from tests.chaos.kernel.faults import Scene, scene
from tests.chaos.kernel.ground import Servers
from tests.chaos.oracle import Verdict
from tests.chaos.sections import Chaos, Section

ROOM = "24m"
FULL_SECONDS = 3


async def run(chaos: Chaos, servers: Servers) -> list[Section]:
    with ground.quiet():
        await ground.make_topics(*ground.OUT)
        back = [await restored(chaos, servers) for _ in range(chaos.size.rounds)]
        return [*back, await full_disk(chaos, servers)]  # whose disk is gone afterwards


async def full_disk(chaos: Chaos, servers: Servers) -> Section:
    """The service's tables lie on a small file system of their own, which somebody fills up, and clears again."""
    name = "no room on Postgres' disk"
    try:
        with _small_disk(servers.postgres.child.directory) as disk:
            async with scene(chaos.home) as here:
                await _move(here, disk)
                return await _filled(here, disk, name)
    except (OSError, subprocess.CalledProcessError) as error:
        return Section(name, Verdict(), note=f"not run: this machine lets nobody make a small file system ({error})",
                       figures={"run": False})  # fmt: skip


async def restored(chaos: Chaos, servers: Servers) -> Section:
    """Workers are stopped, the data directory is the backup's, workers start: what came after it is read again by itself."""
    copy = servers.postgres.child.directory / "backup"
    async with scene(chaos.home) as here:
        await here.crew.hire(number=2)
        await _load_until_swept(here)
        await asyncio.to_thread(_back_up, copy)
        await here.load.caught_up()
        await asyncio.sleep(1)
        await asyncio.gather(*(here.crew.kill(member) for member in list(here.crew.members)))
        await here.load.stop()
        await here.place.running.pool.expire_connections()
        await asyncio.to_thread(_put_back, servers, copy)
        await here.crew.hire()
        await here.load.turn()
        recovery = await here.load.caught_up()
        return Section("a base backup restored", await here.load.settled(), recoveries=[round(recovery, 2)],
                       figures={"events": here.place.sent})  # fmt: skip


async def _filled(here: Scene, disk: Path, name: str) -> Section:
    await here.crew.hire()
    await here.load.turn()
    here.load.flow()
    await here.load.caught_up()
    ballast = disk / "ballast"
    _fill(ballast)
    await asyncio.sleep(FULL_SECONDS)
    refused = await _is_full(here)
    ballast.unlink()
    recovery = await here.load.caught_up()
    await here.load.stop()
    problems = [] if refused else ["the disk was never full for Postgres"]
    return Section(name, await here.load.settled(), recoveries=[round(recovery, 2)], problems=problems,
                   figures={"events": here.place.sent})  # fmt: skip


async def _move(here: Scene, disk: Path) -> None:
    tables = await here.place.running.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", here.place.name)
    async with ground.owner() as admin:
        await admin.execute(f"CREATE TABLESPACE {here.place.name} LOCATION '{disk / 'data'}'")
        for row in tables:
            await admin.execute(f"ALTER TABLE {here.place.name}.{row['tablename']} SET TABLESPACE {here.place.name}")


async def _is_full(here: Scene) -> bool:
    """The worker's log says that Postgres found no room, and that it runs the batch again."""
    return any("No space left" in member.child.log.read_text() for member in here.crew.members)


async def _load_until_swept(here: Scene) -> None:
    """The sweep and the bells are over before the backup: their moments follow from when they were first folded."""
    await here.load.turn()
    unswept = "SELECT count(*) FROM tally WHERE version = 0 OR rings_at IS NOT NULL"

    async def swept() -> bool:
        return not await here.place.running.pool.fetchval(unswept)

    assert await ground.until(swept, 30.0), "the sweep did not come"
    here.load.flow()
    await here.load.caught_up()


def _back_up(copy: Path) -> None:
    shutil.rmtree(copy, ignore_errors=True)
    command = (str(binaries() / "pg_basebackup"), "-D", str(copy), "-d", settings().postgres, "-X", "stream", "-c", "fast")
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def _put_back(servers: Servers, copy: Path) -> None:
    data = servers.postgres.child.directory / "data"
    owner = user(data)
    servers.postgres.stop()
    shutil.rmtree(data)
    copy.rename(data)
    if owner is not None:
        for path in (data, *data.rglob("*")):
            os.chown(path, owner, owner, follow_symlinks=False)
    servers.start_postgres()


@contextmanager
def _small_disk(beside: Path) -> Iterator[Path]:
    disk = beside / "small"
    disk.mkdir()
    try:
        subprocess.run(("mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(disk)), check=True, capture_output=True)
        disk.chmod(0o755)
        (disk / "data").mkdir(mode=0o700)
        if (owner := user(beside / "data")) is not None:
            os.chown(disk / "data", owner, owner)
        yield disk
    finally:
        subprocess.run(("umount", "-l", str(disk)), check=False, capture_output=True)


def _fill(ballast: Path) -> None:
    with ballast.open("wb") as file:
        try:
            while True:
                file.write(bytes(64 * 1024))
                file.flush()
        except OSError:
            return
