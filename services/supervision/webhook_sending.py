"""Sends what receivers of webhooks have to be told: each claimed by one worker, sent outside any transaction, then written down.

Whoever dies in between has not written it down: the same change is sent again, under the same id, once its lease is over.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from services.supervision import effects_webhooks, reading_feed, store_webhooks, told, webhook_secrets
from services.supervision.effects_webhooks import Allowed, Answer
from services.supervision.store_webhooks import Claimed
from services.supervision.told import Change, Cursor
from services.supervision.webhook_messages import WebhookTried
from services.supervision.webhooks import Webhook, place_of
from shared.running import Running
from shared.settings import Settings

LOG = logging.getLogger("jitt.webhooks")
LEASE = timedelta(seconds=30)  # longer than a sending may take
AT_ONCE = 32
IDLE_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Next:
    """What a receiver is told next: `change` is None when nothing up to `place` is for it, or it is there no more."""

    change: Change | None
    place: Cursor
    again: bool = False


async def run(running: Running, room: Callable[[], Awaitable[object]]) -> None:
    """For ever, in every worker."""
    free, at_work, wake = asyncio.Semaphore(AT_ONCE), set[asyncio.Task[None]](), asyncio.Event()

    def over(task: asyncio.Task[None]) -> None:
        at_work.discard(task)
        free.release()
        wake.set()  # the same receiver may have more to be told

    while True:
        await room()
        await free.acquire()
        wake.clear()
        try:
            claimed = await store_webhooks.claim(running.pool, LEASE)
        except Exception as error:
            LOG.warning("webhooks cannot be sent now", extra={"error": f"{type(error).__name__}: {error}"})
            claimed = None
        if claimed is None:
            free.release()
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await wake.wait()
            continue
        task = asyncio.create_task(_sent(running, claimed))
        at_work.add(task)
        task.add_done_callback(over)


async def _sent(running: Running, claimed: Claimed) -> None:
    try:
        await send(running, claimed)
    except Exception as error:  # its lease runs out, and it is tried again
        said = {"webhook": claimed.webhook.name, "error": f"{type(error).__name__}: {error}"}
        LOG.warning("a webhook was not sent", extra=said)


async def send(running: Running, claimed: Claimed) -> None:
    """One change to one receiver, and what came of it."""
    webhook = claimed.webhook
    found = await _next(running, webhook)
    answer = await _told(running.settings, claimed, found.change) if found.change else Answer("nothing", webhook.answer)
    event = WebhookTried(
        name=webhook.name, after=str(webhook.place), place=str(found.place), came=answer.came, answer=answer.code,
        again=found.again, wait=answer.wait,
    )  # fmt: skip
    await running.submit(event, id=str(uuid4()), source="webhooks")
    if answer.came in ("failed", "gone"):
        await _say(running, webhook, answer)


async def _next(running: Running, webhook: Webhook) -> Next:
    """Its dead ones that somebody replays, the oldest first; else what comes after its place."""
    async with running.connection() as conn:
        for dead in webhook.dead:
            if dead.again:
                place = place_of(dead.place)
                found = await reading_feed.list_changes(conn, webhook.sees, Cursor(place.xact, place.seq - 1), 1)
                return Next(found[0] if found and found[0].cursor == place else None, place, again=True)
        here = await reading_feed.here(conn)
        changes = await reading_feed.list_changes(conn, webhook.sees, webhook.place, 1)
    return Next(changes[0], changes[0].cursor) if changes else Next(None, max(webhook.place, here))


async def _told(chosen: Settings, claimed: Claimed, change: Change) -> Answer:
    webhook, body = claimed.webhook, told.webhook_body(change)
    try:
        return await effects_webhooks.send(webhook.url, headers(webhook, change, body, claimed.now), body, allowed(chosen))
    except webhook_secrets.CannotOpen as error:
        LOG.error("webhooks cannot be signed", extra={"webhook": webhook.name, "error": str(error)})
        return Answer("failed", "secret_sealed")


def headers(webhook: Webhook, change: Change, body: bytes, now: datetime) -> dict[str, str]:
    id, timestamp = told.webhook_id(webhook.name, change.cursor), int(now.timestamp())
    opened = [webhook_secrets.unseal(secret.sealed, webhook.name) for secret in webhook.signing(now)]
    return {
        "Content-Type": "application/json", "User-Agent": "jitt", "webhook-id": id, "webhook-timestamp": str(timestamp),
        "webhook-signature": webhook_secrets.signature(opened, id, timestamp, body),
    }  # fmt: skip


def allowed(chosen: Settings) -> Allowed:
    return Allowed(http=chosen.mode == "development", private=chosen.webhook_private_addresses)


async def _say(running: Running, before: Webhook, answer: Answer) -> None:
    """What was given up is said where operators look; each failure is not."""
    now = await store_webhooks.find(running.pool, before.name)
    said = {"webhook": before.name, "answer": answer.code}
    if now and now.state in ("failing", "gone"):
        LOG.error("a receiver of webhooks is told no more: see `jitt webhook list`", extra=said | {"state": now.state})
    elif now and len(now.dead) > len(before.dead):
        LOG.error("a webhook was given up: see `jitt webhook dead`", extra=said)
