"""The report buttons: one tap tells the authors, a second tells nothing new, another takes it back."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.assessment import pace, reports
from services.assessment.messages import ItemReportSent, ItemReportTakenBack
from services.assessment.reports import report_id
from shared.contracts.assessment import SECONDS, ItemAnswered, ItemReported
from shared.contracts.event import Refused
from tests.assessment.building import CARDS, MENTOR, OPEN, OPENED_AT, SAFETY, SINGLE, TRAINING, planned
from tests.assessment.visiting import arrive, soon, told
from tests.driving import deliver, outgoing

HERE = f"/t/{TRAINING}"
THANKS = "Thank you. The authors will see it."


def tap(kind="unclear", **changes):
    values = {
        "training_id": TRAINING,
        "number": 1,
        "mentor_id": MENTOR,
        "site_id": "east",
        "module_id": "reflective_listening_1",
        "version": 1,
        "locale": "en",
        "item_id": "q1",
        "kind": kind,
    }
    return ItemReportSent(**values | changes)


TAKEN_BACK = ItemReportTakenBack(training_id=TRAINING, number=1)


def event(kind="unclear", *, withdrawn=False):
    return ItemReported(
        mentor_id=MENTOR,
        site_id="east",
        training_id=TRAINING,
        module_id="reflective_listening_1",
        version=1,
        locale="en",
        item_id="q1",
        kind=kind,
        withdrawn=withdrawn,
        at=OPENED_AT,
    )


def after(*messages):
    """The report, and everything that was told on the way."""
    report, events = None, []
    for message in messages:
        decide = reports.sent if isinstance(message, ItemReportSent) else reports.taken_back
        decided = decide(report, message, OPENED_AT, None)
        if not isinstance(decided, Refused):
            report, more = decided
            events += more
    return report, events


def test_the_same_tap_twice_tells_once():
    report, events = after(tap(), tap())
    assert (report.kind, events) == ("unclear", [event()])
    assert reports.sent(report, tap(), OPENED_AT, None) == Refused("already_reported")


def test_another_kind_takes_the_first_one_back():
    report, events = after(tap("unclear"), tap("wrong"))
    assert (report.kind, events) == ("wrong", [event(), event(withdrawn=True), event("wrong")])


def test_what_is_taken_back_can_be_said_again():
    report, events = after(tap(), TAKEN_BACK, TAKEN_BACK, tap())
    assert (report.kind, events) == ("unclear", [event(), event(withdrawn=True), event()])


def test_nothing_is_taken_back_that_was_not_said():
    assert reports.taken_back(None, TAKEN_BACK, OPENED_AT, None) == Refused("not_reported")


def test_questions_and_trainings_have_reports_of_their_own():
    ids = {report_id(training, number) for training in (TRAINING, UUID(int=1)) for number in (1, 2)}
    assert len(ids) == 4


@pytest.mark.parametrize(("took", "said"), [(0, 5), (5, 5), (5.1, 10), (599, 600), (600.1, None), (-1, None)])
def test_how_long_a_question_took_is_said_in_coarse_steps_and_not_at_all_when_the_page_was_left_open(took, said):
    assert pace.seconds(OPENED_AT, OPENED_AT + timedelta(seconds=took)) == said
    assert said is None or said in SECONDS


async def begin(phone, link, *items, **assignment):
    """At the first question."""
    await arrive(phone.running, *items, **assignment)
    await phone.open(f"/t/{link()}")
    await phone.press("/start")
    for number in range(1, len(CARDS) + 1):
        await phone.press(f"/cards/{number}")


async def reported(phone):
    return [(e.item_id, e.kind, e.withdrawn) for e in await outgoing(phone.running) if isinstance(e, ItemReported)]


async def test_one_tap_on_the_feedback_thanks_and_another_takes_it_back(phone, link):
    await begin(phone, link, SINGLE, SAFETY)
    await phone.press("/questions/1", option="b", confidence="sure")
    assert "Is something off with this question?" in phone.words
    assert THANKS in await phone.press("/questions/1/report", kind="unclear")
    assert phone.heading == "That works"
    assert THANKS not in await phone.press("/questions/1/report")
    assert await reported(phone) == [("q1", "unclear", False), ("q1", "unclear", True)]


async def test_a_form_that_is_sent_twice_tells_once(phone, link):
    await begin(phone, link, SINGLE)
    await phone.press("/questions/1", option="b", confidence="sure")
    for _ in range(3):
        assert THANKS in await phone.post(f"{HERE}/questions/1/report", kind="wrong")
    assert await reported(phone) == [("q1", "wrong", False)]


async def test_a_report_before_the_retry_leaves_the_retry_open_and_changes_no_result(phone, link):
    await begin(phone, link, SINGLE)
    await phone.press("/questions/1", option="a", confidence="sure")
    assert THANKS in await phone.press("/questions/1/report", kind="not_my_situation")
    assert "Try once more" in phone.words
    await phone.press("/questions/1/retry", option="b")
    assert (await told(phone.running))[-1] == "training_completed"


async def test_an_open_question_has_the_buttons_too(phone, link):
    await begin(phone, link, OPEN)
    await phone.press("/questions/1", text="It sounds like a lot.")
    assert THANKS in await phone.press("/questions/1/report", kind="unclear")
    assert await reported(phone) == [("q5", "unclear", False)]


async def test_a_question_that_is_not_answered_yet_cannot_be_reported(phone, link):
    await begin(phone, link, SINGLE, SAFETY)
    await phone.post(f"{HERE}/questions/1/report", kind="wrong")
    await phone.post(f"{HERE}/questions/7/report", kind="wrong")
    assert await reported(phone) == []


@pytest.mark.parametrize("kind", ["WRONG", "<script>", "x" * 10_000])
async def test_a_kind_that_no_button_has_tells_nothing(phone, link, kind):
    await begin(phone, link, SINGLE)
    await phone.press("/questions/1", option="b", confidence="sure")
    await phone.post(f"{HERE}/questions/1/report", kind=kind)
    assert (phone.status, await reported(phone)) == (200, [])


async def test_nobody_reports_without_the_visits_cookie(phone, link):
    await begin(phone, link, SINGLE)
    await phone.press("/questions/1", option="b", confidence="sure")
    phone.client.cookies.clear()
    await phone.post(f"{HERE}/questions/1/report", kind="wrong")
    assert (phone.status, await reported(phone)) == (404, [])


async def test_after_the_session_has_started_a_report_still_counts(phone, link):
    await begin(phone, link, SINGLE)
    await phone.press("/questions/1", option="b", confidence="sure")
    await deliver(phone.running, planned(revision=2, **soon(hours=-1)))
    await phone.open(f"{HERE}/questions/1")
    assert THANKS in await phone.press("/questions/1/report", kind="unclear")
    assert await reported(phone) == [("q1", "unclear", False)]


async def test_an_answer_names_its_language_whether_it_came_back_and_how_long_it_took(phone, link):
    await begin(phone, link, SINGLE, SAFETY)
    await phone.press("/questions/1", confidence="sure")
    assert phone.status == 422
    await phone.press("/questions/1", option="a", confidence="sure")
    await phone.press("/questions/1/retry", option="b")
    first, retry = [e for e in await outgoing(phone.running) if isinstance(e, ItemAnswered)]
    assert (first.locale, first.returning, first.seconds) == ("en", False, 5)
    assert (retry.attempt, retry.seconds) == (2, None)


@pytest.mark.parametrize("shown", ["", "yesterday", "-5", "9" * 40, "9999999999", "0"])
async def test_a_page_that_does_not_say_when_it_was_shown_is_answered_all_the_same(phone, link, shown):
    await begin(phone, link, SINGLE)
    await phone.press("/questions/1", option="b", confidence="sure", shown=shown)
    [answered] = [e for e in await outgoing(phone.running) if isinstance(e, ItemAnswered)]
    assert (phone.heading, answered.seconds) == ("That works", None)


async def test_the_seconds_are_told_once_and_kept_nowhere(phone, link):
    await begin(phone, link, SINGLE)
    await phone.press("/questions/1", option="b", confidence="sure")
    rows = await phone.running.pool.fetch("SELECT tries::text AS tries FROM training")
    assert "chosen" in rows[0]["tries"] and "seconds" not in rows[0]["tries"]
