"""Publishing, listing and withdrawing on a running service, as the commands and the demo do it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.content import store
from services.content.messages import ModuleSubmitted, ModuleWithdrawalAsked
from services.content.store import Listed, Shown
from shared.contracts.content import Module
from shared.messaging.outcome import Outcome
from shared.running import Running

SOURCE = "jitt content"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one module."""

    module_id: str
    locale: str
    version: int
    outcome: Literal["published", "unchanged"]

    @property
    def words(self) -> str:
        return f"published, version {self.version}" if self.outcome == "published" else f"unchanged, version {self.version}"


async def publish(running: Running, modules: Sequence[Module], run: str) -> list[Done]:
    """All in one transaction. `run` names this run: the same run again changes nothing."""
    events = [(f"{run}/{module.module_id}/{module.locale}", ModuleSubmitted(module=module)) for module in modules]
    outcomes = await running.submit_many(events, source=SOURCE)
    async with running.connection() as conn:
        versions = {(each.module_id, each.locale): each.version for each in await store.list_modules(conn)}
    return [_done(module, outcome, versions) for module, outcome in zip(modules, outcomes, strict=True)]


def _done(module: Module, outcome: Outcome, versions: dict[tuple[str, str], int]) -> Done:
    what: Literal["published", "unchanged"] = "published" if outcome.kind == "applied" else "unchanged"
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
