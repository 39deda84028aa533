"""Brings in the lists that somebody said yes to on the console: one at a time, in every worker, for ever.

Whoever dies in the middle leaves the list to the next one: what is in already is known by its import, and counts once.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.supervision import notices, oneroster_mapping, people_import, store_uploads, uploads
from services.supervision.looking import LARGE
from services.supervision.notice_messages import NoticeAsked
from services.supervision.people_import import Job, Looked
from shared import apart, db
from shared.running import Running, opened

LOG = logging.getLogger("jitt.imports")
IDLE_SECONDS = 1.0
HOLD_SECONDS = 20.0
WAITED_FOR = timedelta(minutes=1)
OF_USE = timedelta(days=2)
MOST_UNPACKED = 256 * 1024 * 1024


async def run(running: Running, room: Callable[[], Awaitable[object]]) -> None:
    """For ever."""
    while True:
        try:
            await room()
            if await bring_in_one(running):
                continue
        except Exception as error:
            LOG.warning("lists of people cannot be brought in now", extra={"error": f"{type(error).__name__}: {error}"})
        await asyncio.sleep(IDLE_SECONDS)


async def bring_in_one(running: Running) -> bool:
    """Whether there was one."""
    async with running.connection() as conn:
        await store_uploads.forget(conn)
        found = await store_uploads.claim(conn)
    if found is None:
        return False
    try:
        async with _held(running, found["import_id"]):
            state = await (apart.run(bring_in_apart, found) if len(found["file"] or b"") > LARGE else _bring_in(running, found))
        if state == "again":
            raise ConnectionError("the database was away")
    except Exception as error:
        if db.is_transient(error) or db.is_timeout(error):
            raise  # the list stays, and is looked at again in a minute
        LOG.error("a list of people could not be brought in", extra={"error": f"{type(error).__name__}: {error}"})
        state = "failed"
    await _tell(running, found, state)
    async with running.connection() as conn:
        await store_uploads.end(conn, found["import_id"], state)
    return True


@asynccontextmanager
async def _held(running: Running, import_id: UUID) -> AsyncIterator[None]:
    """As long as it is worked on, no other worker takes it up, however long the look at it takes."""
    holding = asyncio.create_task(_hold(running, import_id))
    try:
        yield
    finally:
        holding.cancel()


async def _hold(running: Running, import_id: UUID) -> None:
    while True:
        await asyncio.sleep(HOLD_SECONDS)
        try:
            async with running.connection() as conn:
                await store_uploads.hold(conn, import_id)
        except Exception as error:  # the next time comes before anybody else may take it up
            LOG.warning("a list cannot be held now", extra={"error": f"{type(error).__name__}: {error}"})


async def _tell(running: Running, found: dict[str, Any], state: str) -> None:
    """Whoever sent it, by mail, where they will not have waited for it on the page; once, whoever ends it."""
    import_id = found["import_id"]
    async with running.connection() as conn:
        took = await store_uploads.took(conn, import_id)
    if state == "done" and took < WAITED_FOR:
        return
    notice_id = notices.id_of(import_id, "import")
    about = {"import_id": str(import_id), "state": state}
    asked = NoticeAsked(notice_id=notice_id, site_id=found["site_id"], person_id=found["by_person"], kind="import", about=about,
                        useful_until=datetime.now(UTC) + OF_USE)  # fmt: skip
    await running.submit(asked, id=str(notice_id), source="imports")


async def bring_in_apart(found: dict[str, Any]) -> str:
    """A large one, in a process of its own. “again”: nothing is wrong with it, and it is looked at again."""
    from services.supervision.app import SERVICE

    try:
        async with opened(SERVICE) as running:
            return await _bring_in(running, found)
    except Exception as error:
        if db.is_transient(error) or db.is_timeout(error):
            return "again"
        raise


async def _bring_in(running: Running, found: dict[str, Any]) -> str:
    """Looked at again: what changed meanwhile is not what somebody said yes to, and too many must not leave by it."""
    import_id = found["import_id"]
    data = uploads.unseal(found["file"], import_id)
    if data is None:
        return "failed"
    mapping = oneroster_mapping.read(found["mapping"])
    looked = await people_import.look(running, Job(found["site_id"], data, found["kind"], mapping, most_bytes=MOST_UNPACKED))
    if looked.compared.too_many_gone and not (found["forced"] and len(looked.compared.gone) <= found["gone"]):
        return "failed"
    before = found["new"] + found["changed"] + found["gone"] - _people(looked)

    async def written(done: int, _: int) -> None:
        async with running.connection() as conn:
            await store_uploads.note_written(conn, import_id, max(before, 0) + min(done, _people(looked)))

    await people_import.enter(running, looked, str(import_id), lambda done, of: None, written)
    return "done"


def _people(looked: Looked) -> int:
    return len(looked.compared.new) + len(looked.compared.changed) + len(looked.compared.gone)
