"""A call for help from the page of a check-in: taken at any time, kept in an outage, and said to be delivered when it is."""

import re
from datetime import timedelta

from services.assessment import calls
from tests.assessment.building import MENTOR, SESSION
from tests.assessment.checking_in import arrive, link_to, opened, over
from tests.assessment.test_calls import database_down
from tests.driving import outgoing

HOUR = timedelta(hours=1)


async def test_a_call_is_asked_for_from_the_page_of_a_check_in_and_said_to_be_delivered_when_it_is(phone, monkeypatch):
    monkeypatch.setattr(calls, "SOON", 0.0)
    await opened(phone, over(ago=100 * HOUR))
    talk = re.search(r'href="(/talk/[^"]+)"', phone.html)[1].replace("&amp;", "&")
    await phone.open(talk)
    await phone.press("/call", kind="now")
    assert (phone.status, phone.heading) == (202, "Not delivered yet. Please call.")
    [event] = await outgoing(phone.running)
    assert (event.TYPE, event.kind, event.session_id, event.mentor_id) == ("assessment.call_requested.v1", "now", SESSION, MENTOR)
    await phone.running.pool.execute("DELETE FROM outbox")
    await phone.open(f"{phone.path}?kind=now")
    assert (phone.status, phone.heading) == (200, "Your supervisor has been asked to call you")
    assert "Back to my check-in" in phone.words


async def test_with_the_database_down_after_a_call_was_taken_its_page_gives_the_numbers(phone):
    await opened(phone)
    await calls.keep_numbers(phone.running, {})
    await phone.post(f"/c/{link_to()}/call", kind="now", site="east")
    page = phone.path
    async with database_down(phone):
        await phone.open(f"{page}?kind=now&site=east")
    assert (phone.status, phone.heading) == (202, "Not delivered yet. Please call.")
    assert 'href="tel:5555550100"' in phone.html and f'href="{page.partition("/call/")[0]}"' in phone.html


async def test_a_call_is_taken_also_when_the_session_is_another_mentors_by_now(phone):
    await opened(phone, over(mentor_id=SESSION))
    await phone.post(f"/c/{link_to()}/call", kind="now", site="east")
    [event] = await outgoing(phone.running)
    assert (event.TYPE, event.mentor_id, event.session_id) == ("assessment.call_requested.v1", MENTOR, None)


async def test_the_same_call_twice_is_one(phone):
    await opened(phone)
    for _ in range(3):
        await phone.post(f"/c/{link_to()}/call", kind="can_wait", request="0c6a0b5c-7d52-4a5e-9d64-0d3a5f6f0a11")
    assert len(await outgoing(phone.running)) == 1


async def test_a_call_that_does_not_go_through_says_so(phone):
    await arrive(phone.running)
    await phone.post("/c/nonsense/call", kind="now", site="east")
    assert phone.status == 503 and "Nobody was told yet." in phone.words


async def test_in_an_outage_a_call_is_kept_and_delivered_once(phone):
    await opened(phone)
    await calls.keep_numbers(phone.running, {})
    async with database_down(phone):
        await phone.post(f"/c/{link_to()}/call", kind="now", site="east")
        assert (phone.status, phone.heading) == (202, "Not delivered yet. Please call.")
        assert 'href="tel:5555550100"' in phone.html
        page = phone.path
    await phone.open(f"{page}?kind=now&site=east")
    assert phone.heading == "Not delivered yet. Please call."
    assert (await calls.deliver_kept(phone.running), await calls.deliver_kept(phone.running)) == (1, 0)
    [event] = await outgoing(phone.running)
    assert (event.kind, event.session_id, event.mentor_id) == ("now", SESSION, MENTOR)
    await phone.running.pool.execute("DELETE FROM outbox")
    await phone.open(f"{page}?kind=now&site=east")
    assert phone.heading == "Your supervisor has been asked to call you"


async def test_a_kept_call_waits_for_its_session_and_ends_with_its_link(phone):
    await opened(phone)
    async with database_down(phone):
        await phone.post(f"/c/{link_to()}/call", kind="now", site="east")
    await phone.running.pool.execute("UPDATE planned_session SET session_id = $1", MENTOR)
    assert await calls.deliver_kept(phone.running) == 0
    await phone.running.pool.execute("UPDATE planned_session SET session_id = $1", SESSION)
    await phone.running.pool.execute("UPDATE roster SET document = jsonb_set(document, '{link_epoch}', '2')")
    assert await calls.deliver_kept(phone.running) == 0
    assert list((phone.running.settings.home / "calls").iterdir()) == []
    assert await outgoing(phone.running) == []
