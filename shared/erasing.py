"""Erasing a person, the same in every service: one event, one transaction, one receipt. What goes stands in privacy.toml.

Last of a service's handlers: what the same batch still saved about the person goes with the rest. From then on the fold refuses
whatever is about them (shared/messaging/batch.py).
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from asyncpg import Connection, Record

from shared.contracts import ids
from shared.contracts.event import Event
from shared.contracts.supervision import PersonErased
from shared.messaging import store_erasing
from shared.messaging.handler import Handler
from shared.privacy import Keeps

Receipt = Callable[[PersonErased], list[Event]]


@dataclass(frozen=True, slots=True)
class Erasure:
    """`role` and `site_id` are not kept: they only say how far to look. An empty site is any."""

    person_id: UUID
    at: datetime
    role: str = "mentor"
    site_id: str = ""


More = Callable[[Connection, Erasure], Awaitable[None]]


async def _nothing_more(conn: Connection, erasure: Erasure) -> None:
    """For services whose rows are all named in privacy.toml."""


def handler(keeps: Keeps, receipt: Receipt, more: More = _nothing_more) -> Handler[Erasure]:
    """`more`: what no table's columns say, such as an id inside a document."""

    def erased(_: Erasure | None, event: PersonErased, now: datetime, __: Any) -> tuple[Erasure, list[Event]]:
        """Done again and told again each time: whoever asks again still waits for a receipt."""
        return Erasure(event.mentor_id, now, event.role, event.site_id), receipt(event)

    return Handler[Erasure](
        name="erasure",
        on={PersonErased: (lambda event: event.mentor_id, erased)},
        load=_load,
        save=partial(_save, keeps, more),
    )


async def _load(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, Erasure]:
    return {row["person_id"]: Erasure(row["person_id"], row["at"]) for row in await store_erasing.load(conn, keys)}


async def _save(keeps: Keeps, more: More, conn: Connection, changed: Sequence[Erasure], new: Sequence[Erasure]) -> bool:
    if new and not await store_erasing.note(conn, [one.person_id for one in new], [one.role for one in new]):
        return False
    for one in (*changed, *new):
        await more(conn, one)
        rows = await store_erasing.erase(conn, keeps, one.person_id, one.site_id, staff=one.role == "staff")
        if letters := await _letters(conn, one.person_id):
            rows["dead_letter"] = letters
        before = await store_erasing.find(conn, one.person_id)
        was = before["rows"] if before else {}
        counted = {name: was.get(name, 0) + rows.get(name, 0) for name in {*was, *rows}}
        await store_erasing.count(conn, one.person_id, counted, one.role)
    return True


async def _letters(conn: Connection, person_id: UUID) -> int:
    """By the id, and by what a site calls them: only who makes the ids can tell that these are one person."""
    by_id = await store_erasing.erase_letters(conn, person_id)
    found = [row["id"] for row in await store_erasing.list_sites_letters(conn) if person_id in people_in(row)]
    return by_id + (await store_erasing.delete_letters(conn, found) if found else 0)


def people_in(row: Record) -> set[UUID]:
    """Whom a site's record names, as far as it can be read."""
    try:
        said = json.loads(row["value"])
    except (ValueError, RecursionError):
        return set()
    said = said.get("data", said) if isinstance(said, dict) else {}
    if not isinstance(said, dict) or not isinstance(site := said.get("site_id"), str):
        return set()
    refs = [ref for name in ("mentor_ref", "reference") if isinstance(ref := said.get(name), str)]
    return {make(site, ref) for ref in refs for make in (ids.mentor, ids.supervisor)}
