"""Publishing, listing and withdrawing on a running service, as the commands and the demo do it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.content import store
from services.content.changes import Change, changes, keeping_ids
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


async def publish(running: Running, modules: Sequence[Module], run: str, correction: str | None = None) -> list[Done]:
    """All in one transaction. `run` names this run: the same run again changes nothing. `correction`: what was wrong before."""
    modules = [each.module for each in await plan(running, modules)]
    submitted = [ModuleSubmitted(module=module, correction=correction) for module in modules]
    events = [(f"{run}/{event.key()}", event) for event in submitted]
    outcomes = await running.submit_many(events, source=SOURCE)
    async with running.connection() as conn:
        versions = {(each.module_id, each.locale): each.version for each in await store.list_modules(conn)}
    return [_done(module, outcome, versions) for module, outcome in zip(modules, outcomes, strict=True)]


def _done(module: Module, outcome: Outcome, versions: dict[Key, int]) -> Done:
    what: What = "published" if outcome.kind == "applied" else "unchanged"
    return Done(module.module_id, module.locale, versions[module.module_id, module.locale], what)


async def withdraw(running: Running, module_id: str, locale: str, version: int | None, run: str) -> Outcome:
    event = ModuleWithdrawalAsked(module_id=module_id, locale=locale, version=version)
    return await running.submit(event, id=run, source=SOURCE)


async def listed(running: Running, withdrawn: bool = False) -> list[Listed]:
    async with running.connection() as conn:
        return await store.list_modules(conn, withdrawn)


async def found(running: Running, module_id: str, locale: str, version: int | None = None) -> Shown | None:
    async with running.connection() as conn:
        return await store.find_module(conn, module_id, locale, version)
