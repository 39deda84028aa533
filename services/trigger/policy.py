"""What a site has chosen: its moments, the length of a training, the constants of its needs. Data, with a version."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, field, fields, replace
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter

from services.trigger.messages import PolicyChanged, PolicyChosen
from services.trigger.moments import Days, Short, Timing
from shared.contracts.event import Refused, Sweep
from shared.contracts.vocabulary import Constants, vocabulary
from shared.values import value_object


def _completed(given: Any) -> Any:
    return asdict(vocabulary().constants) | given if isinstance(given, dict) else given


OwnConstants = Annotated[Constants, BeforeValidator(_completed)]  # those that a document leaves out are everyone's


@value_object(frozen=True, slots=True)
class OwnTiming:
    """What a site does otherwise for one activity; None: as for the others. Quiet hours are the mentor's, whatever is planned."""

    assign_days: Days | None = None
    nudge: Short | None = None
    quiz_by: Short | None = None
    last_call: Short | None = None
    check_in: Short | None = None

    def chosen(self) -> dict[str, Any]:
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name)) is not None}


@value_object(frozen=True, slots=True)
class Policy:
    """Version 0 is what everyone starts with; a site's first own choice is version 1."""

    version: int = 0
    timing: Timing = field(default_factory=Timing)
    training_minutes: Annotated[int, Field(ge=1, le=5)] = 5
    constants: OwnConstants = field(default_factory=lambda: vocabulary().constants)
    activities: Mapping[str, OwnTiming] = field(default_factory=dict)

    def timing_of(self, activity: str) -> Timing:
        own = self.activities.get(activity)
        return _with(self.timing, own) if own else self.timing

    def faults(self) -> Iterator[str]:
        """What contradicts itself, each in a sentence that says what to do."""
        yield from self.timing.faults()
        for activity in self.activities:
            found = vocabulary().activities.get(activity)
            for fault in self.timing_of(activity).faults():
                yield f"{found.title if found else activity}: {fault}"


@value_object(frozen=True, slots=True)
class SitePolicy:
    site_id: str
    policy: Policy


DEFAULT = Policy()
CHANGED_MEANWHILE = "changed_meanwhile"  # by somebody else, between the look and the change
DOCUMENT = TypeAdapter(Policy)


@lru_cache(maxsize=10_000)
def parse(document: str) -> Policy:
    """Raises pydantic's ValidationError, which names the field."""
    return DOCUMENT.validate_json(document)


def written(policy: Policy) -> str:
    return DOCUMENT.dump_json(policy).decode()


@lru_cache(maxsize=10_000)
def _with(timing: Timing, own: OwnTiming) -> Timing:
    return replace(timing, **own.chosen())


def chosen(state: SitePolicy | None, event: PolicyChosen, *_: object) -> tuple[SitePolicy, list[Sweep]] | Refused:
    wanted, before = parse(event.document), state.policy if state else DEFAULT
    if state and replace(wanted, version=before.version) == before:
        return state, []
    if wanted.version != before.version:
        return Refused(CHANGED_MEANWHILE)
    if any(wanted.faults()):
        return Refused("contradicts_itself")
    after = replace(wanted, version=before.version + 1)
    return SitePolicy(event.site_id, after), [Sweep("session", PolicyChanged(site_id=event.site_id, version=after.version))]
