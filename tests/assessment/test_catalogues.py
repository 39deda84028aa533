"""Every word of the mentor's pages is in every language's catalogue, translated, and nothing else is."""

import ast
import re
from io import BytesIO

import pytest
from babel.messages.pofile import read_po

from deploy.generate.catalogues import (
    CATALOGUES,
    ROOT,
    brought_in,
    catalogues,
    locales,
    said_by_all,
    said_by_assessment,
    said_by_supervision,
    said_of_the_vocabulary,
)
from services.assessment.visits import PAGES
from shared.contracts.vocabulary import vocabulary
from shared.pages import languages

FILES = [ROOT / pattern.format(locale) for pattern in CATALOGUES for locale in locales()]
TEMPLATES = [
    *sorted((ROOT / "services/assessment/templates").iterdir()),
    *(ROOT / "shared/pages" / name for name in ("mentor.jinja", "error.jinja", "safeguarding.jinja", "steps.jinja")),
]
PLACEHOLDER = re.compile(r"%\(\w+\)s")
TAG = re.compile(r"<[^>]*>")
SAME = {"Error:", "No"}  # the same word in both languages
COUNTRY = re.compile(r"\b(usted|vosotr\w+|vos|plática|chamac\w+|ordenador|móvil|celular|vale|boleta|coger)\b", re.IGNORECASE)
CALLED = {"_": 1, "N_": 1, "gettext": 1, "ngettext": 2}  # and how many of its first arguments are words
CLOCK = re.compile(r"%\((clock|subject|time|was|when)\)s\.")
UNKIND = re.compile(r"[¡!]|\b(incorrect[oa]|equivocad[oa]|fallaste|mal|felicidades|muy bien)\b", re.IGNORECASE)


def read(path):
    return [message for message in read_po(BytesIO(path.read_bytes()), locale=path.parts[-3]) if message.id]


def ids(message):
    return message.id if isinstance(message.id, tuple) else (message.id,)


def strings(message):
    return message.string if isinstance(message.string, tuple) else (message.string,)


def named(path):
    return str(path.relative_to(ROOT))


def untranslated(messages):
    return [ids(message)[0] for message in messages if message.fuzzy or not all(strings(message))]


def misplaced(messages):
    """The last form of a translation names all that the English names; no form names what the English does not."""
    for message in messages:
        asked, allowed = set(PLACEHOLDER.findall(ids(message)[-1])), set(PLACEHOLDER.findall(" ".join(ids(message))))
        forms = [set(PLACEHOLDER.findall(string)) for string in strings(message)]
        if forms[-1] != asked or any(not form <= allowed for form in forms):
            yield ids(message)[0]


def written(source):
    """What Python hands to gettext word for word, wherever the call stands: in an f-string too."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            texts = [arg.value for arg in call.args[: CALLED.get(name, 0)] if isinstance(arg, ast.Constant)]
            if texts:
                yield tuple(texts)


def test_there_is_spanish():
    assert locales() == ["es"]
    assert languages.codes(PAGES) == ("en", "es")


def test_the_catalogues_hold_what_the_pages_say_and_nothing_else():
    old = [named(path) for path, text in catalogues() if path.read_text() != text]
    assert old == [], "run `make freeze`, then translate what is new"


def test_every_message_that_python_says_is_one_that_the_extractor_sees():
    """Of a call within an f-string it sees nothing: the page then says its message in English, and no catalogue lacks it."""
    seen = {*said_by_all(), *said_by_assessment(), *said_by_supervision()}
    seen = {message if isinstance(message, tuple) else (message,) for message in seen}
    files = [file for folder in ("services", "shared") for file in sorted((ROOT / folder).rglob("*.py"))]
    said = [(named(file), message) for file in files for message in written(file.read_text())]
    assert len(said) > 200
    assert [(file, message) for file, message in said if message not in seen] == []


def test_a_message_within_an_f_string_is_found():
    source = """f'{say.ngettext("%(num)s second", "%(num)s seconds", 2)}, {_("Back")}', gettext(word), print("Back")"""
    assert list(written(source)) == [("%(num)s second", "%(num)s seconds"), ("Back",)]


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_message_is_translated_and_none_is_a_guess(path):
    messages = read(path)
    assert len(messages) > 20
    assert untranslated(messages) == []
    same = {m.id for m in messages if strings(m) == ids(m) and TAG.sub("", PLACEHOLDER.sub("", ids(m)[0])).strip(" ,.")}
    assert same == {text for text in SAME if any(text == m.id for m in messages)}


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_translation_has_the_placeholders_and_tags_of_its_message(path):
    messages = read(path)
    assert list(misplaced(messages)) == []
    assert [m.id for m in messages if any(TAG.findall(string) != TAG.findall(ids(m)[-1]) for string in strings(m))] == []
    assert [m.id for m in messages if any('"' in TAG.sub("", string) for string in strings(m))] == []  # it may be an attribute


@pytest.mark.parametrize("path", [path for path in FILES if "/es/" in str(path)], ids=named)
def test_the_spanish_is_kind_and_of_no_one_country(path):
    said = [string for message in read(path) for string in strings(message)]
    assert [string for string in said if COUNTRY.search(string) or UNKIND.search(string)] == []


@pytest.mark.parametrize("path", [path for path in FILES if "/es/" in str(path)], ids=named)
def test_no_period_follows_a_time_in_spanish_which_brings_its_own(path):
    """4:00 p.m."""
    said = [string for message in read(path) for string in strings(message)]
    assert [string for string in said if CLOCK.search(string) and not string.startswith("Tiempo de todas")] == []  # hours


def test_a_new_message_comes_in_untranslated_and_an_old_one_goes_out():
    text = brought_in("", {"Back": ("a.jinja",), ("one", "%(num)s"): ("a.jinja",)}, "es")
    text = text.replace('msgid "Back"\nmsgstr ""', 'msgid "Back"\nmsgstr "Atrás"')
    text = brought_in(text, {"Back": ("b.jinja",), "Go back": ("b.jinja",)}, "es")
    messages = [message for message in read_po(BytesIO(text.encode()), locale="es") if message.id]
    assert [(message.id, message.string) for message in messages] == [("Back", "Atrás"), ("Go back", "")]
    assert untranslated(messages) == ["Go back"]


def test_a_placeholder_that_is_missing_or_strange_is_found():
    text = brought_in("", {"by %(time)s": ("a.jinja",), ("one", "%(num)s of them"): ("a.jinja",)}, "es")
    for wrong, right in (
        ('msgstr ""\n\n', 'msgstr "antes"\n\n'),
        ('msgstr[0] ""\nmsgstr[1] ""', 'msgstr[0] "una de %(of)s"\nmsgstr[1] "%(num)s"'),
    ):
        text = text.replace(wrong, right)
    messages = [message for message in read_po(BytesIO(text.encode()), locale="es") if message.id]
    assert list(misplaced(messages)) == ["by %(time)s", "one"]


def test_what_the_vocabulary_says_to_mentors_is_said_in_spanish_too():
    spanish = languages.spoken(PAGES, "es")
    assert len(said_of_the_vocabulary()) >= len(vocabulary().skills) + len(vocabulary().activities)
    assert [text for text in said_of_the_vocabulary() if spanish.gettext(text) == text] == []


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_a_template_says_nothing_that_is_not_a_message(file):
    source = re.sub(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", " ", file.read_text(), flags=re.DOTALL)
    source = re.sub(r"\{[%#].*?[%#]\}|\{\{.*?\}\}", " ", source, flags=re.DOTALL)
    attributes = re.findall(r'\b(?:aria-label|alt|title|placeholder)="([^"]*)"', source)
    assert re.findall(r"[^\W\d_]{2,}", " ".join([TAG.sub(" ", source.replace('aria-current="page"', "")), *attributes])) == []
