"""A training in Spanish stands in a Spanish page from the link to the last word, and a page is in one language only."""

import re
from html import unescape
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from babel.messages.pofile import read_po

from deploy.generate.catalogues import CATALOGUES, ROOT
from services.assessment.calls import keep_numbers
from tests.assessment import spanish
from tests.assessment.building import TRAINING, assigned, enrolled, planned
from tests.assessment.visiting import arrive, soon
from tests.driving import deliver

HERE = f"/t/{TRAINING}"
SMALL_WORDS = re.compile(
    r"\b(the|your|you|and|of|with|this|that|for|what|will|it|is|are|not|by|at|on|or|if|to|my)\b", re.IGNORECASE
)
SPANISH_BROWSER = {"accept-language": "es-MX,es;q=0.9,en;q=0.5", "accept": "text/html"}


def catalogued():
    files = [ROOT / pattern.format("es") for pattern in CATALOGUES]
    return [message for file in files for message in read_po(BytesIO(file.read_bytes()), locale="es") if message.id]


def forms(words):
    return words if isinstance(words, tuple) else (words,)


def pieces_of_english():
    """What the pages say in English between the values, without what is Spanish as well."""
    whole = [text for message in catalogued() for text in forms(message.id)]
    pieces = {piece.strip(" .,:?·").lower() for text in whole for piece in re.split(r"%\(\w+\)s|<[^>]*>", text)}
    translations = " ".join(text for message in catalogued() for text in forms(message.string)).lower()
    return [p for p in pieces if len(p) > 2 and not re.search(rf"\b{re.escape(p)}\b", translations)]


PIECES = re.compile(
    "|".join(rf"\b{re.escape(piece)}\b" for piece in sorted(pieces_of_english(), key=len, reverse=True)), re.IGNORECASE
)


def said(html):
    """All that a person sees of a page, or hears."""
    body = re.sub(r"<svg.*?</svg>", " ", html, flags=re.DOTALL)
    heard = re.findall(r'(?:aria-label|alt|placeholder)="([^"]*)"', body)
    return unescape(" ".join([re.sub(r"<[^>]+>", " ", body), *heard]))


def english_in(html):
    found = [*SMALL_WORDS.findall(said(html)), *PIECES.findall(said(html))]
    return found if '<html lang="es">' in html else ["lang", *found]


def english_on(phone):
    return [(phone.path, phone.status, word) for word in english_in(phone.html)]


@pytest.mark.parametrize(
    "left", ['<p aria-label="What works"></p>', "<p>Your session</p>", "<p>Next</p>", "<p>Skip it, please: to</p>"]
)
def test_a_word_of_english_on_a_spanish_page_is_found(left):
    assert english_in(f'<html lang="es"><p>Siguiente, no a todo</p>{left}')
    assert english_in('<html lang="en"><p>Siguiente</p>') == ["lang"]
    assert english_in('<html lang="es"><p>Siguiente, no a todo</p>') == []


async def test_a_spanish_training_is_spanish_from_its_link_to_its_last_page(phone, link):
    await spanish.arrive(phone.running)
    await keep_numbers(phone.running, {})
    found, seen = [], []

    def look():
        seen.append(phone.path)
        found.extend(english_on(phone))
        found.extend((phone.path, "not filled in") for brace in "{}" if brace in phone.words)

    async def opened(path):
        await phone.open(path)
        look()

    async def pressed(action, **fields):
        await phone.press(action, **fields)
        look()

    await opened(f"/t/{link()}")
    talk = unescape(re.search(r'href="(/talk/[^"]+)"', phone.html)[1])
    await pressed("/start")
    await pressed("/cards/1")
    await pressed("/cards/2")
    await opened(f"{HERE}/cards/3?say=b")
    await pressed("/cards/3")
    await pressed("/questions/1")
    await pressed("/questions/1", option="a", confidence="sure")
    await pressed("/retry")
    await pressed("/retry", option="b")
    await opened(f"{HERE}/questions/2")
    await pressed("/questions/2", option="a", confidence="guess")
    await pressed("/retry", show="1")
    await opened(f"{HERE}/questions/3")
    await pressed("/questions/3", option="a", confidence="think_so")
    await pressed("/retry", option=["a", "c"])
    await opened(f"{HERE}/questions/4")
    await pressed("/questions/4", confidence="sure", **{"place-a": "1", "place-b": "1", "place-c": "2"})
    await pressed("/questions/4", confidence="guess", **{"place-a": "1", "place-b": "2", "place-c": "3"})
    await opened(f"{HERE}/questions/5")
    await pressed("/questions/5", text="")
    await pressed("/questions/5", text="x" * 501)
    await pressed("/questions/5", text="Suena pesado.")
    await opened(f"{HERE}/done")
    assert phone.heading == "Listo. Habla primero con quien te supervisa"
    await pressed("/ready", ready="somewhat")
    await opened(f"{HERE}/paper")
    await opened(f"{HERE}/answers")
    await opened(HERE)
    await opened(talk)
    assert "Protección infantil del estado, de día y de noche" in phone.words
    await pressed("/call", kind="now")
    await opened(talk)
    await phone.running.pages.pool.close()
    await pressed("/call", kind="can_wait")
    assert (phone.status, len(seen)) == (202, 32)
    assert found == []


async def test_what_is_no_step_of_a_training_is_spanish_too(phone, link):
    await spanish.arrive(phone.running, spanish.SINGLE)
    moved, canceled, started, recall = (UUID(int=n) for n in (1, 2, 3, 4))
    sessions = {id_: uuid4() for id_ in (moved, canceled, started, recall)}
    items = tuple(item.model_copy(update={"returning": True}) for item in assigned(spanish.SINGLE).items)
    await deliver(
        phone.running,
        *(
            assigned(spanish.SINGLE, training_id=id_, session_id=session, locale="es", **soon())
            for id_, session in sessions.items()
            if id_ is not recall
        ),
        assigned(
            training_id=recall, session_id=sessions[recall], locale="es", items=items, kind="recall", module=None,
            **soon(minutes=90),
        ),
        planned(session_id=sessions[moved], revision=2, **soon(days=9)),
        planned(session_id=sessions[canceled], status="cancelled", **soon()),
        planned(session_id=sessions[started], **soon(minutes=-5)),
    )  # fmt: skip
    found = []
    for token in (*(link(id_) for id_ in sessions), link(days=-1), link(UUID(int=99))):
        await phone.open(f"/t/{token}")
        found += english_on(phone)
    await deliver(phone.running, enrolled(locale="es", revision=2, status="left"))
    await phone.open(f"/t/{link()}")
    assert (phone.status, phone.heading) == (410, "Este enlace ya no se usa.")
    assert found + english_on(phone) == []


@pytest.mark.parametrize("path", ["/t", "/t/x.y", "/t/nonsense", "/talk", "/talk/nowhere", "/nowhere"])
async def test_where_nobody_is_known_the_page_speaks_what_the_browser_asks_for(phone, path):
    asked = await phone.client.get(path, headers=SPANISH_BROWSER)
    assert english_in(asked.text) == []
    assert '<html lang="en">' in (await phone.client.get(path, headers={"accept": "text/html"})).text


async def test_a_training_that_fell_back_to_english_stands_in_an_english_page(phone, link):
    await arrive(phone.running, locale="es")
    await deliver(phone.running, enrolled(locale="es", revision=2))
    await phone.client.get("/", headers=SPANISH_BROWSER)
    await phone.open(f"/t/{link()}")
    assert '<html lang="en">' in phone.html
    assert "Why this one" in phone.words
