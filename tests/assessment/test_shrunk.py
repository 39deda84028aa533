"""What travels compressed, and what does not (docs/decisions/0033-what-travels-compressed.md)."""

import gzip

import httpx2
import pytest

from shared import http
from shared.pages import assets, environment
from shared.shrunk import SMALLEST, Shrunk
from tests.assessment.building import SINGLE
from tests.assessment.recording import record_link
from tests.assessment.visiting import HTML, arrive, begin

TAKES = {**HTML, "accept-encoding": "gzip, br"}


async def raw(phone, path, **headers):
    """The response, and its bytes as they came."""
    async with phone.client.stream("GET", path, headers=headers) as response:
        return response, b"".join([part async for part in response.aiter_raw()])


async def test_a_mentors_page_travels_compressed_where_the_browser_takes_it(phone, link):
    await begin(phone, link, SINGLE)
    packed, body = await raw(phone, phone.path, **TAKES)
    plain, whole = await raw(phone, phone.path, **{**HTML, "accept-encoding": "identity"})
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert "content-encoding" not in plain.headers
    assert len(body) * 2 < len(whole)
    assert gzip.decompress(body).count(b"<form") == whole.count(b"<form") > 0


@pytest.mark.parametrize("name", ["jitt.css", "mentor.js"])
async def test_a_file_travels_compressed_and_is_kept_for_ever_under_the_address_that_holds_its_hash(phone, name):
    found = assets()[name]
    packed, body = await raw(phone, f"/static/{name}?v={found.version}", **TAKES)
    assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (gzip.decompress(body), packed.headers["content-length"]) == (found.body, str(len(body)))
    other, _ = await raw(phone, f"/static/{name}?v=of-another-day", **TAKES)
    assert other.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("typed", ["from=2026-09-01", "to=guess", "from=x&to=y"])
async def test_a_page_that_repeats_a_part_of_its_address_is_not_compressed(phone, typed):
    await arrive(phone.running, SINGLE)
    address = f"/m/{record_link()}/certificate"
    repeats, body = await raw(phone, f"{address}?{typed}", **TAKES)
    assert (typed.partition("=")[2].partition("&")[0].encode() in body, "content-encoding" in repeats.headers) == (True, False)
    plain, _ = await raw(phone, address, **TAKES)
    assert plain.headers["content-encoding"] == "gzip"


async def test_less_than_a_packet_is_sent_as_it_is():
    transport = httpx2.ASGITransport(app=Shrunk(b"a" * (SMALLEST - 1)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://jitt.test") as client:
        assert "content-encoding" not in (await client.get("/", headers=TAKES)).headers


def test_a_page_of_the_console_is_never_compressed():
    """Its forms carry the session's token, and parts of it can be chosen by others."""
    words = {"heading": "Problem", "sentences": [], "hotline": False}
    assert not isinstance(http.page(environment(), "error.jinja", **words), Shrunk)
