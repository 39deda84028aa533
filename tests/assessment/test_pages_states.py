"""What the mentor's pages say when a training is not simply open: links that do not work, sessions that change, what is done."""

import pytest

from shared.pages import times
from tests.assessment.building import CARDS, OPEN, SINGLE, TRAINING, ZONE, assigned, enrolled, planned, published, site
from tests.assessment.visiting import HERE, arrive, begin, soon, told
from tests.driving import deliver, outgoing


@pytest.mark.parametrize("ref", ["x.y", "nonsense", str(TRAINING), "a" * 3000])
async def test_a_broken_or_unknown_link_says_how_to_open_it(phone, ref):
    await arrive(phone.running)
    await phone.open(f"/t/{ref}")
    assert (phone.status, phone.heading) == (404, "This link does not work.")


async def test_a_link_with_a_character_that_nothing_can_store_is_turned_away_in_words(phone):
    await phone.open("/t/%00.x")
    assert (phone.status, phone.heading) == (400, "That did not go through")


async def test_after_twenty_bad_links_in_a_minute_further_ones_are_turned_away_and_good_ones_open(phone, link):
    await arrive(phone.running)
    statuses = [(await phone.open(f"/t/{n}.x"), phone.status)[1] for n in range(42)]  # even across a full minute
    assert statuses[:20] == [404] * 20
    assert 429 in statuses
    await phone.open(f"/t/{link()}")
    assert phone.status == 200


async def test_an_expired_link_reveals_nothing_but_the_sites_number(phone, link):
    await arrive(phone.running)
    await phone.open(f"/t/{link(days=-1)}")
    assert (phone.status, phone.heading) == (410, "This link has expired.")
    assert "Say it back" not in phone.words


@pytest.mark.parametrize("change", [{"link_epoch": 2}, {"status": "left"}])
async def test_a_revoked_link_is_no_longer_in_use(phone, link, change):
    await arrive(phone.running)
    await deliver(phone.running, enrolled(revision=2, **change))
    await phone.open(f"/t/{link()}")
    assert (phone.status, phone.heading) == (410, "This link is no longer in use.")
    assert "Questions? Call 555 555 0100" in phone.words


async def test_a_link_that_is_faster_than_its_training_waits_in_words_and_loses_nothing(phone, link):
    times = soon()
    token = link()
    for event in (assigned(SINGLE, **times), planned(**times), enrolled(), site()):
        await phone.open(f"/t/{token}")
        assert (phone.status, phone.heading) == (200, "Your training is being prepared.")
        await deliver(phone.running, event)
    await phone.open(f"/t/{token}")
    assert phone.heading == "Your training is being prepared."
    await deliver(phone.running, published(SINGLE))
    await phone.open(f"/t/{token}")
    assert phone.heading == "Say it back before you advise"


async def test_a_canceled_session_needs_no_training_and_keeps_what_was_answered(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    await phone.press("/questions/1", option="b", confidence="sure")
    await deliver(phone.running, planned(status="cancelled", revision=2, **soon()))
    await phone.open(HERE)
    assert phone.heading.endswith("session is canceled.")
    await phone.post(f"{HERE}/questions/2", text="too late")
    assert (await told(phone.running))[-1] == "item_answered"


async def test_a_moved_session_keeps_its_training_and_says_the_new_time(phone, link):
    await arrive(phone.running)
    await deliver(phone.running, planned(revision=2, **soon(days=3)))
    await phone.open(f"/t/{link()}")
    assert "Your session moved to" in phone.words
    assert "Same training. Finish by" in phone.words


async def test_a_session_that_moves_while_a_page_is_open_takes_the_answer_and_shows_the_new_time(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    later = soon(days=3)
    await deliver(phone.running, planned(revision=2, **later))
    await phone.press("/questions/1", option="b", confidence="sure")
    assert phone.heading == "That works"
    assert times.day_clock_short(later["starts_at"], ZONE) in phone.words
    await phone.open(HERE)
    assert "Your session moved to" in phone.words


async def test_a_session_that_is_canceled_while_an_answer_is_written_says_so_and_sends_nothing(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    await phone.press("/questions/1", option="b", confidence="sure")
    await phone.open(f"{HERE}/questions/2")
    await deliver(phone.running, planned(status="cancelled", revision=2, **soon()))
    await phone.press("/questions/2", text="I would say it back.")
    assert phone.heading.endswith("session is canceled.")
    assert "What you already answered is kept and counts next time." in phone.words
    assert await phone.running.pool.fetchval("SELECT count(*) FROM open_answer") == 0


async def test_after_quiz_by_the_training_is_still_wanted_and_marked_late(phone, link):
    await arrive(phone.running, SINGLE, times=soon(hours=1))
    await phone.open(f"/t/{link()}")
    assert "Please do it anyway: your supervisor still sees it, marked late." in phone.words
    await phone.press("/start")
    await phone.post(f"{HERE}/questions/1", option="b", confidence="sure")
    assert [e.late for e in (await outgoing(phone.running))[1:]] == [True, True]


async def test_once_the_session_has_started_only_the_cards_can_be_read(phone, link):
    await begin(phone, link, SINGLE)
    await deliver(phone.running, planned(revision=2, **soon(minutes=-1)))
    await phone.post(f"{HERE}/questions/1", option="b", confidence="sure")
    assert phone.heading == "Your session has started."
    assert await told(phone.running) == ["training_opened"]
    await phone.open(f"{HERE}/cards/1")
    assert phone.heading == CARDS[0].title
    assert "<form" not in phone.html.partition("<footer")[0]


async def test_a_finished_training_leads_to_the_answers(phone, link):
    await begin(phone, link, SINGLE)
    await phone.press("/questions/1", option="b", confidence="sure")
    await phone.open(f"/t/{link()}")
    assert phone.heading == "You finished this one today."
    await phone.open(f"{HERE}/answers")
    assert "That works" in phone.words


async def test_without_a_link_there_is_nothing_to_do(phone):
    await phone.open("/t")
    assert phone.heading == "Nothing to do right now."
