"""What a fact that arrives or changes means to sessions that are there already."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from services.trigger import store, store_copies
from services.trigger.app import SERVICE
from services.trigger.messages import PolicyChosen
from services.trigger.moments import Timing
from services.trigger.policy import Policy, written
from services.trigger.session import Session, Status
from shared.contracts import ids
from shared.contracts.supervision import Clearance
from shared.contracts.trigger import SessionPlanned
from shared.messaging.sweep import STEP, apply_sweep
from shared.running import Running
from tests.driving import deliver, fall_due, outgoing
from tests.trigger.building import afternoon, enrolled, held, of, scheduled, site_described

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SESSION = ids.session("east", "s1")


async def swept(running: Running, limit: int = STEP) -> int:
    """Runs every sweep to its end, last looks too; answers how many sessions were looked at."""
    looked = 0
    while await running.pool.execute("UPDATE sweep SET due_at = now()") != "UPDATE 0":
        async with running.connection() as conn, conn.transaction():
            looked += len((await apply_sweep(conn, "trigger", SERVICE.handlers, limit=limit)).outcomes)
    return looked


async def kept(running: Running, id: UUID = SESSION) -> Session:
    session = await store.find_session(running.pool, id)
    assert session is not None
    return session


async def choose(running: Running, site_id: str = "east", minutes: int = 5, **timing: object) -> None:
    before = await store_copies.get_policy(running.pool, site_id)
    chosen = Policy(before.version, replace(Timing(), **timing), minutes)
    await deliver(running, PolicyChosen(site_id=site_id, document=written(chosen)))


async def test_sessions_that_wait_wake_when_their_mentor_is_enrolled(running: Running):
    await deliver(running, site_described())
    await deliver(running, *(scheduled(afternoon(3 + n), session_ref=f"s{n}", mentor_ref=f"m{n % 2}") for n in range(4)))
    await deliver(running, enrolled("m1"))
    assert await swept(running) == 2
    assert [(await kept(running, ids.session("east", f"s{n}"))).status for n in range(4)] == ["waiting", "planned"] * 2
    assert {event.mentor_id for event in of(SessionPlanned, await outgoing(running))} == {ids.mentor("east", "m1")}


async def test_a_session_wakes_only_when_the_last_fact_is_there(running: Running):
    await deliver(running, scheduled(afternoon(3)))
    await deliver(running, enrolled("m1"))
    await swept(running)
    assert (await kept(running)).status is Status.WAITING
    await deliver(running, site_described())
    await swept(running)
    assert (await kept(running)).status is Status.PLANNED


async def test_a_fact_that_nobody_waits_for_starts_no_sweep(running: Running):
    cleared = (Clearance(function="academic_help", state="cleared"),)
    await deliver(running, site_described(), enrolled("m1"), scheduled(afternoon(3)))
    await deliver(running, site_described(revision=2, phone="555-0199"), enrolled("m1", revision=2, clearances=cleared))
    assert await running.pool.fetchval("SELECT count(*) FROM sweep") == 0


async def test_a_policy_reaches_the_sessions_whose_training_has_not_gone_out(running: Running):
    await deliver(running, site_described(), enrolled("m1"))
    await deliver(running, scheduled(afternoon(3), session_ref="gone-out"), scheduled(afternoon(9)))
    gone_out = ids.session("east", "gone-out")
    await running.pool.execute("UPDATE session SET due_at = now() WHERE id = $1", gone_out)
    await fall_due(running, "session")
    await choose(running, quiz_by=2 * HOUR)
    assert await swept(running) == 1
    new, old = await kept(running), await kept(running, gone_out)
    assert (new.policy_version, new.quiz_by) == (1, afternoon(9) - 2 * HOUR)
    assert (old.policy_version, old.quiz_by) == (0, afternoon(3) - 3 * HOUR)
    assert of(SessionPlanned, await outgoing(running))[-1].quiz_by == afternoon(9) - 2 * HOUR


async def test_a_session_keeps_the_policy_it_was_planned_with_through_its_later_moments(running: Running):
    await deliver(running, site_described(), enrolled("m1"))
    await choose(running, last_call=timedelta(minutes=45))
    await deliver(running, scheduled(afternoon(3)))
    await running.pool.execute("UPDATE session SET due_at = now()")
    await fall_due(running, "session")
    await choose(running, last_call=timedelta(minutes=10))
    await swept(running)
    for _ in range(2):
        await running.pool.execute("UPDATE session SET due_at = now()")
        await fall_due(running, "session")
    session = await kept(running)
    assert (session.policy_version, session.next and session.next.at) == (1, afternoon(3) - timedelta(minutes=45))


async def test_a_policy_that_changes_nothing_others_know_of_is_not_told_to_them(running: Running):
    await deliver(running, site_described(), enrolled("m1"))
    await deliver(running, scheduled(afternoon(9)))
    told = len(await outgoing(running))
    await choose(running, assign_days=2, minutes=3)
    await swept(running)
    session = await kept(running)
    assert (session.policy_version, len(await outgoing(running))) == (1, told)


async def test_a_mentor_who_moves_to_another_clock_hears_from_us_by_that_clock(running: Running):
    await deliver(running, site_described(), enrolled("m1"))
    await deliver(running, scheduled(afternoon(9)))
    await deliver(running, enrolled("m1", revision=2, time_zone="Asia/Tokyo"))
    assert await swept(running) == 1
    session = await kept(running)
    assert session.mentor_zone == "Asia/Tokyo"
    assert session.quiz_by == afternoon(9).replace(hour=11, minute=30)  # 8:30 pm in Tokyo, before quiet begins


async def test_a_sites_new_clock_counts_for_mentors_without_one_of_their_own(running: Running):
    await deliver(running, site_described(), enrolled("m1", time_zone=""), enrolled("m2"))
    await deliver(running, scheduled(afternoon(9)), scheduled(afternoon(9), session_ref="s2", mentor_ref="m2"))
    await deliver(running, site_described(revision=2, time_zone="Europe/Sofia"))
    await swept(running)
    zones = [(await kept(running, ids.session("east", ref))).mentor_zone for ref in ("s1", "s2")]
    assert zones == ["Europe/Sofia", "America/Chicago"]


async def test_a_policy_of_one_site_is_nothing_to_another(running: Running):
    await deliver(running, site_described(), enrolled("m1"))
    await deliver(running, scheduled(afternoon(9)))
    await choose(running, "west", quiet_from=time(20))
    assert await swept(running) == 0
    assert (await kept(running)).policy_version == 0


async def test_a_session_announced_and_held_in_one_batch_checks_in_by_its_sites_policy(running: Running):
    await deliver(running, site_described(), enrolled("m1"))
    await choose(running, check_in=2 * HOUR, quiet_from=time(0), quiet_to=time(0))
    just_now = datetime.now(UTC).replace(microsecond=0) - HOUR
    await deliver(running, scheduled(just_now), held())
    session = await kept(running)
    assert (session.status, session.next and session.next.at) == (Status.HELD, just_now + timedelta(minutes=45) + 2 * HOUR)
