"""A kept form that stands behind a failed record: set aside once, however often the phone tries, and taken once when that is
mended. Until then it stays on the phone, too."""

import asyncio
from time import monotonic

import pytest

from services.assessment.check_in import check_in_id
from services.assessment.reports import report_id
from shared.messaging import dead
from tests.assessment import checking_in, test_check_in_kept, test_offline
from tests.assessment.building import MENTOR, OPEN, SESSION, SINGLE, TRAINING
from tests.assessment.test_offline import MINUTE, answer, form
from tests.assessment.visiting import arrive, begin, told

STANDS = f"training/{TRAINING}"
FORMS = {
    "an answer": answer(1, "a"),
    "what was written": form("questions/2", text="It sounds like a lot."),
    "a talk": form("questions/2", talk="1"),
}
PRESSED = {
    "start": ("start", {}),
    "an answer": ("questions/1", {"option": "a", "confidence": "sure"}),
    "what was written": ("questions/2", {"text": "It sounds like a lot."}),
}


async def stop(running, concern=STANDS):
    """As an earlier record of the same aggregate does that failed."""
    await running.pool.execute("INSERT INTO parked (concern) VALUES ($1)", concern)


async def set_aside(running):
    return [(letter.state, letter.reason) for letter in await dead.list_letters(running)]


async def tries(phone, send, *forms, times=3):
    """What became of the forms, each time that the phone sent them, a while later."""
    return [(await send(phone, *({**one, "age": one["age"] + n * MINUTE} for one in forms)))["results"] for n in range(times)]


async def looks_around(phone, seconds=0.2):
    """So long that nobody takes what was before for what comes after."""
    until = monotonic() + seconds
    while monotonic() < until:
        await phone.open(f"/c/{checking_in.link_to()}")


@pytest.mark.parametrize("kept", FORMS.values(), ids=FORMS)
async def test_a_form_that_is_sent_again_and_again_is_set_aside_once_and_taken_once(phone, link, kept):
    await begin(phone, link, SINGLE, OPEN)
    await stop(phone.running)
    assert await tries(phone, test_offline.send, kept) == [["wait"]] * 3
    assert await set_aside(phone.running) == [("parked", "behind_a_failed_one")]
    assert (await dead.replay(phone.running)).applied == 1
    events = await told(phone.running)
    assert await tries(phone, test_offline.send, kept) == [["sent"]] * 3
    assert (await told(phone.running), await set_aside(phone.running)) == (events, [])


async def test_a_whole_training_waits_behind_its_first_form_and_keeps_its_order(phone, link):
    await arrive(phone.running, SINGLE)
    cards = [form(f"cards/{n}") for n in (1, 2, 3)]
    forms = [form("start", 9 * MINUTE), *cards, answer(1, "a"), form("questions/1/retry", show="1")]
    await stop(phone.running)

    async def sending(phone, *forms):
        return await test_offline.send(phone, *forms, ref=link())

    assert await tries(phone, sending, *forms) == [["wait"]] * 3
    assert len(await set_aside(phone.running)) == 1
    await dead.replay(phone.running)
    assert await tries(phone, sending, *forms) == [["sent"] * 6] * 3
    assert await told(phone.running) == ["training_opened", "item_answered", "item_answered", "training_completed"]


async def test_a_report_stands_behind_what_failed_of_its_own_question(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    await test_offline.send(phone, answer())
    await stop(phone.running, f"report/{report_id(TRAINING, 1)}")
    kept = form("questions/1/report", kind="unclear")
    assert await tries(phone, test_offline.send, kept) == [["wait"]] * 3
    assert len(await set_aside(phone.running)) == 1


async def test_a_form_that_comes_twice_at_once_is_set_aside_once(phone, link):
    """The phone gave up waiting for us, and we had not."""
    await begin(phone, link, SINGLE, OPEN)
    await stop(phone.running)
    kept = FORMS["what was written"]
    await asyncio.gather(*(test_offline.send(phone, {**kept, "age": n}) for n in range(4)))
    assert await set_aside(phone.running) == [("parked", "behind_a_failed_one")]


async def test_one_that_an_operator_gave_up_is_taken_from_the_phone(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    await stop(phone.running)
    await tries(phone, test_offline.send, FORMS["an answer"])
    [letter] = await dead.list_letters(phone.running)
    await dead.skip(phone.running, [letter.id])
    assert await test_offline.answered(phone.running) == []
    assert await tries(phone, test_offline.send, FORMS["an answer"]) == [["sent"]] * 3
    assert len(await test_offline.answered(phone.running)) == 1


async def test_a_check_in_is_set_aside_once_and_says_when_it_is_taken(phone):
    await checking_in.arrive(phone.running)
    await stop(phone.running, f"check_in/{check_in_id(SESSION, MENTOR)}")
    first, changed = test_check_in_kept.form(2 * MINUTE, talk="today"), test_check_in_kept.form(MINUTE, talk="week")
    assert await tries(phone, test_check_in_kept.send, first, changed) == [["wait"]] * 3
    assert await set_aside(phone.running) == [("parked", "behind_a_failed_one")]
    await dead.replay(phone.running)
    assert (await test_check_in_kept.send(phone, first, changed))["results"] == ["sent", "sent"]
    assert [event.wants_to_talk for event in await checking_in.said(phone.running)] == ["today", "week"]


async def test_a_call_is_set_aside_once_and_has_left_the_phone(phone, link):
    """The page of the call says until then that nobody was told."""
    await begin(phone, link, SINGLE, OPEN)
    await stop(phone.running)
    assert await tries(phone, test_offline.send, form("call", kind="now")) == [["sent"]] * 3
    assert len(await set_aside(phone.running)) == 1


@pytest.mark.parametrize(("at", "fields"), PRESSED.values(), ids=PRESSED)
async def test_a_button_that_stands_behind_a_failed_record_is_answered_with_what_is_so(phone, link, at, fields):
    await begin(phone, link, SINGLE, OPEN)
    await stop(phone.running)
    words = await phone.post(f"/t/{TRAINING}/{at}", **fields)
    assert (phone.status, "What you sent is kept." in words, "Nobody sees it until then." in words) == (503, True, True)
    assert await set_aside(phone.running) == [("parked", "behind_a_failed_one")]
    assert (await dead.replay(phone.running)).applied == 1


async def at_the_first_card(phone, link):
    await arrive(phone.running, SINGLE)
    await phone.open(f"/t/{link()}")
    await phone.press("/start")


async def read(phone):
    return await phone.running.pool.fetchval("SELECT cards_read FROM training")


async def test_cards_are_read_on_behind_a_failed_record(phone, link):
    """Up to where somebody read is no answer: nothing is decided on it."""
    await at_the_first_card(phone, link)
    await stop(phone.running)
    await phone.post(f"/t/{TRAINING}/cards/1")
    assert (phone.status, phone.path) == (200, f"/t/{TRAINING}/cards/2")
    assert await read(phone) == 1
    assert await tries(phone, test_offline.send, form("cards/3")) == [["sent"]] * 3
    await phone.post(f"/t/{TRAINING}/cards/2")
    assert await read(phone) == 3, "a bookmark never goes back"
    assert await set_aside(phone.running) == []


async def test_cards_are_read_on_while_somebody_else_has_the_training(phone, link):
    """A long batch, or an erasure: a bookmark is worth no page that says there is a problem."""
    await at_the_first_card(phone, link)
    async with phone.running.pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM training FOR UPDATE")
        await phone.post(f"/t/{TRAINING}/cards/1")
    assert (phone.status, phone.path) == (200, f"/t/{TRAINING}/cards/2")
    assert await read(phone) == 0
    await phone.post(f"/t/{TRAINING}/cards/2")
    assert await read(phone) == 2


async def test_a_check_in_that_stands_there_does_not_come_back_empty(phone):
    await checking_in.opened(phone)
    await stop(phone.running, f"check_in/{check_in_id(SESSION, MENTOR)}")
    words = await phone.post(f"/c/{checking_in.link_to()}", **checking_in.ALL | {"talk": "today"})
    assert (phone.status, "Nobody sees it until then." in words, 'href="tel:' in phone.html) == (503, True, True)
    await dead.replay(phone.running)
    assert [event.wants_to_talk for event in await checking_in.said(phone.running)] == ["today"]


async def test_of_a_check_in_that_was_pressed_and_kept_and_changed_on_the_phone_the_last_word_counts(phone):
    """The page's own post is set aside, and the phone that saw it refused keeps the same form; what comes after it is later."""
    await checking_in.opened(phone)
    await stop(phone.running, f"check_in/{check_in_id(SESSION, MENTOR)}")
    await phone.post(f"/c/{checking_in.link_to()}", **checking_in.ALL | {"talk": "no"})
    pressed = monotonic()
    await looks_around(phone)
    changed = monotonic()
    await looks_around(phone)
    await dead.replay(phone.running)
    ages = [(monotonic() - at) * 1_000 for at in (pressed, changed)]
    kept = [test_check_in_kept.form(age, talk=talk) for age, talk in zip(ages, ("no", "today"), strict=True)]
    assert (await test_check_in_kept.send(phone, *kept))["results"] == ["sent", "sent"]
    assert [event.wants_to_talk for event in await checking_in.said(phone.running)][-1] == "today"
