"""What the fuzz of requests has found, each as small as it can be; every one was a 500 before it was mended."""

import json

import pytest
from fastapi import FastAPI

from services.content.app import SERVICE as CONTENT
from shared import http
from shared.process import application_of
from tests.conftest import Database
from tests.fuzz.asking import HTML, Answer, Request, ask


def an_app() -> FastAPI:
    app = FastAPI()

    @app.get("/{word}")
    async def said(word: str, again: str = "") -> str:
        return word + again

    http.install(app)
    return app


@pytest.mark.parametrize(
    "asked",
    [
        Request("GET", "/a%00b"),
        Request("GET", "/a", b"again=%00"),
        Request("GET", "/a", b"again=\xff"),
        Request("GET", "/a", b"ag\xed\xa0\x80ain=1"),
    ],
)
async def test_an_address_that_nothing_can_store_is_refused_in_words(asked: Request) -> None:
    answer = await ask(an_app(), asked)
    assert (answer.error, answer.status) == (None, 400)
    assert "Correct it" in json.loads(answer.text)["error"]


async def test_a_person_sees_a_page_for_it() -> None:
    answer = await ask(an_app(), Request("GET", "/a", b"again=\xff", (HTML,)))
    assert (answer.status, "That did not go through" in answer.text) == (400, True)
    assert answer.headers["content-security-policy"]


@pytest.mark.parametrize(("length", "status"), [(b"\xb2", 200), (b"-1", 200), (b"", 200), (b"9" * 5_000, 413), (b"300000", 413)])
async def test_an_announced_length_that_is_no_number_stops_nothing(length: bytes, status: int) -> None:
    answer: Answer = await ask(an_app(), Request("GET", "/a", headers=((b"content-length", length),)))
    assert (answer.error, answer.status) == (None, status)


async def test_a_module_with_a_nul_in_its_name_is_no_failure_of_the_database(database: Database) -> None:
    answer = await ask(application_of(await database(CONTENT)), Request("GET", "/v1/modules/%00"))
    assert (answer.error, answer.status) == (None, 400)
