"""Recordings of decisions, (state, event, now, facts) with what came of them, and folding them again, also in another process.

`python -m tests.messaging.refolding FILE` folds a file of recordings from nothing and prints what came out otherwise.
"""

import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from deploy import topology
from shared.contracts.event import Due, Event
from shared.messaging.fold import Aggregates, Fold, Target
from shared.messaging.handler import Handler
from shared.service import Service
from tests.messaging.tally_service import SERVICE as TALLY_SERVICE
from tests.messaging.tally_service import TALLY, Added, Tally, Totalled

Known = tuple[str, str, Any]  # service, handler, key
AS_LOADED: dict[str, Callable[[Any], Any]] = {  # what an aggregate carries for its saving only
    "mentor_case": lambda case: case and replace(case, changes=(), entries=()),
}


@dataclass(frozen=True)
class Recorded:
    """One message or due row: which aggregates decided on it, by what facts, and what was saved and sent."""

    service: str
    batch: int
    cause: UUID
    event: Event | Due
    now: datetime
    traceparent: str | None
    targets: tuple[tuple[str, Any, Any], ...]  # handler, key, facts
    refused: str | None
    states: tuple[Any, ...]
    outgoing: tuple[Any, ...]
    sweeps: tuple[Any, ...]


@contextmanager
def recording() -> Iterator[list[Recorded]]:
    """Everything that is decided meanwhile, in this process."""
    kept: list[Recorded] = []
    batches: dict[int, int] = {}
    folds: list[Fold] = []
    decide = Fold.decide

    def recorded(self: Fold, cause: UUID, event: Any, targets: Sequence[Target], traceparent: str | None) -> Any:
        facts = [one.handler.facts(one.current.get(key), event, one.reads) for one, key, _ in targets]
        sent, swept = len(self.outgoing), len(self.sweeps)
        refused = decide(self, cause, event, targets, traceparent)
        named = tuple((one.handler.name, key, fact) for (one, key, _), fact in zip(targets, facts, strict=True))
        states = tuple(one.current.get(key) for one, key, _ in targets)
        batches.setdefault(id(self), len(batches))
        folds.append(self)  # so that no later one has its id
        reason, led_to = refused and refused.reason, (tuple(self.outgoing[sent:]), tuple(self.sweeps[swept:]))
        made = Recorded(self.service, batches[id(self)], cause, event, self.now, traceparent, named, reason, states, *led_to)
        kept.append(made)
        return refused

    Fold.decide = recorded  # type: ignore[method-assign]
    try:
        yield kept
    finally:
        Fold.decide = decide  # type: ignore[method-assign]


def fold_again(recordings: Sequence[Recorded]) -> list[str]:
    """From nothing. Every difference in a state, a follow-up with its id, a sweep or a refusal, in words."""
    states: dict[Known, Any] = {}
    found: list[str] = []
    batch = -1
    for one in recordings:
        if one.batch != batch:
            batch, states = one.batch, {known: AS_LOADED.get(known[1], _same)(state) for known, state in states.items()}
        found += _again(one, states)
    return found


def _again(one: Recorded, states: dict[Known, Any]) -> Iterator[str]:
    service, fold = service_of(one.service), Fold(one.service, one.now)
    targets: list[Target] = []
    for name, key, facts in one.targets:
        handler = next(handler for handler in service.handlers if handler.name == name)
        aggregates = Aggregates(replace(handler, facts=lambda state, event, reads, known=facts: known))
        if (state := states.get((one.service, name, key))) is not None:
            aggregates.current[key] = state
        targets.append((aggregates, key, _decide_of(handler, one.event)))
    refused = fold.decide(one.cause, one.event, targets, one.traceparent)
    for (aggregates, key, _), (name, _, _), saved in zip(targets, one.targets, one.states, strict=True):
        states[one.service, name, key] = state = aggregates.current.get(key)
        if state != saved:
            yield f"{one.service} {name} {type(one.event).__name__}: the state was {saved}, is {state}"
    refusal = ("refusal", one.refused, refused and refused.reason)
    follow_ups, sweeps = ("follow-ups", one.outgoing, tuple(fold.outgoing)), ("sweeps", one.sweeps, tuple(fold.sweeps))
    for what, before, now in (refusal, follow_ups, sweeps):
        if before != now:
            yield f"{one.service} {type(one.event).__name__}: the {what} were {before}, are {now}"


def _decide_of(handler: Handler[Any], event: Event | Due) -> Callable[..., Any]:
    if isinstance(event, Due):
        assert handler.clock
        return handler.clock.decide
    return handler.on[type(event)][1] if type(event) in handler.on else handler.sweeps[type(event)].decide


def service_of(name: str) -> Service:
    return TWINS[name] if name in TWINS else topology.service(name)


def _same(state: Any) -> Any:
    return state


def _by_the_clock(tally: Tally | None, event: Added, now: datetime, facts: object) -> Any:
    """Looks at a clock of its own."""
    tally = tally or Tally(event.tally)
    return replace(tally, total=datetime.now(UTC).microsecond), []


def _by_a_set(tally: Tally | None, event: Added, now: datetime, facts: object) -> Any:
    """Says in the order of a set what came of it."""
    return tally or Tally(event.tally), [Totalled(tally=word, total=1) for word in {f"word {n}" for n in range(20)}]


def _twin(name: str, decide: Callable[..., Any]) -> Service:
    handler = replace(TALLY, on={Added: (lambda event: event.tally, decide)})
    return replace(TALLY_SERVICE, name=name, handlers=(handler,))


TWINS = {
    "tally": TALLY_SERVICE,
    "tally by the clock": _twin("tally by the clock", _by_the_clock),
    "tally by a set": _twin("tally by a set", _by_a_set),
}

if __name__ == "__main__":
    print("\n".join(fold_again(pickle.loads(Path(sys.argv[1]).read_bytes()))))  # noqa: S301
