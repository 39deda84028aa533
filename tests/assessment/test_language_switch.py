"""The language of a training is chosen on its page: the place and the answers stay, and each answer keeps the version it saw."""

import re
from html import unescape
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.assessment.app import SERVICE
from services.assessment.calls import keep_numbers
from services.assessment.messages import Answered, LanguageChosen, Started
from services.assessment.training import Translation
from services.assessment.translations import says_the_same
from shared.contracts.assessment import AnswerRegraded, ItemAnswered, TrainingCompleted
from shared.contracts.content import AssignedItem, ModuleRef
from shared.process import application_of
from tests.assessment import spanish
from tests.assessment.building import CARDS, MULTI, OPEN, SAFETY, SINGLE, TRAINING, assigned, planned, published
from tests.assessment.correcting import correction
from tests.assessment.test_corrections import swept
from tests.assessment.visiting import HERE, Phone, arrive, begin, forms, soon, told
from tests.driving import deliver, outgoing

NOT_YET = "Este tema aún no está en español."
MODULE = "reflective_listening_1"


def in_spanish(*items: Any, version: int = 7, **changes: Any) -> Any:
    return spanish.published(*items, **changes).model_copy(update={"version": version})


async def speak(phone: Phone, code: str, **unsent: str) -> str:
    """With all that stands in the form which the button belongs to."""
    action = re.search(r'formaction="([^"]+)"', phone.html)[1]
    hidden = next((form.hidden for form in forms(phone.html) if form.action.startswith(f"{phone.path}")), {})
    return await phone.post(action, **hidden, language=code, **unsent)


async def answers(running: Any) -> list[ItemAnswered]:
    return [event for event in await outgoing(running) if isinstance(event, ItemAnswered)]


async def test_the_switch_keeps_the_place_and_the_answers(phone, link):
    await begin(phone, link, SINGLE, SAFETY)
    await deliver(phone.running, in_spanish(spanish.SINGLE, spanish.SAFETY))
    await phone.press("/questions/1", option="b", confidence="sure")
    await phone.open(f"{HERE}/questions/2")
    await speak(phone, "es")
    assert (phone.path, phone.heading) == (f"{HERE}/questions/2", "Tú dices:")
    assert '<html lang="es">' in phone.html
    await phone.press("/questions/2", option="b", confidence="sure")
    assert phone.heading == "Eso funciona"
    await phone.open(f"{HERE}/questions/1")
    assert "Con esa presión cuesta hasta empezar" in phone.words
    await phone.open(f"{HERE}/done")
    await speak(phone, "en")
    assert (phone.path, phone.heading[:13]) == (f"{HERE}/done", "You are ready")


async def test_what_is_chosen_or_written_and_not_sent_yet_stays_where_it_is(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    await deliver(phone.running, in_spanish(spanish.SINGLE, spanish.OPEN))
    await speak(phone, "es", option="c")
    assert (phone.status, phone.heading) == (200, "¿Qué dices primero?")
    assert re.search(r'value="c"[^>]* checked', phone.html)
    assert "Hay un problema" not in phone.words
    await phone.press("/questions/1", option="c", confidence="sure")
    await speak(phone, "en", option="b")
    assert phone.heading == "Not quite"
    assert re.search(r'value="b"[^>]* checked', phone.html)
    await phone.press("/retry", option="b")
    await phone.open(f"{HERE}/questions/2")
    await speak(phone, "es", text="It sounds <b>hard</b>.")
    assert ">It sounds &lt;b&gt;hard&lt;/b&gt;.</textarea>" in phone.html
    assert phone.heading == "La meta era “una tontería”. ¿Qué dirías primero?"
    await phone.open(f"{HERE}/language")
    assert phone.path == HERE
    assert (await told(phone.running)).count("item_answered") == 2


async def test_each_answer_names_the_version_and_language_that_was_read_and_the_training_those_assigned(phone, link):
    await begin(phone, link, SINGLE, SAFETY)
    await deliver(phone.running, in_spanish(spanish.SINGLE, spanish.SAFETY))
    await phone.press("/questions/1", option="a", confidence="sure")
    await speak(phone, "es")
    await phone.press("/retry", option="b")
    await phone.open(f"{HERE}/questions/2")
    await phone.press("/questions/2", option="b", confidence="sure")
    told = [(e.item_id, e.attempt, e.version, e.locale, e.correct) for e in await answers(phone.running)]
    assert told == [("q1", 1, 1, "en", False), ("q1", 2, 7, "es", True), ("q2", 1, 7, "es", True)]
    done = next(event for event in await outgoing(phone.running) if isinstance(event, TrainingCompleted))
    assert (done.locale, done.version, {item.version for item in done.items}) == ("en", 1, {1})


async def test_an_answer_from_a_page_that_was_opened_before_the_switch_counts_as_it_was_read(phone, link):
    await begin(phone, link, SINGLE, SAFETY)
    await deliver(phone.running, in_spanish(spanish.SINGLE, spanish.SAFETY))
    before = phone.html
    await speak(phone, "es")
    phone.html = before
    await phone.press("/questions/1", option="b", confidence="sure")
    assert [(e.version, e.locale) for e in await answers(phone.running)] == [(1, "en")]
    assert '<html lang="es">' in phone.html


async def test_a_topic_that_is_not_there_yet_says_so_and_offers_what_there_is(phone, link):
    await begin(phone, link, SINGLE)
    await phone.open(f"{HERE}/cards/1")
    await speak(phone, "es")
    assert NOT_YET in phone.words
    assert f'<h1 lang="en">{CARDS[0].title}</h1>' in phone.html
    await phone.press("/language?at=cards/1", language="en")
    assert (phone.path, NOT_YET in phone.words) == (f"{HERE}/cards/1", False)


async def test_once_it_is_published_choosing_the_language_again_brings_it(phone, link):
    await begin(phone, link, SINGLE)
    await speak(phone, "es")
    await deliver(phone.running, in_spanish(spanish.SINGLE))
    await speak(phone, "en")
    await speak(phone, "es")
    assert phone.heading == "¿Qué dices primero?"
    await phone.open(HERE)
    assert NOT_YET not in phone.words


async def test_a_translation_with_another_key_is_none(phone, link):
    moved = spanish.SINGLE.model_copy(update={"options": spanish.SINGLE.options[::-1]})
    other = tuple(o.model_copy(update={"right": o.id == "a"}) for o in spanish.SINGLE.options)
    assert says_the_same(SINGLE, moved)
    await begin(phone, link, SINGLE)
    await deliver(phone.running, in_spanish(spanish.SINGLE.model_copy(update={"options": other})))
    await speak(phone, "es")
    assert '<h1 lang="en">What do you say first?</h1>' in phone.html


async def test_the_newest_version_that_says_the_same_is_taken(phone, link):
    await begin(phone, link, SINGLE)
    other = spanish.SINGLE.model_copy(update={"safety": True})
    await deliver(
        phone.running,
        in_spanish(spanish.SINGLE, version=2),
        in_spanish(spanish.SINGLE, version=3),
        in_spanish(other, version=4),
    )
    await speak(phone, "es")
    await phone.press("/questions/1", option="b", confidence="sure")
    assert [e.version for e in await answers(phone.running)] == [3]


async def test_a_question_that_comes_back_from_another_module_is_translated_by_itself(phone, link):
    await arrive(phone.running, SINGLE, SAFETY)
    items = (
        AssignedItem(module_id=MODULE, version=1, item_id="q1", locale="en"),
        AssignedItem(module_id="m2", version=4, item_id="q3", locale="en", returning=True),
        AssignedItem(module_id="m3", version=4, item_id="q2", locale="en", returning=True),
    )
    other = {"training_id": uuid4(), "items": items, "module": ModuleRef(module_id=MODULE, version=1)}
    await deliver(
        phone.running,
        published(MULTI, module_id="m2").model_copy(update={"version": 4}),
        published(SAFETY, module_id="m3").model_copy(update={"version": 4}),
        in_spanish(spanish.SINGLE),
        in_spanish(spanish.MULTI, module_id="m2", version=9),
        assigned(**other, **soon()),
    )
    here = f"/t/{other['training_id']}"
    await phone.open(f"/t/{link(other['training_id'])}")
    await phone.press("/start")
    await speak(phone, "es")
    headings = [
        (await phone.open(f"{here}/questions/{n}"), phone.html.partition("<h1")[2].partition("</h1>")[0])[1] for n in (1, 2, 3)
    ]
    assert headings == [">¿Qué dices primero?", ">¿Cuáles devuelven lo que oíste?", ' lang="en">You say:']


async def test_a_correction_regrades_what_was_answered_in_its_own_language_only(phone, link):
    await begin(phone, link, SINGLE, SAFETY)
    await deliver(phone.running, in_spanish(spanish.SINGLE, spanish.SAFETY))
    await speak(phone, "es")
    await phone.press("/questions/1", option="a", confidence="sure")
    await deliver(phone.running, correction("a"))
    await swept(phone.running)
    assert not any(isinstance(event, AnswerRegraded) for event in await outgoing(phone.running))
    await phone.open(f"{HERE}/questions/1")
    assert phone.heading == "No del todo"
    await deliver(phone.running, correction("a", locale="es", version=7, corrected_version=8))
    await swept(phone.running)
    told = [event for event in await outgoing(phone.running) if isinstance(event, AnswerRegraded)]
    assert [(e.locale, e.version, e.correct_before, e.correct) for e in told] == [("es", 7, False, True)]
    await deliver(phone.running, in_spanish(spanish.SINGLE, spanish.SAFETY, version=8))
    await phone.open(f"{HERE}/questions/1")
    assert phone.heading == "Eso funciona"


async def test_without_cookies_the_choice_is_kept_too_and_on_another_device_the_training_goes_on_where_it_was(phone, link):
    await begin(phone, link, SINGLE, SAFETY)
    await deliver(phone.running, in_spanish(spanish.SINGLE, spanish.SAFETY))
    await speak(phone, "es")
    await phone.press("/questions/1", option="b", confidence="sure")
    transport = httpx2.ASGITransport(app=application_of(phone.running), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://jitt.test", cookies=None) as client:
        other, token = Phone(client, phone.running), link()
        await other.open(f"/t/{token}")
        assert "Vas en el paso" in other.words
        client.cookies.clear()
        await other.press("/start")
        assert (other.path, other.heading) == (f"/t/{token}/questions/1", "Eso funciona")
        await other.open(f"/t/{token}/questions/2")
        await speak(other, "en")
        assert (other.path, other.heading) == (f"/t/{token}/questions/2", "You say:")


@pytest.mark.parametrize("fields", [{"language": "xx"}, {"language": ""}, {}, {"language": "es", "request": "x"}])
async def test_a_language_that_no_page_speaks_changes_nothing_and_no_form_leads_elsewhere(phone, link, fields):
    await begin(phone, link, SINGLE)
    await phone.post(f"{HERE}/language?at=//elsewhere.example", **fields)
    assert (phone.status, phone.path) == (200, HERE)
    assert ('<html lang="es">' in phone.html) == (fields.get("language") == "es")


async def test_pages_without_a_training_have_the_switch_too_as_links(phone, link):
    await arrive(phone.running, SINGLE)
    await keep_numbers(phone.running, {})
    token = link()
    for path in (f"/t/{link(days=-1)}", "/t/x.y", "/t", f"/talk/east?t={token}", "/talk"):
        await phone.open(path)
        assert '<html lang="en">' in phone.html
        href = unescape(re.search(r'href="([^"]*lang=es)" lang="es"', phone.html)[1])
        await phone.open(f"{phone.path}{href}" if href.startswith("?") else href)
        assert ('<html lang="es">' in phone.html, phone.status < 500) == (True, True)
        assert ("t=" not in path) or f'href="/t/{token}"' in phone.html


async def test_a_translation_that_was_answered_in_is_not_replaced(database):
    running = await database(SERVICE)
    await deliver(running, published(SINGLE), in_spanish(spanish.SINGLE), planned(**soon()), assigned(SINGLE, **soon()))
    told = [
        Translation(
            language="es",
            locale="es",
            original="en",
            module=ModuleRef(module_id=MODULE, version=version),
            items=(AssignedItem(module_id=MODULE, version=version, item_id="q1", locale="es"),),
        )
        for version in (7, 9)
    ]
    answered = Answered(
        training_id=TRAINING, number=1, attempt=1, chosen=("a",), confidence="sure", request_id=uuid4(), shown_in="es"
    )
    chosen = [LanguageChosen(training_id=TRAINING, language="es", translation=one) for one in told]
    for event in (chosen[0], Started(training_id=TRAINING), answered, chosen[1]):
        assert [o.kind for o in await deliver(running, event)] == ["applied"]
    reading = await running.pool.fetchval("SELECT reading -> 'translations' -> 0 -> 'module' ->> 'version' FROM training")
    assert reading == "7"


@pytest.mark.parametrize(("locale", "heading"), [("es-MX", "Devuélvele lo que oíste"), ("est", "Say it back before you advise")])
async def test_the_language_of_another_country_will_do(phone, link, locale, heading):
    await arrive(phone.running, SINGLE)
    await deliver(phone.running, in_spanish(spanish.SINGLE).model_copy(update={"locale": locale}))
    await phone.open(f"/t/{link()}")
    await speak(phone, "es")
    assert phone.heading == heading


async def test_before_the_start_the_newest_cards_are_shown_and_afterwards_those_that_were_begun(phone, link):
    await arrive(phone.running, SINGLE)
    newer = published(SINGLE, title="A better title").model_copy(update={"version": 2})
    await deliver(phone.running, newer)
    await phone.open(f"/t/{link()}")
    assert phone.heading == "A better title"
    await phone.press("/start")
    await deliver(phone.running, published(SINGLE, title="The best title").model_copy(update={"version": 3}))
    await phone.open(HERE)
    assert phone.heading == "A better title"
    assert "This training was updated after you started. You keep the version you began." in phone.words


async def test_a_newer_version_with_other_questions_is_for_the_next_training(phone, link):
    await arrive(phone.running, SINGLE, OPEN)
    other = SINGLE.model_copy(update={"question": "What do you ask first?"})
    await deliver(phone.running, published(other, OPEN, title="Another").model_copy(update={"version": 2}))
    await phone.open(f"/t/{link()}")
    assert phone.heading == "Say it back before you advise"
