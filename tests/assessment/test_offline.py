"""What a phone kept while it was offline: taken in order, once, at the time it was done, however wrong the phone's clock is."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.assessment import check_in_offline, offline_kept
from services.assessment.offline_kept import NOT_SENT, Forms, Taken
from services.assessment.visits import PAGES
from shared.pages import languages
from tests.assessment.building import MULTI, OPEN, SINGLE, TRAINING, planned
from tests.assessment.visiting import HERE, arrive, begin, told
from tests.driving import deliver, outgoing

MINUTE = 60_000.0
HOUR = 60 * MINUTE


def form(path, age=0.0, **fields):
    pairs = [[name, value] for name, value in fields.items()]
    return {"path": path, "fields": [*pairs, ["request", str(uuid4())]], "age": age}


def answer(number=1, option="b", age=0.0):
    return form(f"questions/{number}", age, option=option, confidence="sure")


async def send(phone, *forms, ref=TRAINING):
    response = await phone.client.post(f"/t/{ref}/kept", json={"forms": list(forms)})
    return response.json() if response.status_code == 200 else response.status_code


async def answered(running):
    return [e for e in await outgoing(running) if e.TYPE == "assessment.item_answered.v1"]


def near(at, other):
    return abs(at - other) < timedelta(seconds=20)


async def opened_at(phone, ago):
    sql = "UPDATE training SET opened_at = $1"
    await phone.running.pool.execute(sql, datetime.now(UTC) - ago)


async def test_a_whole_training_that_was_kept_is_taken_in_its_order(phone, link):
    await arrive(phone.running, SINGLE, OPEN)
    forms = [
        form("start", 9 * MINUTE),
        *(form(f"cards/{n}", 8 * MINUTE) for n in (1, 2, 3)),
        answer(1, "a", 5 * MINUTE),
        form("questions/1/retry", 4 * MINUTE, option="b"),
        form("questions/2", 2 * MINUTE, text="It sounds like a lot."),
    ]
    wanted = {"results": ["sent"] * 7, "said": "All answers sent.", "done": True, "stays": False}
    assert await send(phone, *forms, ref=link()) == wanted
    assert await told(phone.running) == ["training_opened", "item_answered", "item_answered", "training_completed"]
    events, now = await outgoing(phone.running), datetime.now(UTC)
    assert near(events[0].opened_at, now - timedelta(minutes=9))
    assert [near(e.answered_at, now - timedelta(minutes=m)) for e, m in zip(events[1:3], (5, 4), strict=True)] == [True, True]
    assert near(events[1].received_at, now)
    assert near(events[3].completed_at, now - timedelta(minutes=2))


async def test_what_is_sent_again_because_our_answer_was_lost_counts_once(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    forms = [answer(1, "a"), form("questions/1/retry", option="c"), form("questions/2", talk="1")]
    first = await send(phone, *forms)
    assert await send(phone, *[{**each, "age": HOUR} for each in forms]) == first
    assert first["results"] == ["sent"] * 3
    assert len(await answered(phone.running)) == 2


async def test_a_page_that_reached_us_and_the_same_form_sent_later_are_one(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    kept = answer(1, "b")
    await phone.post(f"{HERE}/questions/1", **dict(kept["fields"]))
    assert (await send(phone, {**kept, "age": 3 * MINUTE}))["results"] == ["sent"]
    assert len(await answered(phone.running)) == 1
    assert await phone.running.pool.fetchval("SELECT count(*) FROM dead_letter") == 0


async def test_a_form_that_was_sent_later_and_then_reaches_us_as_a_page_is_one(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    kept = answer(1, "a", 3 * MINUTE)
    await send(phone, kept)
    await phone.post(f"{HERE}/questions/1", **dict(kept["fields"]))
    assert phone.heading == "Not quite"
    assert len(await answered(phone.running)) == 1


async def test_on_a_second_phone_the_first_answer_counts_and_it_is_said(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    await send(phone, answer(1, "b"))
    got = await send(phone, answer(1, "a"), form("questions/1/retry", option="c"))
    assert got["results"] == ["again", "again"]
    assert got["said"] == "You had answered this on another phone or computer before. The first answer counts."
    assert [e.chosen for e in await answered(phone.running)] == [("b",)]


@pytest.mark.parametrize(("age", "minutes"), [(-9e12, 0), (5 * MINUTE, 5), (1e15, 30)])
async def test_a_clock_that_jumped_puts_no_answer_before_the_opening_or_after_now(phone, link, age, minutes):
    await begin(phone, link, SINGLE, OPEN)
    await opened_at(phone, timedelta(minutes=30))
    await send(phone, answer(1, "b", age))
    (told_,) = await answered(phone.running)
    assert near(told_.answered_at, datetime.now(UTC) - timedelta(minutes=minutes))


async def moved_back(phone, ago, opened=timedelta(hours=60)):
    """The session began so long ago; the training was opened before that."""
    starts_at = datetime.now(UTC) - ago
    await opened_at(phone, opened)
    await deliver(phone.running, planned(starts_at=starts_at, quiz_by=starts_at - timedelta(hours=3), revision=2))


async def test_answers_from_before_the_start_are_taken_for_two_days_and_marked_late(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    await moved_back(phone, timedelta(hours=47))
    got = await send(phone, answer(1, "b", 48 * HOUR), form("questions/2", 48 * HOUR, talk="1"))
    late = "Sent. Your supervisor sees it, marked late."
    assert got == {"results": ["sent", "sent"], "said": late, "done": True, "stays": False}
    assert [e.late for e in (await outgoing(phone.running))[1:]] == [True, True]


@pytest.mark.parametrize(("began", "age"), [(49, 50), (2, 1)], ids=["after two days", "made after the start"])
async def test_what_comes_too_late_is_refused_and_said_so(phone, link, began, age):
    await begin(phone, link, SINGLE, OPEN)
    await moved_back(phone, timedelta(hours=began))
    got = await send(phone, answer(1, "b", age * HOUR))
    assert got["results"] == ["refused"]
    assert got["said"].startswith("These answers could not be sent, because the session had started.")
    assert await answered(phone.running) == []


async def test_a_canceled_session_takes_nothing_more(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    await deliver(phone.running, planned(status="cancelled", revision=2))
    got = await send(phone, answer())
    assert (got["results"], "the session was canceled" in got["said"]) == (["refused"], True)


async def test_a_revoked_link_refuses_each_and_a_broken_one_says_nothing_of_them(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    await phone.running.pool.execute("""UPDATE roster SET document = jsonb_set(document, '{link_epoch}', '2')""")
    got = await send(phone, answer(), ref=link())
    assert (got["results"], "no longer in use" in got["said"]) == (["refused"], True)
    assert await send(phone, answer(), ref="no.link") == 404


async def test_what_is_no_answer_of_that_page_is_refused_and_stops_no_other(phone, link):
    await begin(phone, link, SINGLE, MULTI)
    odd = [answer(1, "nowhere"), form("questions/9", option="a", confidence="sure"), form("questions/1"), answer(1, "b")]
    assert (await send(phone, *odd))["results"] == ["refused", "refused", "refused", "sent"]


@pytest.mark.parametrize("path", ["../etc", "questions/0", "done", "", "questions/1/retry/x"])
async def test_only_the_forms_of_a_training_are_taken(phone, link, path):
    await begin(phone, link, SINGLE)
    assert await send(phone, form(path)) == 422


NOT_A_NUMBER = '{"forms": [{"path": "start", "fields": [], "age": NaN}]}'


@pytest.mark.parametrize("body", ["", "[]", '{"forms": 1}', NOT_A_NUMBER, "\\ud800"])
async def test_what_no_phone_of_ours_sends_is_refused_as_a_whole(phone, link, body):
    await begin(phone, link, SINGLE)
    response = await phone.client.post(f"{HERE}/kept", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 422


async def test_blank_lines_around_an_open_answer_hold_up_no_other(phone, link):
    """The phone and the page count what is left without them."""
    await begin(phone, link, SINGLE, OPEN)
    text = form("questions/2", text="\r\n" * 3_000 + "It sounds like a lot." + " " * 3_000)
    assert (await send(phone, text, answer()))["results"] == ["sent", "sent"]


@pytest.mark.parametrize(
    ("results", "said"),
    [("sent sent", "All answers sent."), ("sent", ""), ("sent wait", ""), ("wait", ""), ("sent refused", NOT_SENT)],
)
def test_all_answers_are_said_to_be_sent_when_all_of_them_are(results, said):
    forms = Forms.model_validate({"forms": [form("cards/1"), answer(1), answer(2)]}).forms
    taken = [Taken("sent"), *map(Taken, results.split())]
    assert offline_kept.told(forms, taken, languages.spoken(PAGES, "en")) == said


async def test_with_the_database_down_everything_is_sent_once_more_later(phone, link):
    await begin(phone, link, SINGLE)
    await phone.running.pages.pool.close()
    assert await send(phone, answer()) == 500


async def test_a_report_that_was_kept_reaches_the_authors(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    got = await send(phone, answer(), form("questions/1/report", kind="unclear"))
    assert got["results"] == ["sent", "sent"]
    assert (await told(phone.running))[-1] == "item_reported"


async def test_the_worker_is_a_script_for_all_pages_of_a_training_and_for_help(phone):
    response = await phone.client.get("/t/worker.js")
    assert response.headers["service-worker-allowed"] == "/t"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["content-type"].startswith("text/javascript")
    assert "KNOWN = {" in response.text
    again = await phone.client.get("/t/worker.js", headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")  # a browser asks with every page


async def test_what_a_phone_gets_is_small_and_holds_nobodys_name_and_no_link(phone, link):
    token = link()
    await begin(phone, link, SINGLE, MULTI, OPEN)
    response = await phone.client.get(f"/t/{token}/offline", headers={"accept-encoding": "gzip"})
    assert int(response.headers["content-length"]) < 40 * 1024
    assert token not in response.text
    assert response.json()["id"] == str(TRAINING)


@pytest.mark.parametrize("ref", ["no.link", "0d9f1c3a-5a7e-4c39-9a43-9c1f6a1f2b11"])
async def test_without_a_link_there_is_nothing_to_take_home(phone, link, ref):
    await begin(phone, link, SINGLE)
    assert (await phone.client.get(f"/t/{ref}/offline")).status_code == 404


async def test_a_training_that_is_done_or_over_goes_to_no_phone(phone, link):
    await begin(phone, link, SINGLE)
    await send(phone, answer())
    response = await phone.client.get(f"{HERE}/offline")
    assert (response.status_code, response.json()["reason"]) == (410, "done")


async def test_removing_a_training_from_the_phone_removes_its_cookie(phone, link):
    await begin(phone, link, SINGLE)
    await phone.post(f"{HERE}/forget")
    assert phone.heading == "This training is no longer on this phone"
    await phone.open(f"{HERE}/questions/1")
    assert phone.status == 404


@pytest.mark.parametrize(("reason", "words"), [("said_later", "afterwards"), ("sent_already", "on another day"), ("", "is sent")])
def test_what_became_of_a_kept_check_in_is_said_as_it_was(reason, words):
    kept, taken = check_in_offline.Form(path="", fields=[], age=0), Taken("again" if reason else "sent", reason)
    assert words in check_in_offline.told([kept], [taken], languages.spoken(PAGES, "en"))
