"""“Send me a new link”: asked once a day, seen by the supervisor, and nothing is given away by it."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.assessment import link_requests
from services.assessment.link_requests import LinkRequest
from services.assessment.messages import LinkAsked
from shared.contracts.assessment import LinkRequested
from shared.contracts.event import Refused
from tests.assessment.building import MENTOR, SINGLE, TRAINING, enrolled
from tests.assessment.visiting import HERE, arrive, told
from tests.driving import deliver, outgoing

NOW = datetime(2026, 12, 28, 17, tzinfo=UTC)
ASKED = LinkAsked(mentor_id=MENTOR, site_id="east", training_id=TRAINING)
LAST = LinkRequest(MENTOR, "east", UUID(int=1), NOW)


def test_a_request_tells_whose_link_it_was_and_when():
    state, events = link_requests.asked(None, ASKED, NOW, None)
    assert state == LinkRequest(MENTOR, "east", TRAINING, NOW)
    assert events == [LinkRequested(mentor_id=MENTOR, site_id="east", training_id=TRAINING, requested_at=NOW)]


def test_a_day_has_one_request_and_the_next_day_another():
    within, after = NOW + timedelta(hours=23, minutes=59), NOW + timedelta(hours=24)
    assert link_requests.asked(LAST, ASKED, within, None) == Refused("already_requested")
    assert link_requests.asked(LAST, ASKED, after, None)[0] == LinkRequest(MENTOR, "east", TRAINING, after)


async def test_the_page_of_an_expired_link_asks_for_a_new_one_and_says_who_sees_it(phone, link):
    await arrive(phone.running, SINGLE)
    await phone.open(f"/t/{link(days=-1)}")
    assert (phone.status, phone.heading) == (410, "This link has expired.")
    assert "Call 555 555 0100" in phone.words
    await phone.press("/new-link")
    assert (phone.status, phone.heading) == (410, "This link has expired.")
    assert re.search(r"You asked for a new link (today|yesterday) at \d+:\d\d [ap]m\. A mail with the new link goes", phone.words)
    assert "Your supervisor sees that you asked." in phone.words
    assert "Send me a new link" not in phone.words
    assert await told(phone.running) == ["link_requested"]


async def test_asking_again_and_again_is_one_request(phone, link):
    await arrive(phone.running, SINGLE)
    expired = link(days=-1)
    for _ in range(3):
        await phone.post(f"/t/{expired}/new-link")
    await phone.post(f"/t/{link(UUID(int=77), days=-1)}/new-link")  # another old link of the same mentor
    assert await told(phone.running) == ["link_requested"]


async def test_a_new_link_is_never_shown_where_it_was_asked_for(phone, link):
    await arrive(phone.running, SINGLE)
    expired = link(days=-1)
    response = await phone.client.post(f"/t/{expired}/new-link")
    assert (response.status_code, response.headers["location"]) == (303, f"/t/{expired}")
    assert "set-cookie" not in response.headers
    await phone.open(response.headers["location"])
    assert link() not in phone.html
    assert "Say it back" not in phone.words


async def test_the_request_is_known_with_the_roster_alone(phone, link):
    """The training may be gone long since, or never have come here."""
    await deliver(phone.running, enrolled())
    await phone.post(f"/t/{link(UUID(int=5), days=-1)}/new-link")
    [event] = await outgoing(phone.running)
    assert (event.mentor_id, event.site_id, event.training_id) == (MENTOR, "east", UUID(int=5))


async def test_a_link_of_nobody_known_here_offers_nothing(phone, link):
    await phone.open(f"/t/{link(days=-1)}")
    assert (phone.status, "Send me a new link" in phone.words) == (410, False)
    await phone.post(f"/t/{link(days=-1)}/new-link")
    assert (phone.status, await told(phone.running)) == (410, [])


async def test_a_good_link_goes_to_its_training_instead(phone, link):
    await arrive(phone.running, SINGLE)
    await phone.post(f"/t/{link()}/new-link")
    assert (phone.status, phone.heading) == (200, "Say it back before you advise")
    assert await told(phone.running) == []


async def test_a_revoked_link_asks_for_nothing_even_when_it_has_expired_too(phone, link):
    await arrive(phone.running, SINGLE)
    await deliver(phone.running, enrolled(link_epoch=2, revision=2))
    await phone.post(f"/t/{link(days=-1)}/new-link")
    assert (phone.status, phone.heading) == (410, "This link is no longer in use.")
    assert await told(phone.running) == []


async def test_a_forged_link_asks_for_nothing(phone):
    await arrive(phone.running, SINGLE)
    for ref in ("x.y", str(TRAINING)):
        await phone.post(f"/t/{ref}/new-link")
        assert phone.status == 404
    assert await told(phone.running) == []


async def test_reading_the_page_of_an_expired_link_asks_for_nothing(phone, link):
    await arrive(phone.running, SINGLE)
    for path in (f"/t/{link(days=-1)}", f"{HERE}/new-link"):
        await phone.open(path)
    assert await told(phone.running) == []
