"""A mentor with a past: trainings finished in earlier weeks, a miss that is open, sessions to come, and the link to it all."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.assessment import store
from services.assessment.memory import Skill
from services.assessment.training import Training, Try
from shared.contracts.assessment import OpenMiss
from shared.contracts.content import ModuleRef
from shared.running import Running
from shared.security import Link, mint_link
from tests.assessment.building import MENTOR, SINGLE, assigned, enrolled, planned, published, site
from tests.driving import deliver

HOME = f"/m/{MENTOR}"
OTHER = UUID(int=0xE)


def record_link(mentor_id: UUID = MENTOR, epoch: int = 1, days: float = 90) -> str:
    return mint_link(Link("record", mentor_id, mentor_id, epoch), datetime.now(UTC) + timedelta(days=days))


def calendar_link(mentor_id: UUID = MENTOR, epoch: int = 1, days: float = 400) -> str:
    return mint_link(Link("calendar", mentor_id, mentor_id, epoch), datetime.now(UTC) + timedelta(days=days))


async def arrive(running: Running, **roster: Any) -> None:
    """The mentor, the site and the module; nothing has happened yet."""
    await deliver(running, site(), enrolled(**roster), published(SINGLE))


async def finish(running: Running, days_ago: float, tries: str = "right", **changes: Any) -> Training:
    """A training done that long ago; `tries` at its one question: “right”, “wrong right” or “wrong wrong”."""
    at = datetime.now(UTC) - timedelta(days=days_ago)
    session_id = changes.pop("session_id", uuid4())
    values: dict[str, Any] = {"training_id": uuid4(), "session_id": session_id, "starts_at": at + timedelta(hours=20)} | changes
    training = Training(
        assigned(SINGLE, **values),
        opened_at=at - timedelta(minutes=5),
        tries=tuple(
            Try(number=1, attempt=1 if n == 1 else 2, chosen=("b",), correct=word == "right", answered_at=at)
            for n, word in enumerate(tries.split(), 1)
        ),
        completed_at=at,
    )
    async with running.connection() as conn, conn.transaction():
        assert await store.save_trainings(conn, [], [training])
    return training


async def miss(running: Running, mentor_id: UUID = MENTOR, **changes: Any) -> None:
    """An open miss of the module's question."""
    values: dict[str, Any] = {"module_id": "reflective_listening_1", "version": 1, "item_id": "q1", "session_id": uuid4()}
    missed = OpenMiss(**values | {"missed_at": datetime(2026, 10, 21, 18, tzinfo=UTC)} | changes)
    skill = Skill(mentor_id, "east", "reflective_listening", open_misses=(missed,), revision=1)
    async with running.connection() as conn, conn.transaction():
        assert await store.save_skills(conn, [], [skill])


async def plan(running: Running, **changes: Any) -> UUID:
    """A session in so many days (2 unless said), of the mentor unless said."""
    days = changes.pop("days", 2)
    starts_at = datetime.now(UTC) + timedelta(days=days)
    session_id = changes.pop("session_id", uuid4())
    await deliver(running, planned(session_id=session_id, starts_at=starts_at, quiz_by=starts_at, **changes))
    return UUID(str(session_id))


def another_module(module_id: str, title: str, **changes: Any) -> Any:
    return published(SINGLE, module_id=module_id, title=title, **changes)


def of_module(module_id: str) -> dict[str, Any]:
    return {"module": ModuleRef(module_id=module_id, version=1), "items": ()}
