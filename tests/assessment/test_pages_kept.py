"""What a mentor takes along from the last page, on paper too, and what a phone that saves data is spared."""

from dataclasses import replace

import pytest

from services.assessment import http, keepsakes
from services.assessment.keepsakes import Keepsake
from services.assessment.training import Training, Try
from shared.contracts.assessment import ReadinessTold
from tests.assessment import building, spanish
from tests.assessment.building import CARDS, OPEN, QUIZ_BY, SAFETY, SINGLE, START, assigned, planned, published
from tests.assessment.test_sheet_and_words import a_visit
from tests.assessment.visiting import HERE, HTML, arrive, begin, soon, told
from tests.driving import deliver, outgoing

SAID_BACK = "Before your first suggestion, say back what you heard in one sentence."
STEP = "Asked about the step in the first ten minutes"
KEY = "reflective_listening_1/en@1"


def finished(*missed, items=(SINGLE, SAFETY, OPEN), **changes):
    """A visit after the training, with these questions missed at the first try."""
    tries = tuple(
        Try(number=n, attempt=1, chosen=("a",), correct=n not in missed, answered_at=QUIZ_BY)
        for n, item in enumerate(items, 1)
        if item.kind != "open"
    )
    training = Training(assigned(*items), tries=tries, completed_at=QUIZ_BY)
    return a_visit(**{"training": training, "modules": {KEY: published(*items)}} | changes)


def test_three_things_are_the_modules_own_sentence_where_to_look_and_a_step_of_the_plan():
    assert keepsakes.keepsakes(finished()) == [
        Keepsake("Keep in mind:", SAID_BACK),
        Keepsake("Look for:", SINGLE.cue),
        Keepsake("One step to check off afterwards:", STEP),
    ]


@pytest.mark.parametrize(("missed", "cue"), [((), SINGLE.cue), ((1,), SINGLE.cue), ((2,), SAFETY.cue), ((1, 2), SAFETY.cue)])
def test_where_to_look_is_taken_from_what_was_missed_and_safety_comes_first(missed, cue):
    assert keepsakes.keepsakes(finished(*missed))[1].text == cue


def test_a_step_on_another_question_of_the_training_comes_before_one_that_nothing_trained():
    step = keepsakes.planned_step(finished(session=planned(activity="school_motivation")))
    assert (step.skill, step.words) == ("reflective_listening", "Said back at least as often as you asked")
    assert keepsakes.planned_step(finished(session=planned(activity="juggling"))) is None
    assert keepsakes.planned_step(finished(session=None)) is None


@pytest.mark.parametrize(
    ("changes", "heading"),
    [
        ({}, "Three things for Thursday"),
        ({"now": QUIZ_BY}, "Three things for today"),
        ({"session": planned(activity="juggling")}, "Take this into Thursday"),
        ({"session": planned(activity="juggling"), "now": QUIZ_BY}, "Take this into your session"),
    ],
)
def test_the_heading_promises_as_many_things_as_there_are(changes, heading):
    visit = finished(**changes)
    assert keepsakes.heading(visit, len(keepsakes.keepsakes(visit))) == heading


def test_a_recall_has_no_sentence_of_its_own():
    recall = finished()
    recall = replace(recall, training=replace(recall.training, assigned=assigned(SINGLE, kind="recall", module=None)))
    assert [one.text for one in keepsakes.keepsakes(recall)] == [SINGLE.cue, STEP]


def test_the_three_things_are_in_spanish_on_a_spanish_page():
    training = Training(building.assigned(*spanish.ITEMS, locale="es"), completed_at=START)
    visit = a_visit(training=training, modules={"reflective_listening_1/es@1": spanish.published()}, site=spanish.site())
    assert [(one.label, one.locale) for one in keepsakes.keepsakes(visit)] == [
        ("Ten presente:", None), ("Fíjate en:", None), ("Un paso para marcar después:", None)
    ]  # fmt: skip
    assert keepsakes.keepsakes(visit)[2].text == "Preguntar por el paso en los primeros diez minutos"


def test_the_paper_holds_every_card_with_every_line_and_no_answer():
    html = http.paper_page(finished(1)).body.decode()
    for said in (CARDS[0].title, "Three tries", "The student goes on.", "The student looks away.", SAID_BACK):
        assert said in html
    assert SINGLE.options[0].text not in html
    assert "<form" not in html.partition("<footer")[0]


async def test_the_paper_is_there_once_the_training_is_done_and_not_before(phone, link):
    await begin(phone, link, SINGLE)
    await phone.open(f"{HERE}/paper")
    assert phone.path == HERE
    await phone.post(f"{HERE}/questions/1", option="b", confidence="sure")
    await phone.open(f"{HERE}/done")
    assert "Print or save" in phone.words
    await phone.open(f"{HERE}/paper")
    assert (phone.status, phone.heading) == (200, "Say it back before you advise")
    assert "Three things for" in phone.words


async def test_a_phone_that_saves_data_gets_the_picture_when_it_asks_for_it(phone, link):
    await arrive(phone.running, SINGLE)
    await phone.open(f"/t/{link()}")
    await phone.press("/start")
    assert "data:image/svg" in phone.html
    saving = HTML | {"save-data": "on"}
    spared = (await phone.client.get(f"{HERE}/cards/1", headers=saving)).text
    assert "data:image" not in spared
    assert "An arc from one side to the other" in spared
    assert f'href="{HERE}/cards/1?picture=1"' in spared
    assert "data:image/svg" in (await phone.client.get(f"{HERE}/cards/1?picture=1", headers=saving)).text


async def test_how_ready_one_feels_is_one_tap_that_can_be_changed_and_is_told_once(phone, link):
    await begin(phone, link, SINGLE)
    await phone.post(f"{HERE}/ready", ready="ready")
    assert "readiness_told" not in await told(phone.running)
    await phone.post(f"{HERE}/questions/1", option="b", confidence="sure")
    await phone.open(f"{HERE}/done")
    assert "Noted" not in phone.words
    for said in ("somewhat", "somewhat", "ready", "never heard of"):
        await phone.press("/ready", ready=said)
    assert (phone.path, phone.html.count('aria-pressed="true"')) == (f"{HERE}/done", 1)
    assert "Noted: Ready. You can change it until your session." in phone.words
    assert [e.ready for e in await outgoing(phone.running) if isinstance(e, ReadinessTold)] == ["somewhat", "ready"]


async def test_after_the_sessions_start_nobody_is_asked_how_ready_they_feel(phone, link):
    await begin(phone, link, SINGLE)
    await phone.post(f"{HERE}/questions/1", option="b", confidence="sure")
    await deliver(phone.running, planned(revision=2, **soon(minutes=-1)))
    await phone.post(f"{HERE}/ready", ready="ready")
    assert "How ready do you feel?" not in phone.words
    assert "readiness_told" not in await told(phone.running)
