"""The mentor's way from the link to the last page, by HTTP, on a real database, without JavaScript."""

import re
from base64 import b64decode
from uuid import UUID, uuid4

from tests.assessment.building import (
    DRAWING,
    MULTI,
    OPEN,
    ORDER,
    PAIR,
    SAFETY,
    SINGLE,
    TRAINING,
    assigned,
    planned,
)
from tests.assessment.visiting import HERE, arrive, begin, soon, told
from tests.driving import deliver, outgoing


async def test_opening_the_link_has_no_effect_until_start_is_pressed(phone, link):
    await arrive(phone.running)
    for _ in range(3):
        await phone.open(f"/t/{link()}")
    assert (phone.status, await told(phone.running)) == (200, [])
    await phone.press("/start")
    assert await told(phone.running) == ["training_opened"]


async def test_start_moves_the_link_from_the_path_into_a_cookie_for_this_training_only(phone, link):
    await arrive(phone.running)
    await phone.open(f"/t/{link()}")
    await phone.press("/start")
    assert phone.path == f"{HERE}/cards/1"
    cookie = next(c for c in phone.client.cookies.jar if c.name == "jitt_training")
    assert cookie.path == HERE
    assert {"HttpOnly", "SameSite"} <= set(cookie._rest)
    assert link().split(".")[0] not in phone.html


async def test_with_cookies_refused_the_link_stays_in_the_path_and_everything_works(phone, link):
    await arrive(phone.running, SINGLE)
    token = link()
    await phone.open(f"/t/{token}")
    phone.client.cookies.clear()
    await phone.press("/start")
    assert phone.path == f"/t/{token}/cards/1"
    for number in (1, 2, 3):
        await phone.press(f"/cards/{number}")
    await phone.press("/questions/1", option="b", confidence="sure")
    assert (phone.heading, phone.path) == ("That works", f"/t/{token}/questions/1")


async def test_two_trainings_in_one_browser_do_not_mix(phone, link):
    other = UUID(int=0xAA)
    await arrive(phone.running)
    await deliver(phone.running, assigned(training_id=other, session_id=uuid4(), **soon(days=2)))
    for training_id in (TRAINING, other):
        await phone.open(f"/t/{link(training_id)}")
        await phone.press("/start")
    for training_id in (TRAINING, other):
        await phone.open(f"/t/{training_id}")
        assert phone.words.count("You are at step 1 of 7") == 1


async def test_a_whole_training_tells_everything_once_and_in_order(phone, link):
    await begin(phone, link, SINGLE, SAFETY, MULTI, OPEN)
    await phone.press("/questions/1", option="b", confidence="sure")
    await phone.open(f"{HERE}/questions/2")
    await phone.press("/questions/2", option="a", confidence="guess")
    await phone.press("/retry", option="b")
    await phone.open(f"{HERE}/questions/3")
    await phone.press("/questions/3", option=["a", "c"], confidence="think_so")
    await phone.open(f"{HERE}/questions/4")
    await phone.press("/questions/4", text="It sounds heavy.")
    events = await outgoing(phone.running)
    assert [e.TYPE.split(".")[1] for e in events] == ["training_opened", *["item_answered"] * 4, "training_completed"]
    assert [(i.item_id, i.first_try, i.recovered) for i in events[-1].items] == [
        ("q1", True, False),
        ("q2", False, True),
        ("q3", True, False),
    ]
    await phone.open(f"{HERE}/done")
    assert phone.heading == "Done. Talk with your supervisor first"
    assert "A promise to keep a secret" in phone.words


async def test_once_the_session_is_past_no_talk_before_it_is_promised(phone, link):
    await begin(phone, link, SAFETY)
    await phone.press("/questions/1", option="a", confidence="guess")
    await phone.press("/retry", option="b")
    await phone.open(f"{HERE}/done")
    assert phone.heading == "Done. Talk with your supervisor first"
    await deliver(phone.running, planned(revision=2, **soon(minutes=-1)))
    await phone.open(f"{HERE}/done")
    assert phone.heading == "Done. One thing to talk over"
    assert "will talk with you" not in phone.words


async def test_nothing_missed_says_ready_and_gives_one_sentence_to_take_along(phone, link):
    await begin(phone, link, SINGLE)
    await phone.press("/questions/1", option="b", confidence="sure")
    await phone.open(f"{HERE}/done")
    assert phone.heading.startswith("You are ready for ")
    assert "say back what you heard in one sentence" in phone.words


async def test_a_training_is_resumed_where_it_was_left_and_meets_its_last_feedback_first(phone, link):
    await begin(phone, link, SINGLE, MULTI)
    await phone.press("/questions/1", option="a", confidence="guess")
    phone.client.cookies.clear()
    await phone.open(f"/t/{link()}")
    assert "You are at step 4 of 5." in phone.words
    await phone.press("/start")
    assert (phone.path, phone.heading) == (f"{HERE}/questions/1", "Not quite")


class TestAnswering:
    async def test_enter_in_a_radio_sends_no_confidence_and_keeps_the_choice(self, phone, link):
        await begin(phone, link, SINGLE)
        assert phone.html.index('name="confidence" value="" hidden') < phone.html.index('value="guess"')
        await phone.press("/questions/1", option="c", confidence="")
        assert (phone.status, phone.title) == (422, "Error: Question 1 of 1")
        assert '<a href="#sure">Tap how sure you are</a>' in phone.html
        assert 'value="c" checked' in phone.html
        assert await told(phone.running) == ["training_opened"]

    async def test_a_missing_choice_is_an_error_beside_the_field_and_in_the_summary(self, phone, link):
        await begin(phone, link, SINGLE)
        await phone.press("/questions/1", confidence="sure")
        assert phone.status == 422
        assert '<a href="#answer">Choose one of the answers first</a>' in phone.html
        assert 'id="answer" aria-describedby="answer-error"' in phone.html

    async def test_the_same_form_sent_twice_counts_once(self, phone, link):
        await begin(phone, link, SINGLE)
        request = phone.html.split('name="request" value="')[1].split('"')[0]
        for _ in range(2):
            await phone.post(f"{HERE}/questions/1", request=request, option="a", confidence="sure")
            assert phone.heading == "Not quite"
        assert await told(phone.running) == ["training_opened", "item_answered"]

    async def test_another_answer_to_the_same_question_meets_the_first_ones_feedback(self, phone, link):
        await begin(phone, link, SINGLE, OPEN)
        await phone.press("/questions/1", option="b", confidence="sure")
        await phone.post(f"{HERE}/questions/1", option="a", confidence="sure")
        assert "You already answered this one. Here is your feedback." in phone.words
        assert phone.heading == "That works"

    async def test_wrong_and_certain_is_said_without_showing_the_answer(self, phone, link):
        await begin(phone, link, SINGLE)
        await phone.press("/questions/1", option="a", confidence="sure")
        assert phone.title == "Not quite: question 1 of 1"
        assert "You said, and felt certain" in phone.words
        assert "You were certain, so this one is worth an extra minute." in phone.words
        assert "Because of what b does" not in phone.words
        assert 'value="a"' not in phone.html

    async def test_a_retry_without_a_choice_says_what_to_do(self, phone, link):
        await begin(phone, link, SINGLE)
        await phone.press("/questions/1", option="a", confidence="guess")
        await phone.press("/retry")
        assert (phone.status, phone.title) == (422, "Error: Not quite: question 1 of 1")

    async def test_a_retry_of_what_was_never_tried_shows_the_question(self, phone, link):
        await begin(phone, link, SINGLE)
        await phone.post(f"{HERE}/questions/1/retry")
        assert (phone.status, phone.title) == (200, "Question 1 of 1")

    async def test_asking_for_the_answer_shows_every_rationale(self, phone, link):
        await begin(phone, link, SINGLE, OPEN)
        await phone.press("/questions/1", option="a", confidence="guess")
        await phone.press("/retry", show="1")
        assert phone.heading == "Here is what works"
        assert all(f"Because of what {id_} does" in phone.words for id_ in "abc")

    async def test_a_safety_item_missed_twice_asks_to_talk_first_and_cancels_nothing(self, phone, link):
        await begin(phone, link, SAFETY, OPEN)
        await phone.press("/questions/1", option="a", confidence="guess")
        await phone.press("/retry", option="c")
        assert "Please talk with your supervisor before" in phone.words
        assert "Your session is not canceled." in phone.words
        assert 'href="tel:5555550100"' in phone.html

    async def test_two_options_leave_no_retry_and_show_the_answer(self, phone, link):
        await begin(phone, link, PAIR, OPEN)
        await phone.press("/questions/1", option="b", confidence="guess")
        assert phone.heading == "Here is what works"

    async def test_ordering_needs_no_dragging_and_refuses_a_place_given_twice(self, phone, link):
        await begin(phone, link, ORDER)
        await phone.press("/questions/1", confidence="sure", **{"place-a": "1", "place-b": "1", "place-c": "3"})
        assert "Give each line a different place" in phone.words
        assert phone.html.count("selected") == 3
        await phone.press("/questions/1", confidence="sure", **{"place-c": "3", "place-a": "1", "place-b": "2"})
        assert phone.heading == "That works"

    async def test_a_question_that_comes_back_says_when_it_was_missed(self, phone, link):
        await begin(phone, link, SINGLE)
        await phone.press("/questions/1", option="a", confidence="guess")
        missed = [e for e in await outgoing(phone.running) if e.TYPE.startswith("assessment.item_answered")]
        await deliver(phone.running, *missed)
        again = UUID(int=0xAB)
        items = tuple(i.model_copy(update={"returning": True}) for i in assigned(SINGLE).items)
        times = soon(days=8)
        later = assigned(SINGLE, training_id=again, session_id=uuid4(), items=items, kind="recall", module=None, **times)
        await deliver(phone.running, later)
        await phone.open(f"/t/{link(again)}")
        assert "One question you missed before comes back" in phone.words
        await phone.press("/start")
        assert phone.path == f"/t/{again}/questions/1"
        assert "You missed this one on" in phone.words


class TestOpenQuestion:
    async def test_an_empty_answer_and_a_long_one_are_kept_with_words_what_to_do(self, phone, link):
        await begin(phone, link, OPEN)
        await phone.press("/questions/1", text="  ")
        assert (phone.status, phone.title) == (422, "Error: Question 1 of 1")
        assert "Write a sentence, or choose to talk about it" in phone.words
        await phone.press("/questions/1", text="x" * 501)
        assert "Make it shorter: 500 characters at most" in phone.words
        assert "x" * 501 in phone.html

    async def test_the_text_is_sealed_and_stands_nowhere_else(self, phone, link):
        await begin(phone, link, OPEN)
        await phone.press("/questions/1", text="CANARY says it is stupid anyway")
        assert phone.heading == "Your supervisor has your answer"
        tables = ("inbox", "outbox", "dead_letter", "training", "open_answer")
        async with phone.running.pool.acquire() as conn:
            rows = [str(await conn.fetchval(f"SELECT array_agg(t::text)::text FROM {t} t")) for t in tables]
        found = "".join(rows)
        assert "CANARY" not in found
        assert b"CANARY".hex() not in found
        assert "CANARY" not in phone.html

    async def test_one_would_rather_talk(self, phone, link):
        await begin(phone, link, OPEN)
        await phone.press("/questions/1", talk="1", text="")
        completed = (await outgoing(phone.running))[-1]
        assert [answer.state for answer in completed.open_answers] == ["rather_talk"]


async def test_a_branching_card_shows_what_comes_of_each_line_and_stores_nothing(phone, link):
    await arrive(phone.running)
    await phone.open(f"/t/{link()}")
    await phone.press("/start")
    await phone.open(f"{HERE}/cards/3?say=b")
    assert "The student looks away." in phone.words
    assert "Try another line" in phone.words
    assert await told(phone.running) == ["training_opened"]


async def test_a_sites_own_numbers_stand_where_a_card_names_them(phone, link):
    await arrive(phone.running)
    await phone.open(f"/t/{link()}")
    await phone.press("/start")
    assert "State child protection, 1‑800‑555‑0199" in phone.words


async def test_a_drawing_is_an_image_that_the_page_holds_with_words_and_a_size(phone, link):
    await arrive(phone.running, SINGLE)
    await phone.open(f"/t/{link()}")
    await phone.press("/start")
    (image,) = re.findall(r"<img [^>]*>", phone.html)
    found = re.fullmatch(r'<img src="data:image/svg\+xml;base64,(\S+)" alt="(.*)" width="200" height="100">', image)
    assert (b64decode(found[1]).decode(), found[2]) == (DRAWING, "An arc from one side to the other")
    policy = dict(part.split(maxsplit=1) for part in phone.headers["content-security-policy"].split("; "))
    assert [name for name, sources in policy.items() if "data:" in sources] == ["img-src"]


async def test_no_page_names_a_person_or_may_be_cached_or_framed(phone, link):
    await begin(phone, link, SINGLE)
    assert phone.headers["cache-control"] == "no-store"
    assert phone.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'self'" in phone.headers["content-security-policy"]
    assert "style=" not in phone.html
    assert "&lt;" not in phone.html
    assert re.sub(r'<script src="/static/mentor\.js\?v=\w+" defer></script>', "", phone.html).count("<script") == 0


async def test_a_post_from_another_site_is_refused(phone, link):
    await begin(phone, link, SINGLE)
    answer = await phone.client.post(
        f"{HERE}/questions/1", data={"option": "b", "confidence": "sure"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403
    assert await told(phone.running) == ["training_opened"]


async def test_with_the_database_away_the_page_says_so_and_shows_where_to_call(phone, link):
    await begin(phone, link, SINGLE)
    await phone.running.pages.pool.close()
    await phone.open(f"{HERE}/questions/1")
    assert (phone.status, phone.heading) == (500, "Sorry, there is a problem")
    assert 'href="tel:911"' in phone.html
