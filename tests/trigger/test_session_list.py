"""`jitt session list`: what a site has coming, by whom, and what it says of a site or a mentor that nobody knows."""

import json
from datetime import timedelta

import pytest

from shared.contracts import ids
from shared.running import Running
from tests.driving import deliver
from tests.trigger.building import afternoon, cancelled, enrolled, scheduled
from tests.trigger.typed import jitt

START = afternoon(5)


@pytest.fixture
def running(east: Running) -> Running:
    return east


async def listed(*more: str) -> list[str]:
    told = await jitt("session", "list", "--site", "east", *more)
    assert told.exit_code == 0, told.output
    return told.stdout.splitlines()


async def test_it_lists_each_session_by_its_start_with_its_state_and_the_id_that_show_takes(running: Running):
    await deliver(running, enrolled("m2"))
    await deliver(running, scheduled(START, session_ref="later", mentor_ref="m2"))
    await deliver(running, scheduled(START - timedelta(hours=2)), cancelled(revision=1, session_ref="s1"))
    first, second, third = await listed()
    assert first == "The next 14 days at east: 2 sessions."
    assert second.startswith(f"{ids.session('east', 's1')}  ") and second.endswith(" canceled  homework_help")
    assert " pm C" in third and third.endswith(" planned   homework_help")
    assert (await jitt("session", "show", third.split()[0])).exit_code == 0


async def test_of_one_mentor_it_lists_no_other_and_beyond_the_days_nothing(running: Running):
    await deliver(running, enrolled("m2"))
    await deliver(running, scheduled(START), scheduled(START, session_ref="s2", mentor_ref="m2"))
    assert [line.split()[0] for line in (await listed("--mentor", "m2"))[1:]] == [str(ids.session("east", "s2"))]
    assert await listed("--days", "2") == ["The next 2 days at east: no sessions."]


async def test_a_session_whose_mentor_nobody_knows_is_listed_as_waiting(running: Running):
    await deliver(running, scheduled(START, mentor_ref="nobody"))
    [told] = json.loads((await jitt("session", "list", "--site", "east", "--json")).stdout)
    assert (told["status"], told["session_id"], told["minutes"]) == ("waiting", str(ids.session("east", "s1")), 45)


async def test_another_site_s_sessions_are_not_listed_and_an_unknown_site_is_said(running: Running):
    await deliver(running, scheduled(START))
    told = await jitt("session", "list", "--site", "west")
    assert (told.exit_code, "Nothing is known of the site “west” yet." in told.stderr) == (1, True)
