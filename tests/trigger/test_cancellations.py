"""Cancelled days: which sessions one call means, that each is cancelled once, and what comes back when it is taken back."""

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from services.trigger import cancelling
from services.trigger.app import SERVICE
from services.trigger.cancellations import Days
from services.trigger.session import Status
from shared.contracts import ids
from shared.contracts.event import Event
from shared.contracts.trigger import SessionBroughtBack, SessionCalledOff, SessionPlanned
from shared.messaging.sweep import apply_sweep
from shared.running import Running
from tests.driving import deliver, fall_due, outgoing
from tests.trigger.building import CHICAGO, afternoon, cancelled, enrolled, held, of, scheduled
from tests.trigger.test_sweeps import kept, swept

START = afternoon(9)
THE_DAY = START.astimezone(ZoneInfo(CHICAGO)).date()
ONE_DAY = timedelta(days=1)
SNOW = Days("east", THE_DAY, THE_DAY + ONE_DAY)


@pytest_asyncio.fixture
async def running(east: Running) -> Running:
    """One mentor, with a session on that day and one on the next."""
    await deliver(east, scheduled(START), scheduled(START + ONE_DAY, session_ref="next"))
    return east


async def cancel(running: Running, days: Days = SNOW, key: str = "") -> UUID:
    id, outcome = await cancelling.cancel(running, days, "snow_day", told_by="", key=key)
    assert outcome.kind in ("applied", "duplicate"), outcome
    return id


async def undo(running: Running, id: UUID) -> None:
    await cancelling.undo(running, id, told_by="")
    await swept(running)


async def status(running: Running, ref: str = "s1") -> Status:
    return (await kept(running, ids.session("east", ref))).status


async def told(running: Running, ref: str = "s1") -> list[str]:
    """What others heard of a session, in order."""
    heard = of(SessionPlanned, await outgoing(running))
    return [event.status for event in heard if event.session_id == ids.session("east", ref)]


async def test_every_session_of_the_day_is_cancelled_and_told_once_and_no_other(running: Running) -> None:
    more = [scheduled(START - timedelta(minutes=n), session_ref=f"more {n}") for n in range(20)]
    await deliver(running, *more)
    await cancel(running)
    assert await swept(running) == 21
    assert {await status(running, f"more {n}") for n in range(20)} == {Status.CANCELLED}
    assert [await told(running, f"more {n}") for n in range(20)] == [["planned", "cancelled"]] * 20
    assert (await status(running, "next"), await told(running, "next")) == (Status.PLANNED, ["planned"])


async def test_in_small_steps_each_is_cancelled_and_brought_back_once_all_the_same(running: Running) -> None:
    await deliver(running, *(scheduled(START, session_ref=f"more {n}") for n in range(9)))
    id = await cancel(running)
    assert [await one_step(running, limit=4) for _ in range(3)] == [4, 4, 2]
    await cancelling.undo(running, id, told_by="")
    assert [await one_step(running, limit=4) for _ in range(3)] == [4, 4, 2]
    await swept(running)
    assert [await told(running, f"more {n}") for n in range(9)] == [["planned", "cancelled", "planned"]] * 9


async def test_taken_back_they_come_back_and_nothing_else_is_told(running: Running) -> None:
    await undo(running, id := await cancel(running))
    assert await told(running) == ["planned"]
    await undo(running, id)
    assert (await status(running), await told(running)) == (Status.PLANNED, ["planned"])


async def test_a_session_comes_back_with_all_its_moments(running: Running) -> None:
    before = await kept(running)
    id = await cancel(running)
    await swept(running)
    assert [mark.why for mark in (await kept(running)).marks] == ["cancelled"] * 5
    await undo(running, id)
    after = await kept(running)
    assert (after.next, after.marks, after.verdict, after.plan) == (before.next, (), None, before.plan + 2)
    assert await told(running) == ["planned", "cancelled", "planned"]


async def test_what_was_told_again_since_is_left_alone_by_the_undoing(running: Running) -> None:
    """The site said of one that it is cancelled itself, of one that it was held, of one that it is at another time."""
    refs = ("s1", "held", "moved")
    await deliver(running, *(scheduled(START, session_ref=ref) for ref in refs[1:]))
    id = await cancel(running)
    await swept(running)
    moved = scheduled(START + 7 * ONE_DAY, session_ref="moved", revision=1)
    was_held = held().model_copy(update={"session_ref": "held"})
    await deliver(running, cancelled(), was_held, moved)
    expected = [Status.CANCELLED, Status.HELD, Status.PLANNED]
    assert [await status(running, ref) for ref in refs] == expected
    heard = [await told(running, ref) for ref in refs]
    await undo(running, id)
    assert [await status(running, ref) for ref in refs] == expected
    assert [await told(running, ref) for ref in refs] == heard


SINCE = [
    pytest.param(scheduled(START), "cancelled", id="the same again"),
    pytest.param(scheduled(START, minutes=60), "cancelled", id="changed without a revision"),
    pytest.param(held(held=False), "cancelled", id="not held"),
]


@pytest.mark.parametrize(("event", "refused"), SINCE)
async def test_a_cancelled_day_stands_until_a_higher_revision(running: Running, event: Event, refused: str) -> None:
    await cancel(running)
    await swept(running)
    assert [outcome.reason for outcome in await deliver(running, event)] == [refused]
    assert await status(running) is Status.CANCELLED


async def test_a_session_that_its_site_brought_back_is_not_cancelled_again_by_the_last_look(running: Running) -> None:
    await cancel(running)
    await one_step(running)
    await deliver(running, scheduled(START, revision=1))
    await swept(running)
    assert await told(running) == ["planned", "cancelled", "planned"]


async def test_a_session_told_of_later_is_not_meant(running: Running) -> None:
    await cancel(running)
    await deliver(running, scheduled(START, session_ref="later"), scheduled(START, session_ref="next", revision=1))
    await swept(running)
    assert [await status(running, ref) for ref in ("s1", "later", "next")] == [Status.CANCELLED, Status.PLANNED, Status.PLANNED]


async def test_undone_before_it_has_begun_nothing_is_cancelled(running: Running) -> None:
    id = await cancel(running)
    await cancelling.undo(running, id, told_by="")
    assert await swept(running) == 0
    assert await told(running) == ["planned"]


async def test_what_has_an_end_already_is_not_meant(running: Running) -> None:
    await deliver(running, cancelled())
    assert await cancelling.count_planned(running, SNOW) == 0
    await cancel(running)
    assert (await swept(running), await told(running)) == (0, ["planned", "cancelled"])


async def test_a_session_that_waits_for_its_mentor_is_cancelled_and_waits_again_once_undone(running: Running) -> None:
    await deliver(running, scheduled(START, session_ref="new", mentor_ref="m2"))
    id = await cancel(running)
    await swept(running)
    await deliver(running, enrolled("m2"))
    await swept(running)
    assert await status(running, "new") is Status.CANCELLED
    await undo(running, id)
    assert (await status(running, "new"), (await told(running, "new"))[-1]) == (Status.PLANNED, "planned")


async def test_a_training_that_has_gone_out_is_not_sent_again(running: Running) -> None:
    await running.pool.execute("UPDATE session SET due_at = now() WHERE id = $1", ids.session("east", "s1"))
    await fall_due(running, "session")
    id = await cancel(running)
    await swept(running)
    await undo(running, id)
    session = await kept(running)
    assert ([mark.moment for mark in session.marks], session.next and session.next.moment) == (["assign"], "nudge")


async def test_the_days_are_those_of_the_sites_own_calendar(running: Running) -> None:
    """Eleven in the evening and half past midnight in Chicago are one day in Greenwich."""
    late = datetime.combine(THE_DAY, START.time(), ZoneInfo(CHICAGO)).replace(hour=23, minute=0)
    await deliver(running, scheduled(late, session_ref="late"), scheduled(late + timedelta(minutes=90), session_ref="early"))
    await cancel(running)
    await swept(running)
    assert [await status(running, ref) for ref in ("late", "early")] == [Status.CANCELLED, Status.PLANNED]


async def test_the_same_call_again_is_the_same_until_it_is_undone(running: Running) -> None:
    first = await cancel(running)
    assert (await cancel(running), await cancel(running)) == (first, first)
    await undo(running, first)
    second = await cancel(running)
    assert second != first
    await swept(running)
    assert await status(running) is Status.CANCELLED
    assert await cancel(running, key="another") not in (first, second)


async def test_of_two_for_one_day_each_takes_back_its_own(running: Running) -> None:
    first = await cancel(running)
    await swept(running)
    await deliver(running, scheduled(START, session_ref="later"))
    second = await cancel(running, key="again")
    await swept(running)
    await undo(running, first)
    assert [await status(running, ref) for ref in ("s1", "later")] == [Status.PLANNED, Status.CANCELLED]
    await undo(running, second)
    assert await status(running, "later") is Status.PLANNED


async def test_a_site_that_nobody_knows_has_no_days(running: Running) -> None:
    west = Days("west", THE_DAY, THE_DAY + ONE_DAY)
    assert await cancelling.count_planned(running, west) is None
    _, outcome = await cancelling.cancel(running, west, "other", told_by="")
    assert (outcome.kind, outcome.reason) == ("refused", "unknown_site")
    assert (await cancelling.undo(running, uuid4(), told_by="")).reason == "unknown_cancellation"


def days(first: str, after: str) -> str:
    return Days("east", date.fromisoformat(first), date.fromisoformat(after)).fault()


@pytest.mark.parametrize(("first", "after", "words"), [
    ("2026-12-10", "2026-12-10", "end before they begin"),
    ("2026-12-10", "2026-12-09", "end before they begin"),
    ("2026-12-10", "2027-12-12", "more than a year"),
    ("1970-12-31", "1971-01-02", "between 1971 and 2199"),
    ("9999-12-30", "9999-12-31", "between 1971 and 2199"),
])  # fmt: skip
def test_days_that_cannot_be_meant_are_explained(first: str, after: str, words: str) -> None:
    assert words in days(first, after)


def test_one_day_and_one_year_are_days() -> None:
    assert (days("2026-12-10", "2026-12-11"), days("2026-12-10", "2027-12-11")) == ("", "")


async def one_step(running: Running, limit: int = 500) -> int:
    """Of a sweep that is due; its last look is not, for half a minute. Answers how many sessions were looked at."""
    async with running.connection() as conn, conn.transaction():
        return len((await apply_sweep(conn, "trigger", SERVICE.handlers, limit=limit)).outcomes)


# What supervision is told: which sessions a day has called off, once each, and which it no longer does.


async def called(running: Running) -> list[tuple[str, str]]:
    """What was told of being called off, in order."""
    names = {ids.session("east", ref): ref for ref in ("s1", "s2", "next")}
    heard = [event for event in await outgoing(running) if isinstance(event, SessionCalledOff | SessionBroughtBack)]
    return [("off" if isinstance(event, SessionCalledOff) else "back", names[event.session_id]) for event in heard]


async def test_a_session_is_told_once_as_called_off_with_its_day_and_once_as_brought_back(running: Running) -> None:
    id = await cancel(running)
    await swept(running)
    (off,) = of(SessionCalledOff, await outgoing(running))
    assert (off.cancellation_id, off.first_day, off.day_after, off.reason) == (id, THE_DAY, THE_DAY + ONE_DAY, "snow_day")
    assert (off.starts_at, off.mentor_id) == (START, ids.mentor("east", "m1"))
    await undo(running, id)
    await undo(running, id)
    assert await called(running) == [("off", "s1"), ("back", "s1")]


async def test_what_the_site_says_of_one_session_takes_it_out_of_its_day(running: Running) -> None:
    await deliver(running, scheduled(START, session_ref="s2"))
    await cancel(running)
    await swept(running)
    await deliver(running, scheduled(START + ONE_DAY, revision=1), cancelled(revision=0, session_ref="s2"))
    said = await called(running)
    assert sorted(said[:2]) == [("off", "s1"), ("off", "s2")]
    assert sorted(said[2:]) == [("back", "s1"), ("back", "s2")]
