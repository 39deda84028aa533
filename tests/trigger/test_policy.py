"""What a site has chosen, for all its sessions or for one activity: said, looked at before it is set, and followed."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from typer.testing import Result

from services.trigger import preview, store, store_copies
from services.trigger.app import SERVICE
from services.trigger.messages import PolicyChosen
from services.trigger.moments import Timing
from services.trigger.policy import CHANGED_MEANWHILE, DEFAULT, OwnTiming, Policy, parse, written
from services.trigger.session import Session
from shared.contracts import ids
from shared.messaging.sweep import apply_sweep
from shared.running import Running
from tests.driving import deliver, fall_due, outgoing
from tests.trigger.building import afternoon, enrolled, scheduled, site_described
from tests.trigger.typed import jitt

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
WAITS_FOR_A_LOCK = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
NOW = datetime(2026, 12, 8, 10, tzinfo=UTC)  # a Tuesday


async def swept(running: Running) -> int:
    """Runs every sweep to its end; answers how many sessions were looked at."""
    looked = 0
    while await running.pool.execute("UPDATE sweep SET due_at = now()") != "UPDATE 0":
        async with running.connection() as conn, conn.transaction():
            looked += len((await apply_sweep(conn, "trigger", SERVICE.handlers)).outcomes)
    return looked


async def kept(running: Running, ref: str = "s1") -> Session:
    session = await store.find_session(running.pool, ids.session("east", ref))
    assert session is not None
    return session


def moments_of(told: Result) -> dict[str, tuple[str, str | None]]:
    """When each moment comes, in UTC, or why it does not."""
    return {m["moment"]: (m["at"] or m["why"], m["moved"]) for m in json.loads(told.stdout)["moments"]}


async def test_a_policy_is_shown_in_sentences_and_changed_by_what_is_named(running: Running):
    before = (await jitt("policy", "show", "east")).stdout
    assert "As everyone starts." in before
    assert "Quiet from 9:00 pm to 7:00 am" in before
    told = await jitt("policy", "set", "east", "--quiet-from", "20:30", "--nudge", "6")
    assert "The site's own choice, version 1." in told.stdout
    assert "Quiet from 8:30 pm to 7:00 am" in told.stdout
    assert "6 hours before: a reminder" in told.stdout
    found = await store_copies.get_policy(running.pool, "east")
    assert found == replace(DEFAULT, version=1, timing=replace(Timing(), quiet_from=found.timing.quiet_from, nudge=6 * HOUR))
    await jitt("policy", "set", "east", "--nudge", "6")
    assert json.loads((await jitt("policy", "show", "east", "--json")).stdout)["version"] == 1


async def test_a_policy_that_contradicts_itself_is_not_taken(running: Running):
    told = await jitt("policy", "set", "east", "--nudge", "2")
    assert (told.exit_code, "The reminder must come before the quiz is due" in told.stderr) == (1, True)
    assert (await jitt("policy", "set", "east", "--quiet-from", "9pm")).exit_code == 2
    assert await store_copies.get_policy(running.pool, "east") == DEFAULT


def chosen(document: Policy) -> PolicyChosen:
    return PolicyChosen(site_id="east", document=written(document))


async def test_of_two_who_change_the_same_version_at_once_one_is_told_to_look_again(running: Running):
    await deliver(running, chosen(DEFAULT))
    before = await store_copies.get_policy(running.pool, "east")
    wishes = [replace(before, timing=replace(before.timing, nudge=hours * HOUR)) for hours in (6, 7, 8)]
    told = await asyncio.gather(*(running.submit(chosen(wish), id=str(uuid4()), source="command") for wish in wishes))
    taken = [wish for wish, outcome in zip(wishes, told, strict=True) if outcome.kind == "applied"]
    assert sorted((outcome.kind, outcome.reason) for outcome in told)[1:] == [("refused", CHANGED_MEANWHILE)] * 2
    assert await store_copies.get_policy(running.pool, "east") == replace(taken[0], version=before.version + 1)


async def test_of_two_first_choices_at_once_one_is_told_to_look_again(running: Running):
    wishes = [Policy(training_minutes=minutes) for minutes in (2, 3)]
    told = await asyncio.gather(*(running.submit(chosen(wish), id=str(uuid4()), source="command") for wish in wishes))
    assert sorted(outcome.kind for outcome in told) == ["applied", "refused"]
    assert (await store_copies.get_policy(running.pool, "east")).version == 1


async def test_a_change_that_overtakes_a_command_is_kept_and_the_command_says_so(running: Running):
    """The command has read version 1 and waits for the row, when version 2 is committed."""
    await deliver(running, chosen(Policy(training_minutes=4)))
    async with running.connection() as conn:
        async with conn.transaction():
            await conn.execute("SELECT FROM policy FOR UPDATE")
            typed = asyncio.create_task(jitt("policy", "set", "east", "--nudge", "6"))
            async with asyncio.timeout(20):
                while not await running.pool.fetchval(WAITS_FOR_A_LOCK):
                    assert not typed.done(), typed.result().output
            other = written(Policy(version=2, training_minutes=3))
            await conn.execute("UPDATE policy SET version = 2, document = $1", other)
        told = await typed
    assert (told.exit_code, told.stderr.startswith("Somebody changed the policy of east meanwhile")) == (1, True)
    assert await store_copies.get_policy(running.pool, "east") == Policy(version=2, training_minutes=3)
    assert (await jitt("policy", "set", "east", "--nudge", "6")).exit_code == 0


async def test_the_same_wish_twice_is_one_change_and_no_conflict(running: Running):
    wish = Policy(training_minutes=4)
    assert [outcome.kind for outcome in await deliver(running, chosen(wish), chosen(wish))] == ["applied", "applied"]
    assert await store_copies.get_policy(running.pool, "east") == replace(wish, version=1)


async def test_sessions_follow_their_sites_policy_and_remember_its_version(running: Running):
    early = Policy(timing=replace(Timing(), assign_days=3), training_minutes=3)
    await deliver(running, site_described(), enrolled(), chosen(early))
    await deliver(running, scheduled(afternoon(2)))
    assert await running.pool.fetchval("SELECT policy_version FROM session") == 1
    assert await fall_due(running, "session") == 1  # inside three days: at once
    requests = [event for event in await outgoing(running) if event.TYPE == "trigger.content_requested.v1"]
    assert [getattr(request, "training_minutes", None) for request in requests] == [3]


async def test_an_activity_has_its_own_timing_and_the_rest_stays_the_sites(running: Running):
    told = await jitt("policy", "set", "east", "--activity", "first_meeting", "--last-call", "60")
    assert "1 hour before: a last call" in told.stdout.splitlines()[-1]
    assert "30 minutes before: a last call" in told.stdout
    await jitt("policy", "set", "east", "--nudge", "6")
    policy = await store_copies.get_policy(running.pool, "east")
    assert policy.version == 2
    assert policy.timing_of("first_meeting") == replace(Timing(), last_call=HOUR, nudge=6 * HOUR)
    assert policy.timing_of("homework_help") == replace(Timing(), nudge=6 * HOUR)


async def test_an_exception_is_taken_away_again(running: Running):
    await jitt("policy", "set", "east", "--activity", "first_meeting", "--last-call", "60")
    told = await jitt("policy", "set", "east", "--activity", "first_meeting", "--as-site")
    assert (told.exit_code, "Only for" in told.stdout) == (0, False)
    assert await store_copies.get_policy(running.pool, "east") == replace(DEFAULT, version=2)


@pytest.mark.parametrize(("words", "code", "says"), [
    (("--activity", "first_meating", "--nudge", "6"), 2, "Did you mean first_meeting?"),
    (("--activity", "first_meeting"), 2, "Say what is different for first_meeting"),
    (("--activity", "first_meeting", "--quiet-to", "8:00"), 2, "set them without --activity"),
    (("--as-site",), 2, "name the --activity"),
    (("--activity", "first_meeting", "--nudge", "2"), 1, "First meeting: The reminder must come before the quiz is due"),
])  # fmt: skip
async def test_what_cannot_be_set_is_explained(running: Running, words: tuple[str, ...], code: int, says: str):
    told = await jitt("policy", "set", "east", *words)
    assert (told.exit_code, says in told.stderr) == (code, True), told.stderr
    assert await store_copies.get_policy(running.pool, "east") == DEFAULT


async def test_a_site_that_changes_makes_an_exception_contradict_it_and_is_told_which(running: Running):
    await jitt("policy", "set", "east", "--activity", "first_meeting", "--quiz-by", "4")
    told = await jitt("policy", "set", "east", "--nudge", "3.5")
    assert (told.exit_code, told.stderr.startswith("First meeting: ")) == (1, True)


async def test_a_change_for_one_activity_reaches_sessions_planned_already_once_each(running: Running):
    await deliver(running, site_described(), enrolled("m1"))
    await deliver(running, scheduled(afternoon(9)), scheduled(afternoon(9), session_ref="s2", activity="first_meeting"))
    own = Policy(activities={"first_meeting": OwnTiming(assign_days=3)})
    await deliver(running, chosen(own))
    assert await swept(running) == 2
    assert await swept(running) == 0
    assert [(await kept(running, ref)).due_at for ref in ("s1", "s2")] == [afternoon(8), afternoon(6)]
    assert [(await kept(running, ref)).policy_version for ref in ("s1", "s2")] == [1, 1]


async def test_a_session_keeps_its_activitys_timing_through_its_later_moments(running: Running):
    own = Policy(activities={"first_meeting": OwnTiming(nudge=2 * HOUR, quiz_by=HOUR)})
    await deliver(running, site_described(), enrolled("m1"), chosen(own))
    await deliver(running, scheduled(afternoon(3), activity="first_meeting"))
    await running.pool.execute("UPDATE session SET due_at = now()")
    await fall_due(running, "session")
    session = await kept(running)
    assert (session.next and session.next.at, session.quiz_by) == (afternoon(3) - 2 * HOUR, afternoon(3) - HOUR)


async def test_a_preview_has_each_moment_with_its_time_or_why_it_does_not_come(running: Running):
    await deliver(running, site_described())
    told = await jitt("policy", "preview", "east", "--session", "2026-12-10 16:00", "--mentor-zone", "Asia/Tokyo", "--json")
    assert moments_of(told) == {
        "assign": ("2026-12-09T22:00:00Z", None),
        "nudge": ("2026-12-10T09:30:00Z", "quiet_hours"),
        "quiz_by": ("2026-12-10T11:30:00Z", "quiet_hours"),
        "last_call": ("quiet_hours", None),
        "check_in": ("2026-12-10T23:00:00Z", None),
    }
    words = (await jitt("policy", "preview", "east", "--session", "2026-12-10 16:00", "--mentor-zone", "Asia/Tokyo")).stdout
    assert "A session on Thursday, December 10, at 4:00 pm in America/Chicago" in words
    assert "Reminder: Thursday, December 10 at 3:30 am (6:30 pm for the mentor), moved out of the mentor's quiet hours." in words
    assert "No last call: it would fall into the mentor's quiet hours." in words


async def test_a_preview_shows_what_options_would_change_and_saves_nothing(running: Running):
    await deliver(running, site_described())
    words = ("policy", "preview", "east", "--session", "2026-12-10 16:00", "--activity", "first_meeting", "--last-call", "60")
    assert moments_of(await jitt(*words, "--json"))["last_call"] == ("2026-12-10T21:00:00Z", None)
    assert "This is not saved." in (await jitt(*words)).stdout
    assert "This is not saved." not in (await jitt(*words[:-2])).stdout
    assert await store_copies.get_policy(running.pool, "east") == DEFAULT


async def test_a_preview_of_a_session_announced_late_says_what_is_left_out(running: Running):
    told = await jitt("policy", "preview", "east", "--session", "2026-12-10 16:00", "--zone", "America/Chicago", "--notice", "1",
                      "--json")  # fmt: skip
    found = moments_of(told)
    assert found["assign"] == ("2026-12-10T21:00:00Z", "announced_late")
    assert found["quiz_by"] == ("2026-12-10T21:45:00Z", "announced_late")
    assert found["nudge"] == ("already_past", None)


@pytest.mark.parametrize(("words", "says"), [
    (("--session", "someday"), "“someday” is no start of a session"),
    (("--session", "Thu 16:00", "--mentor-zone", "Mars/Base"), "“Mars/Base” is no time zone"),
])  # fmt: skip
async def test_a_preview_that_cannot_be_made_says_what_to_write(running: Running, words: tuple[str, ...], says: str):
    await deliver(running, site_described())
    told = await jitt("policy", "preview", "east", *words)
    assert (told.exit_code, says in told.stderr) == (2, True)


async def test_a_preview_of_a_site_nobody_knows_asks_for_a_zone(running: Running):
    told = await jitt("policy", "preview", "nowhere", "--session", "Thu 16:00")
    assert (told.exit_code, "Nothing is known of the site “nowhere” yet" in told.stderr) == (1, True)


@pytest.mark.parametrize(("text", "start"), [
    ("Thu 16:00", "2026-12-10T16:00"),
    ("tuesday 9:30", "2026-12-15T09:30"),  # half an hour ago: a week from now
    ("Tue 10:30", "2026-12-08T10:30"),
    ("tomorrow 0:30", "2026-12-09T00:30"),
    ("2027-03-14 16:00", "2027-03-14T16:00"),
    ("16:00", None),
    ("th 16:00", None),
    ("2026-13-01 16:00", None),
    ("Thu 25:00", None),
    ("", None),
])  # fmt: skip
def test_a_start_is_written_as_people_say_it(text: str, start: str | None):
    assert preview.wall_clock(text, NOW) == (datetime.fromisoformat(start) if start else None)


def test_a_policy_from_before_there_were_exceptions_is_read_as_it_was():
    assert parse('{"version": 3, "training_minutes": 4}') == Policy(version=3, training_minutes=4)
