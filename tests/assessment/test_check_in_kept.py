"""A check-in that a phone kept: taken once, at the time it was said, after what was said before and not after what came later."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.assessment import check_in_offline
from services.assessment.check_in_visits import CheckInVisit
from services.assessment.visits import PAGES
from shared.pages import languages
from shared.security import Link
from tests.assessment.building import MENTOR, SESSION, enrolled, site
from tests.assessment.checking_in import ALL, STEPS, arrive, link_to, opened, over, said
from tests.driving import deliver, outgoing

MINUTE = 60_000.0
HOUR = 60 * MINUTE
PATH = f"/c/{SESSION}"


def form(age=0.0, **changes):
    fields = ALL | changes
    return {"path": "", "fields": [[name, value] for name, value in fields.items() if value], "age": age}


def call(kind="now", id_=None):
    return {"path": "call", "fields": [["kind", kind], ["request", str(id_ or uuid4())]], "age": MINUTE}


async def send(phone, *forms, ref=None):
    response = await phone.client.post(f"/c/{ref or link_to()}/kept", json={"forms": list(forms)})
    return response.json() if response.status_code == 200 else response.status_code


def near(at, other):
    return abs(at - other) < timedelta(seconds=20)


async def test_a_kept_check_in_is_taken_at_the_time_it_was_said_and_once(phone):
    await arrive(phone.running, over(ago=timedelta(hours=3)))
    kept = form(2 * HOUR, talk="today")
    wanted = {"results": ["sent"], "said": "Your check-in is sent.", "done": True, "stays": False}
    assert await send(phone, kept) == wanted
    assert await send(phone, {**kept, "age": 2 * HOUR + MINUTE}) == wanted
    [event] = await said(phone.running)
    assert near(event.at, datetime.now(UTC) - timedelta(hours=2))
    assert (event.wants_to_talk, event.revision, event.sent_at) == ("today", 1, event.at)


async def test_what_was_said_later_from_another_phone_stands_also_when_the_kept_one_comes_after_it(phone):
    await opened(phone, over(ago=timedelta(hours=3)))
    await phone.post(f"/c/{link_to()}", **ALL)
    got = await send(phone, form(HOUR, talk="week"))
    assert (got["results"], got["stays"]) == (["again"], True)
    assert got["said"] == "You had sent another check-in for this session afterwards. That one counts."
    assert [event.wants_to_talk for event in await said(phone.running)] == ["no"]


async def test_one_that_was_sent_on_an_earlier_day_counts_and_is_not_said_to_have_come_later(phone):
    """Whoever asked for a talk in the one that does not count has to know that nobody was told."""
    await arrive(phone.running, over(ago=timedelta(hours=71)))
    await send(phone, form(50 * HOUR))
    got = await send(phone, form(HOUR, talk="today"))
    assert (got["results"], got["stays"], "afterwards" in got["said"]) == (["again"], True, False)
    assert got["said"].endswith("on another day. That one counts. Do you want to talk? Call your site.")
    assert [event.wants_to_talk for event in await said(phone.running)] == ["no"]


async def test_a_change_that_was_kept_follows_what_it_changes(phone):
    await arrive(phone.running, over(ago=timedelta(hours=3)))
    forms = [form(2 * HOUR), form(HOUR, **{f"step-{STEPS[0]}": "no"})]
    for _ in range(2):
        assert (await send(phone, *forms))["said"] == "Your check-in is sent."
    assert [event.revision for event in await said(phone.running)] == [1, 2]


@pytest.mark.parametrize(
    ("ago", "age", "taken"), [(71, 0.1, "sent"), (100, 40, "sent"), (100, 1, "refused"), (122, 60, "refused")]
)
async def test_what_was_said_in_time_is_taken_for_two_days_more(phone, ago, age, taken):
    await arrive(phone.running, over(ago=timedelta(hours=ago)))
    got = await send(phone, form(age * HOUR))
    assert got["results"] == [taken]
    assert ("too late" in got["said"]) == (taken == "refused")


@pytest.mark.parametrize("age", [-9e12, 1e15])
async def test_a_clock_that_jumped_puts_nothing_before_the_sessions_end_or_after_now(phone, age):
    session = over(ago=timedelta(hours=1))
    await arrive(phone.running, session)
    await send(phone, form(age))
    [event] = await said(phone.running)
    assert near(event.at, datetime.now(UTC) if age < 0 else session.starts_at + timedelta(minutes=session.minutes))


async def test_a_session_that_was_called_off_meanwhile_takes_nothing_and_says_so(phone):
    await arrive(phone.running)
    await deliver(phone.running, over(status="cancelled", revision=2))
    got = await send(phone, form())
    assert (got["results"], "was called off" in got["said"], got["stays"]) == (["refused"], True, True)


async def test_a_session_that_was_moved_to_a_later_hour_keeps_it_waiting_and_leaves_no_trace(phone):
    session = over()
    await arrive(phone.running, session)
    await deliver(phone.running, session.model_copy(update={"starts_at": datetime.now(UTC), "revision": 2}))
    before = await phone.running.pool.fetchval("SELECT count(*) FROM inbox")
    assert [(await send(phone, form()))["results"] for _ in range(3)] == [["wait"]] * 3
    assert await phone.running.pool.fetchval("SELECT count(*) FROM inbox") == before
    await deliver(phone.running, session.model_copy(update={"revision": 3}))
    assert (await send(phone, form()))["results"] == ["sent"]


async def test_a_plan_that_changed_meanwhile_asks_for_the_form_once_more(phone):
    await arrive(phone.running)
    await deliver(phone.running, over(activity="first_meeting", revision=2))
    got = await send(phone, form())
    assert (got["results"], "fill it in once more" in got["said"]) == (["refused"], True)


async def test_a_kept_call_is_asked_for_once(phone):
    await arrive(phone.running)
    asks = call()
    for _ in range(2):
        assert (await send(phone, asks))["results"] == ["sent"]
    assert [(e.TYPE, e.kind) for e in await outgoing(phone.running)] == [("assessment.call_requested.v1", "now")]


async def test_a_session_that_is_not_here_yet_keeps_it_waiting_and_a_broken_link_says_nothing(phone):
    assert (await send(phone, form()))["results"] == ["wait"]
    assert await send(phone, form(), ref="no.link") == 404


@pytest.mark.parametrize("body", ['{"forms": [{"path": "start", "fields": [], "age": 0}]}', "[]", ""])
async def test_what_no_phone_of_ours_sends_is_refused_as_a_whole(phone, body):
    await arrive(phone.running)
    headers = {"content-type": "application/json"}
    assert (await phone.client.post(f"/c/{link_to()}/kept", content=body, headers=headers)).status_code == 422


async def test_what_a_phone_gets_is_small_holds_no_link_and_is_gone_once_it_was_sent(phone):
    token = link_to()
    await arrive(phone.running)
    response = await phone.client.get(f"/c/{token}/offline", headers={"accept-encoding": "gzip"})
    assert int(response.headers["content-length"]) < 12 * 1024
    assert token not in response.text and json.loads(response.text)["id"] == str(SESSION)
    await send(phone, form())
    response = await phone.client.get(f"/c/{token}/offline")
    assert (response.status_code, response.json()["reason"]) == (410, "done")


async def test_the_worker_of_check_ins_is_for_their_pages_alone(phone):
    response = await phone.client.get("/c/worker.js")
    assert (response.headers["service-worker-allowed"], '"of": "c"' in response.text) == ("/c/", True)


async def test_removing_a_check_in_from_the_phone_removes_its_cookie(phone):
    await opened(phone)
    await phone.post(f"/c/{link_to()}", **ALL)
    assert phone.path == PATH
    await phone.post(f"{PATH}/forget")
    assert phone.heading == "This check-in is no longer on this phone"
    await phone.open(PATH)
    assert phone.status == 404


@pytest.mark.parametrize(("name", "keeps"), [("offline", True), ("forget", True), ("forgotten", False)])
def test_the_page_that_says_that_it_is_gone_from_the_phone_does_not_keep_it_again(name, keeps):
    """The script of a page asks the worker to keep what the address names, which may still be the link."""
    link, language = Link("check_in", SESSION, MENTOR, 1), languages.spoken(PAGES, "en")
    visit = CheckInVisit(link_to(), link, datetime.now(UTC), over(), None, enrolled(), site(), language, keeps=True)
    there = check_in_offline.page(visit, name), check_in_offline.bundle(visit)["pages"][name].encode()
    assert [b"mentor.js" in getattr(one, "body", one) for one in there] == [keeps, keeps]
