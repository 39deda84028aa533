"""Dead letters for operators: list, show, replay in order, skip. Nothing leaves the table; its state says what became of it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asyncpg import Connection, Record

from shared.messaging import store, sweep
from shared.messaging.batch import Batch, apply
from shared.messaging.fold import concern, key_of
from shared.messaging.handler import Handler
from shared.messaging.ingest import INBOUND, OwnTopics, PublishersTopics
from shared.messaging.letters import find_whole, note_given_up
from shared.messaging.message import Decoded, Message, Raw, Unreadable, decode
from shared.running import Running
from shared.service import Service


@dataclass(frozen=True, slots=True)
class Letter:
    """An open dead letter. `concerns` names the aggregates that stand still behind it, as handler/key."""

    id: int
    at: datetime
    state: str
    reason: str
    detail: str
    principal: str
    concerns: tuple[str, ...]
    raw: Raw | None

    @property
    def claimed(self) -> bool:
        """Its id is in the inbox: it was read, and failed or waited in our hands."""
        return self.reason in ("failed", "behind_a_failed_one")

    @property
    def where(self) -> str:
        return f"{self.raw.topic}/{self.raw.partition}/{self.raw.offset}" if self.raw else "a row that came due"

    def summary(self) -> dict[str, Any]:
        return {"id": self.id, "at": self.at, "state": self.state, "reason": self.reason, "detail": self.detail,
                "principal": self.principal, "where": self.where, "concerns": self.concerns}

    def whole(self) -> dict[str, Any]:
        if self.raw is None:
            return self.summary()
        headers = [(name.encode("utf-8", "backslashreplace").decode(), value) for name, value in self.raw.headers]
        key, value = self.raw.key, self.raw.value
        return self.summary() | {
            "headers": {name: _text(content) for name, content in headers}, "key": _text(key), "value": _text(value),
            "headers_hex": {name: content.hex() for name, content in headers},
            "key_hex": key and key.hex(), "value_hex": value and value.hex(),
        }


@dataclass(frozen=True, slots=True)
class Replayed:
    applied: int = 0
    failed: int = 0
    reason: str = ""


def _text(content: bytes | None) -> str | None:
    """As text where it is text that a terminal shows; None where only the hex tells what it is."""
    try:
        text = (content or b"").decode()
    except UnicodeDecodeError:
        return None
    return text if content is not None and all(char.isprintable() or char in "\n\t" for char in text) else None


async def list_letters(running: Running, ids: Sequence[int] | None = None) -> list[Letter]:
    async with running.connection() as conn:
        return [_letter(row) for row in await store.list_open_dead(conn, ids)]


async def find_letter(running: Running, id: int) -> Letter | None:
    """Open or settled."""
    async with running.connection() as conn:
        row = await find_whole(conn, id)
    return _letter(row) if row else None


async def replay(running: Running, ids: Collection[int] | None = None,
                 told: Callable[[int, int], object] = lambda applied, failed: None) -> Replayed:
    """Applies open letters again, oldest first; a chosen one takes along all that wait for the same aggregates.

    `told` hears after each letter how many were applied and how many failed so far."""
    read = await _decoder(running)
    applied, failed, reason = 0, set[int](), ""
    standing: set[str] = set()  # concerns that failed again
    while letters := [one for one in _together(await list_letters(running), ids) if one.id not in failed]:
        for letter in letters:
            behind = standing.intersection(letter.concerns)
            error = "it waits behind one that failed" if behind else await _again(running, letter, read)
            if error:
                failed.add(letter.id)
                standing.update(letter.concerns)
                reason = reason or f"letter {letter.id}: {error}"
            else:
                applied += 1
            told(applied, len(failed))
        mended = {name for letter in letters for name in letter.concerns} - standing
        if ids is not None:
            ids = set(ids) | {letter.id for letter in letters}
        if await _release(running, mended):
            break
    if ids is None:
        await _release(running, await _parked_for_nothing(running))
    return Replayed(applied, len(failed), reason)


async def _parked_for_nothing(running: Running) -> set[str]:
    """Concerns that no open letter names: a replay was killed after its last letter."""
    async with running.connection() as conn:
        parked = await store.parked(conn)
    return parked - {name for letter in await list_letters(running) for name in letter.concerns}


async def skip(running: Running, ids: Collection[int], why: str = "") -> Replayed:
    """Gives letters up, and replays what waited behind them. `why` is kept with each."""
    behind = {name for letter in await list_letters(running, list(ids)) for name in letter.concerns}
    async with running.connection() as conn, conn.transaction():
        if why:
            await note_given_up(conn, ids, why)
        await store.settle_dead(conn, list(ids), "skipped")
    waiting = [letter.id for letter in await list_letters(running) if behind.intersection(letter.concerns)]
    done = await replay(running, waiting) if waiting else Replayed()
    if not done.failed:
        await _release(running, behind)
    return done


def _together(letters: Sequence[Letter], ids: Collection[int] | None) -> list[Letter]:
    """The chosen letters, and every other one that shares an aggregate with them, directly or through others."""
    if ids is None:
        return list(letters)
    chosen = {letter.id for letter in letters if letter.id in ids}
    concerns = {name for letter in letters if letter.id in chosen for name in letter.concerns}
    grown = True
    while grown:
        more = [one for one in letters if one.id not in chosen and concerns.intersection(one.concerns)]
        chosen.update(one.id for one in more)
        concerns.update(name for one in more for name in one.concerns)
        grown = bool(more)
    return [letter for letter in letters if letter.id in chosen]


async def _again(running: Running, letter: Letter, read: Any) -> str:
    """"" when it is settled now, else why not. One transaction."""
    if letter.raw is None:
        async with running.connection() as conn:
            await store.settle_dead(conn, [letter.id], "replayed")
        return ""
    if letter.raw.topic.startswith(sweep.TOPIC):
        return await _swept_again(running, letter, letter.raw)
    found = read(letter.raw, letter.principal, tenant_checked=letter.claimed)
    if not isinstance(found, Message):
        return f"{found.reason}: {found.detail}" if isinstance(found, Unreadable) else "no handler of this service wants it"
    batch = Batch([found], claimed=letter.claimed, visible=True)
    try:
        async with running.connection() as conn, conn.transaction():
            if not await store.settle_dead(conn, [letter.id], "replayed"):
                return ""  # somebody else replayed or skipped it meanwhile
            done = await apply(conn, running.service.name, running.service.handlers, batch)
            if done.outcomes[0].kind == "id_reused":
                raise ValueError("its id was used before with other content")
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


async def _swept_again(running: Running, letter: Letter, raw: Raw) -> str:
    try:
        async with running.connection() as conn, conn.transaction():
            if await store.settle_dead(conn, [letter.id], "replayed"):
                await sweep.replay_swept(conn, running.service.name, running.service.handlers, raw)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


async def _release(running: Running, concerns: Iterable[str]) -> bool:
    """Lets the aggregates go on, clocks included. False when more letters came for them meanwhile: replay those first."""
    names = sorted(set(concerns))
    if not names:
        return True
    async with running.connection() as conn, conn.transaction():
        await store.unpark(conn, names)
        letters = [_letter(row) for row in await store.list_open_dead(conn)]
        if any(set(names).intersection(letter.concerns) for letter in letters):
            await store.park(conn, names)
            return False
        for handler in running.service.handlers:
            await _restart_clocks(conn, handler, names)
    return True


async def _restart_clocks(conn: Connection, handler: Handler[Any], names: Sequence[str]) -> None:
    """Saving a row computes its `due_at` anew."""
    keys = [key_of(name.removeprefix(f"{handler.name}/")) for name in names if name.startswith(f"{handler.name}/")]
    if keys and handler.clock:
        rows = await handler.load(conn, sorted(keys))
        await handler.save(conn, [row for key, row in rows.items() if concern(handler, key) in names], [])


async def _decoder(running: Running) -> Any:
    """Reads a letter's bytes as today's code and today's publishers do."""
    service: Service = running.service
    own = OwnTopics(service)
    inbound = None
    if service.publishers:
        async with running.connection() as conn:
            inbound = PublishersTopics(service, await service.publishers(conn))

    def read(raw: Raw, principal: str, *, tenant_checked: bool) -> Decoded:
        if not raw.topic:  # from a page, a command or HTTPS
            return decode(raw, principal, service.events)
        if not raw.topic.startswith(INBOUND):
            return own(raw)
        if inbound is None or tenant_checked:
            return decode(raw, principal, service.events)
        return inbound(raw)

    return read


def _letter(row: Record) -> Letter:
    raw = store.raw_of(row) if row["topic"] is not None else None
    return Letter(row["id"], row["at"], row["state"], row["reason"], row["detail"], row["principal"], tuple(row["concerns"]), raw)
