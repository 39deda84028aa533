"""What a site has chosen: its moments, the length of a training, the constants of its needs. Data, with a version."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Annotated

from pydantic import Field, TypeAdapter

from services.trigger.messages import PolicyChanged, PolicyChosen
from services.trigger.moments import Timing
from services.trigger.needs import Constants
from shared.contracts.event import Refused, Sweep


@dataclass(frozen=True, slots=True)
class Policy:
    """Version 0 is what everyone starts with; a site's first own choice is version 1."""

    version: int = 0
    timing: Timing = field(default_factory=Timing)
    training_minutes: Annotated[int, Field(ge=1, le=5)] = 5
    constants: Constants = field(default_factory=Constants)


@dataclass(frozen=True, slots=True)
class SitePolicy:
    site_id: str
    policy: Policy


DEFAULT = Policy()
DOCUMENT = TypeAdapter(Policy)


@lru_cache(maxsize=10_000)
def parse(document: str) -> Policy:
    """Raises pydantic's ValidationError, which names the field."""
    return DOCUMENT.validate_json(document)


def written(policy: Policy) -> str:
    return DOCUMENT.dump_json(policy).decode()


def chosen(state: SitePolicy | None, event: PolicyChosen, *_: object) -> tuple[SitePolicy, list[Sweep]] | Refused:
    wanted, before = parse(event.document), state.policy if state else DEFAULT
    if wanted.timing.faults():
        return Refused("contradicts_itself")
    if state and replace(wanted, version=before.version) == before:
        return state, []
    after = replace(wanted, version=before.version + 1)
    return SitePolicy(event.site_id, after), [Sweep("session", PolicyChanged(site_id=event.site_id, version=after.version))]
