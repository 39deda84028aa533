"""Publishing, listing and withdrawing on a running service, as the commands and the demo do it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from asyncpg import Connection

from services.content import store, store_media
from services.content.changes import Change, changes, keeping_ids
from services.content.media import Blob
from services.content.messages import ModuleSubmitted, ModuleWithdrawalAsked
from services.content.store import Listed, Shown
from services.content.words import content_hash
from shared.contracts.content import Module
from shared.messaging.outcome import Outcome
from shared.running import Running

SOURCE = "jitt content"
What = Literal["published", "unchanged"]
Key = tuple[str, str]  # module_id, locale


@dataclass(frozen=True, slots=True)
class Plan:
    """What publishing would make of one module: `version`, after `since`, with its options under the ids they have there."""

    module: Module
    version: int
    outcome: What
    since: int | None = None
    changes: tuple[Change, ...] = ()
    last: Module | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one module."""

    module_id: str
    locale: str
    version: int
    outcome: What

    @property
    def words(self) -> str:
        return f"published, version {self.version}" if self.outcome == "published" else f"unchanged, version {self.version}"


class Overtaken(Exception):
    """Somebody else has published a module meanwhile, after which this can be no correction of it; its words say so."""


async def plan(running: Running, modules: Sequence[Module]) -> list[Plan]:
    """Changes nothing."""
    async with running.connection() as conn:
        newest = {(each.module_id, each.locale): each for each in await store.list_modules(conn, withdrawn=True)}
        plans = []
        for module in modules:
            known = newest.get((module.module_id, module.locale))
            last = await store.find_module(conn, known.module_id, known.locale, known.version) if known else None
            plans.append(planned(module, last))
    return plans


def planned(module: Module, last: Shown | None) -> Plan:
    if last is None:
        return Plan(module, 1, "published")
    module = keeping_ids(last.module, module)
    if content_hash(module) == last.content_hash:
        return Plan(module, last.version, "unchanged" if last.status == "published" else "published", last=last.module)
    return Plan(module, last.version + 1, "published", last.version, changes(last.module, module), last.module)


async def keep(running: Running, blobs: Iterable[Blob]) -> None:
    """The files of cards, before the modules that name them: the same run again changes nothing."""
    for blob in blobs:
        await store_media.keep(running.pool, blob.sha256, blob.media_type, blob.body)


async def publish(running: Running, modules: Sequence[Module], run: str, correction: str | None = None) -> list[Done]:
    """All in one transaction. `run` names this run: the same run again changes nothing. `correction`: what was wrong before.

    Two authors at once get a version each, in the order of their transactions. Raises Overtaken.
    """
    modules = [each.module for each in await plan(running, modules)]
    submitted = [ModuleSubmitted(module=module, correction=correction) for module in modules]
    events = [(f"{run}/{event.key()}", event) for event in submitted]
    outcomes = await running.submit_many(events, source=SOURCE)
    async with running.connection() as conn:
        versions: dict[Key, list[Listed]] = {}
        for each in await store.list_modules(conn, withdrawn=True):
            versions.setdefault((each.module_id, each.locale), []).insert(0, each)
        return [
            await _done(conn, module, outcome, versions[module.module_id, module.locale])
            for module, outcome in zip(modules, outcomes, strict=True)
        ]


async def _done(conn: Connection, module: Module, outcome: Outcome, versions: Sequence[Listed]) -> Done:
    """`versions` of the module, newest first: another author's may already stand after ours."""
    if outcome.kind == "refused" and outcome.reason != "unchanged":
        raise Overtaken(f"{module.module_id} ({module.locale}) has become version {versions[0].version} meanwhile: somebody else "
                        "published it. `jitt content diff` shows what is different now.")  # fmt: skip
    what: What = "published" if outcome.kind == "applied" else "unchanged"
    for each in versions:
        if each.content_hash == content_hash(await _kept(conn, module, each.version)):
            return Done(module.module_id, module.locale, each.version, what)
    return Done(module.module_id, module.locale, versions[0].version, what)


async def _kept(conn: Connection, module: Module, version: int) -> Module:
    """As it would stand as that version."""
    before = await store.find_module(conn, module.module_id, module.locale, version - 1) if version > 1 else None
    return keeping_ids(before.module, module) if before else module


async def as_done(running: Running, plan: Plan, done: Done) -> Plan:
    """What was planned, with the changes since the version that really came before it."""
    if (plan.version, plan.outcome) == (done.version, done.outcome) or done.version == 1:
        return replace(plan, version=done.version, outcome=done.outcome)
    since = done.version - 1
    async with running.connection() as conn:
        last = await store.find_module(conn, done.module_id, done.locale, since)
        made = await store.find_module(conn, done.module_id, done.locale, done.version)
    if last is None or made is None:
        return plan
    found = changes(last.module, made.module) if done.outcome == "published" else ()
    return Plan(made.module, done.version, done.outcome, since, found, last.module)


async def withdraw(running: Running, module_id: str, locale: str, version: int | None, run: str) -> Outcome:
    event = ModuleWithdrawalAsked(module_id=module_id, locale=locale, version=version)
    return await running.submit(event, id=run, source=SOURCE)


async def listed(running: Running, withdrawn: bool = False) -> list[Listed]:
    async with running.connection() as conn:
        return await store.list_modules(conn, withdrawn)


async def found(running: Running, module_id: str, locale: str, version: int | None = None) -> Shown | None:
    async with running.connection() as conn:
        return await store.find_module(conn, module_id, locale, version)
