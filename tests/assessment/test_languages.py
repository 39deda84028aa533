"""Which language a page is in, and how each says numbers, days and reasons."""

import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fastapi import Request

from services.assessment import http, questions, words
from services.assessment.training import Training, Try
from services.assessment.visits import PAGES, Place
from shared.contracts.content import Media, Reason
from shared.http import wanted
from shared.pages import environment, languages, times
from shared.pages.languages import ENGLISH
from shared.pages.site_words import fill
from tests.assessment import building, spanish
from tests.assessment.test_sheet_and_words import a_visit

AT = datetime(2026, 11, 26, 22, tzinfo=UTC)
ZONE = "America/Chicago"
SPANISH = languages.spoken(PAGES, "es")
KEY = "reflective_listening_1/es@1"


def a_spanish_visit(**changes):
    training = Training(building.assigned(*spanish.ITEMS, locale="es"))
    return a_visit(**{"training": training, "modules": {KEY: spanish.published()}, "site": spanish.site()} | changes)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (("es",), "es"),
        (("es-MX",), "es"),
        (("es_US",), "es"),
        (("ES",), "es"),
        (("fr",), "en"),
        ((), "en"),
        (("", "es"), "es"),
        (("en", "es"), "en"),
        (("fr", "es-419", "en"), "es"),
        (("../../../etc",), "en"),
        (("\x00", "%", "es;q=0.8", "x" * 9_999), "en"),
    ],
)
def test_the_first_language_that_the_pages_speak_is_taken_and_else_english(asked, code):
    assert languages.spoken(PAGES, *asked).code == code


@pytest.mark.parametrize(
    ("query", "accepted", "first"),
    [
        ("", "es-MX,es;q=0.9,en;q=0.8", "es"),
        ("", "en-US,en;q=0.9,es;q=0.8", "en"),
        ("lang=es", "en-US", "es"),
        ("lang=xx", "es", "es"),
        ("", "", "en"),
    ],
)
def test_the_address_is_asked_before_the_browser(query, accepted, first):
    headers = [(b"accept-language", accepted.encode())]
    request = Request({"type": "http", "query_string": query.encode(), "headers": headers})
    assert languages.spoken(PAGES, *wanted(request)).code == first


@pytest.mark.parametrize(
    ("say", "english", "in_spanish"),
    [
        (times.clock, "4:00 pm", "4:00 p.m."),
        (times.day, "Thursday", "jueves"),
        (times.day_clock, "Thursday at 4:00 pm", "jueves, 4:00 p.m."),
        (times.day_clock_short, "Thu 4:00 pm", "jue 4:00 p.m."),
        (times.date, "November 26", "26 de noviembre"),
        (times.date_clock, "Thursday, November 26 at 4:00 pm", "jueves 26 de noviembre, 4:00 p.m."),
    ],
)
def test_a_time_is_said_by_the_habits_of_each_language(say, english, in_spanish):
    assert (say(AT, ZONE), say(AT, ZONE, SPANISH)) == (english, in_spanish)


@pytest.mark.parametrize(("days_before", "said"), [(6, "jueves"), (7, "jueves 26 de noviembre")])
def test_a_day_that_is_far_is_named_with_its_date(days_before, said):
    assert times.near_day(AT, ZONE, AT.replace(day=26 - days_before), SPANISH) == said


def test_the_language_of_the_training_is_that_of_its_page():
    assert a_spanish_visit().language.code == "es"
    fell_back = a_visit(training=Training(building.assigned(locale="es")))
    assert fell_back.language.code == "en"
    not_here = a_spanish_visit(modules={})
    assert not_here.language.code == "es"


def mixed(first, *others):
    """A recall in Spanish whose questions are there in these languages."""
    locales = (first, *others)
    asked = building.assigned(locale="es", kind="recall", module=None)
    ref = asked.items[0]
    items = tuple(ref.model_copy(update={"module_id": f"m{n}", "locale": locale}) for n, locale in enumerate(locales))
    here = {"en": building.published(), "es": spanish.published()}
    modules = {f"m{n}/{locale}@1": here[locale] for n, locale in enumerate(locales)}
    return a_visit(training=Training(asked.model_copy(update={"items": items})), modules=modules)


@pytest.mark.parametrize(("locales", "code"), [(("en", "en"), "en"), (("es", "es"), "es"), (("en", "es"), "es")])
def test_a_recall_speaks_the_one_language_of_its_questions_else_that_of_the_mentor(locales, code):
    assert mixed(*locales).language.code == code


def test_a_question_in_another_language_than_its_page_is_marked_as_such():
    visit = mixed("en", "es")
    html = [questions.question_page(questions.Asked(visit, n, visit.item(n))).body.decode() for n in (1, 2)]
    assert '<h1 lang="en">What do you say first?</h1>' in html[0]
    assert html[0].count('<span lang="en">') == 3
    assert [' lang="' in each.partition("<main")[2].partition("</main>")[0] for each in html] == [True, False]


def test_the_first_page_says_why_and_when_in_spanish():
    html = http.first_page(a_spanish_visit()).body.decode()
    assert '<html lang="es">' in html
    for said in (
        "Para tu sesión del jueves, 4:00 p.m.",
        "<strong>4 minutos.</strong> 3 tarjetas cortas y luego 5 preguntas.",
        "El plan para el jueves es ver cómo va la meta. Decirle lo que oíste ayuda a tu estudiante a",
        "La última vez que practicaste esta habilidad fue hace 5 semanas.",
        "45 minutos, en persona",
    ):
        assert said in html


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason(code="missed"), "Vuelve una pregunta que antes no acertaste, para que la intentes otra vez."),
        (Reason(code="never_trained"), "Esta todavía no la has hecho."),
        (
            Reason(code="clearance", function="goal_setting_support"),
            "Forma parte de tu autorización para ayudar a fijar metas.",
        ),
        (Reason(code="days", days=1), "La última vez que practicaste esta habilidad fue ayer."),
        (Reason(code="days", days=9), "La última vez que practicaste esta habilidad fue hace 9 días."),
        (Reason(code="activity", activity="goodbye"), "El plan para el jueves es la despedida."),
    ],
)
def test_each_reason_is_a_sentence_in_spanish(reason, said):
    training = Training(building.assigned(*spanish.ITEMS, locale="es", reasons=(reason,)))
    assert words.why(a_spanish_visit(training=training)) == [said]


@pytest.mark.parametrize(
    ("count", "recovered", "said"),
    [
        (1, 0, "Hubo una pregunta que no acertaste. Volverá antes de tu próxima sesión."),
        (2, 0, "Hubo dos preguntas que no acertaste. Volverán antes de tu próxima sesión."),
        (
            3,
            1,
            "Hubo tres preguntas que no acertaste a la primera, y una de ellas te salió bien en el segundo intento. "
            "Volverán antes de tu próxima sesión.",
        ),
        (
            12,
            10,
            "Hubo 12 preguntas que no acertaste a la primera, y 10 de ellas te salieron bien en el segundo intento. "
            "Volverán antes de tu próxima sesión.",
        ),
    ],
)
def test_what_was_missed_is_counted_in_the_plural_of_the_language(count, recovered, said):
    assert words.missed(count, recovered, SPANISH) == said


def test_the_last_heading_begins_its_sentence_with_a_capital():
    assert words.ending(a_spanish_visit(), 2, hold=False) == "Listo. Dos temas para conversar"


@pytest.mark.parametrize(
    ("language", "seconds", "said"),
    [
        (ENGLISH, 40, "40 seconds, 0.6 MB"),
        (SPANISH, 40, "40 segundos, 0.6\N{NO-BREAK SPACE}MB"),
        (SPANISH, 1, "1 segundo, 0.6\N{NO-BREAK SPACE}MB"),
        (SPANISH, None, "0.6\N{NO-BREAK SPACE}MB"),
    ],
)
def test_a_recording_says_how_long_and_how_large_it_is(language, seconds, said):
    media = Media(name="a.mp3", title="", sha256="0" * 64, media_type="audio/mpeg", size=600_000, seconds=seconds, transcript="")
    assert words.how_long(media, language) == said


def test_a_site_that_has_not_said_its_numbers_is_spoken_of_in_the_language_of_the_page():
    assert fill("Llama: {state_hotline}.", None, SPANISH) == "Llama: la línea de protección infantil de tu estado."
    assert fill("Call {state_hotline}.", None) == "Call your state’s child protection line."


POLISH = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"

msgid "Back"
msgstr "Wstecz"

#, fuzzy
msgid "Next"
msgstr "Dalej?"

msgid "%(num)s question"
msgid_plural "%(num)s questions"
msgstr[0] "%(num)s pytanie"
msgstr[1] "%(num)s pytania"
msgstr[2] "%(num)s pytań"
"""


def test_a_third_language_is_a_folder_with_its_own_plurals_and_no_guesses(tmp_path, monkeypatch):
    folder = tmp_path / "pages_of_a_third" / "locale" / "pl" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder.parents[2] / "__init__.py").touch()
    (folder / "pages.po").write_text(POLISH)
    monkeypatch.syspath_prepend(tmp_path)
    polish = languages.spoken("pages_of_a_third", "pl-PL")
    said = [polish.ngettext("%(num)s question", "%(num)s questions", number) for number in (1, 3, 5)]
    assert (polish.code, polish.gettext("Back"), polish.gettext("Next")) == ("pl", "Wstecz", "Next")
    assert said == ["1 pytanie", "3 pytania", "5 pytań"]
    assert (times.day(AT, ZONE, polish), times.clock(AT, ZONE, polish)) == ("czwartek", "16:00")
    del sys.modules["pages_of_a_third"]


def test_what_a_message_is_given_is_escaped_and_what_it_says_is_not():
    shown = environment(language=ENGLISH).from_string('{{ _("Call %(number)s", number="<b>") }} {{ _("Next<br>") }}').render()
    assert shown == "Call &lt;b&gt; Next<br>"


def test_a_language_that_the_pages_speak_as_one_country_does_is_found_by_its_name_alone(monkeypatch):
    monkeypatch.setattr(languages, "codes", lambda package: ("en", "pt-PT"))
    monkeypatch.setattr(languages, "_language", lambda package, code: code)
    assert languages.spoken(PAGES, "pt") == "pt-PT"


def test_the_sites_own_numbers_stand_in_titles_and_topics_too():
    cards = (building.CARDS[0].model_copy(update={"title": "Call {staff_on_call}"}), *building.CARDS[1:])
    asked = building.SINGLE.model_copy(update={"topic": "when {staff_on_call} helps"})
    known = building.published(asked, title="Who is at {staff_on_call}", cards=cards)
    visit = a_visit(training=Training(building.assigned(asked)), modules={"reflective_listening_1/en@1": known})
    missed = Try(number=1, attempt=1, chosen=("a",), correct=False, answered_at=AT)
    done = a_visit(training=replace(visit.training, tries=(missed,), completed_at=AT), modules=visit.modules)
    pages = (http.first_page(visit), http.card_page(visit, Place("cards", 1), cards[0], ""), http.done_page(done))
    for html in (page.body.decode() for page in pages):
        assert "{" not in html.partition("<body")[2]
