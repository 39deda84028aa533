"""Forgetting what is old enough, as privacy.toml says of each table: hourly in each worker, in small steps; counts are kept."""

import asyncio
import logging
from collections.abc import AsyncIterator

from shared.messaging import store_erasing
from shared.privacy import Kept
from shared.running import Running
from shared.service import Service

LOG = logging.getLogger("jitt.retention")
EVERY_SECONDS = 3_600.0
STEP = 1_000  # rows in one transaction


async def keep(running: Running) -> None:
    """For ever. Of several workers one does it; what fails is tried again within the hour."""
    while True:
        try:
            async for kept, rows in run(running):
                LOG.info("forgotten", extra={"table": kept.table, "rows": rows, "days": kept.days})
        except Exception as error:
            LOG.warning("could not forget what is old", extra={"error": f"{type(error).__name__}: {error}"})
        await asyncio.sleep(EVERY_SECONDS)


def classes(service: Service) -> list[Kept]:
    """The tables that have an end."""
    return [kept for kept in service.keeps if kept.days]


async def run(running: Running) -> AsyncIterator[tuple[Kept, int]]:
    """Each table of which something went, with how many rows; that is also written down."""
    for kept in classes(running.service):
        total = 0
        while (rows := await _step(running, kept)) > 0:
            total += rows
            if rows < STEP:
                break
        if total:
            async with running.connection() as conn:
                await store_erasing.forgot(conn, kept, total)
            yield kept, total


async def _step(running: Running, kept: Kept) -> int:
    async with running.connection() as conn, conn.transaction():
        return await store_erasing.forget(conn, kept, STEP) if await store_erasing.alone(conn) else 0


async def too_old(running: Running) -> list[tuple[Kept, int]]:
    """What the next run would delete."""
    async with running.connection() as conn:
        return [(kept, await store_erasing.too_old(conn, kept)) for kept in classes(running.service)]
