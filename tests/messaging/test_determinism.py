"""The same message, state, facts and moment lead to the same state, follow-ups and ids: again, and in another process."""

import os
import pickle
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from services.assessment.messages import Answered, Started
from services.content import publishing
from shared.contracts.assessment import ItemAnswered
from shared.messaging.fold import Aggregates, Fold, routes
from shared.running import Running
from tests.assessment import building as assessment
from tests.assessment.visiting import soon
from tests.conftest import Database
from tests.content.building import a_module, a_request
from tests.driving import deliver, fall_due, message, outgoing
from tests.messaging import refolding
from tests.messaging.refolding import Recorded, fold_again, recording
from tests.messaging.tally_service import Added
from tests.supervision import builders as supervision
from tests.trigger import building as trigger

ROOT = Path(__file__).parents[2]


async def a_day_of_trigger(running: Running) -> None:
    now = datetime.now(UTC)  # of the test: when a whole run comes to it, its beginning may be an hour ago
    near = [trigger.scheduled(now + timedelta(minutes=30 + n), session_ref=f"near {n}", mentor_ref=f"m{n % 3}") for n in range(6)]
    far = [trigger.scheduled(now + timedelta(days=9), session_ref=f"far {n}") for n in range(4)]
    await deliver(running, near[0], far[0])  # before anybody is known: they wait
    await deliver(running, trigger.site_described(), *(trigger.enrolled(f"m{n}") for n in range(3)))
    await deliver(running, trigger.remembered("open_questions", 0.6), *near, *far, trigger.cancelled(1, "far 2"))
    await deliver(running, trigger.scheduled(now + timedelta(days=10), session_ref="far 1", revision=2), far[3])
    assert await fall_due(running, "session") > 0


async def a_day_of_content(running: Running) -> None:
    await publishing.publish(running, [a_module(), a_module(module_id="reflective_listening_8", title="Once more")], "run 1")
    await deliver(running, *(a_request(n, mentor_id=UUID(int=n % 3)) for n in range(1, 9)), a_request(1))


async def a_day_of_assessment(running: Running) -> None:
    times = soon()
    training = {"training_id": assessment.TRAINING, "number": 1, "request_id": uuid4()}
    await deliver(running, assessment.site(), assessment.enrolled(), assessment.planned(**times))
    await deliver(running, assessment.published(assessment.SINGLE))
    await deliver(running, assessment.assigned(assessment.SINGLE, **times), Started(training_id=assessment.TRAINING))
    await deliver(running, Answered(**training, attempt=1, chosen=("a",), confidence="sure"),
                  Answered(**training | {"request_id": uuid4()}, attempt=2, chosen=("b",)))  # fmt: skip
    await deliver(running, *(event for event in await outgoing(running) if isinstance(event, ItemAnswered)))


async def a_day_of_supervision(running: Running) -> None:
    now = datetime.now(UTC)
    start = now + timedelta(hours=1)
    of = {"starts_at": start}
    await deliver(running, supervision.listed(), supervision.listed(reference="dana", role="supervisor"))
    await deliver(running, supervision.planned(**of, quiz_by=now - timedelta(minutes=1)), supervision.assigned(**of))
    await deliver(running, supervision.opened(**of))
    await deliver(running, supervision.answered(**of), supervision.completed(**of), supervision.call(), supervision.contact())
    await fall_due(running, "preparation")
    await fall_due(running, "mentor_case")


DAYS: dict[str, Callable[[Running], Awaitable[None]]] = {
    "trigger": a_day_of_trigger,
    "content": a_day_of_content,
    "assessment": a_day_of_assessment,
    "supervision": a_day_of_supervision,
}


async def test_what_was_decided_is_decided_again_here_and_elsewhere(database: Database, tmp_path: Path) -> None:
    """Of all services in one other process: starting it costs more than all else."""
    kept: list[Recorded] = []
    for name, day in DAYS.items():
        running = await database(refolding.service_of(name))
        with recording() as own:
            await day(running)
        assert len(own) > 5, name
        kept += own
    assert fold_again(kept) == []
    assert _elsewhere(kept, tmp_path) == []


async def test_the_clock_is_recorded_like_any_message(database: Database) -> None:
    running = await database(refolding.service_of("trigger"))
    with recording() as kept:
        await a_day_of_trigger(running)
    assert {type(one.event).__name__ for one in kept} >= {"Due", "SessionScheduled", "SessionCancelled", "MentorEnrolled"}


def test_a_decision_that_looks_at_a_clock_of_its_own_is_noticed() -> None:
    assert len(fold_again(_folded("tally by the clock", 3))) >= 2


def test_a_decision_that_depends_on_the_process_is_noticed_in_another(tmp_path: Path) -> None:
    kept = _folded("tally by a set", 1)
    assert fold_again(kept) == []
    assert len(_elsewhere(kept, tmp_path)) == 1


def _folded(name: str, number: int) -> Sequence[Recorded]:
    """Folded in memory: a twin has no database."""
    service = refolding.service_of(name)
    aggregates = [Aggregates(handler) for handler in service.handlers]
    fold, table = Fold(service.name, datetime.now(UTC)), routes(aggregates)
    with recording() as kept:
        for n in range(number):
            told = message(Added(tally="a", number=n))
            targets = fold.targets(told, table)
            assert targets
            fold.message(told, targets)
    return kept


def _elsewhere(kept: Sequence[Recorded], folder: Path) -> list[str]:
    """The differences that a process with another order of hashes finds."""
    file = folder / "recordings"
    file.write_bytes(pickle.dumps(list(kept)))
    env = os.environ | {"PYTHONHASHSEED": "20261125", "PYTHONPATH": str(ROOT)}
    command = (sys.executable, "-m", "tests.messaging.refolding", str(file))
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=True)
    return [line for line in done.stdout.splitlines() if line]
