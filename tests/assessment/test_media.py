"""Audio and video of a card come from the page's own address, in pieces, fetched from content once and checked."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI, Response

from services.assessment.app import SERVICE
from services.content import publishing
from services.content.app import SERVICE as CONTENT
from services.content.media import CAPTIONS, Blob
from shared.contracts.content import Media
from shared.process import application_of
from tests.assessment.building import CARDS, SINGLE, published
from tests.assessment.visiting import HERE, Phone, arrive
from tests.browser.conftest import on_a_port
from tests.driving import deliver

SAMPLES = Path(__file__).parents[1] / "media"
VIDEO = Blob("video/mp4", (SAMPLES / "talk.mp4").read_bytes())
WORDS = Blob(CAPTIONS, (SAMPLES / "talk.vtt").read_bytes())
SHOWN = Media(
    name="talk.mp4",
    title="A mentor says it back",
    sha256=VIDEO.sha256,
    media_type="video/mp4",
    size=len(VIDEO.body),
    seconds=3,
    captions=WORDS.sha256,
    transcript="Mentor: It sounds like a lot.",
)


@pytest.fixture
def opened(database, tmp_path):
    """Assessment, with content at this address."""

    async def at(address):
        running = await database(SERVICE)
        changes = {"home": tmp_path, "content_url": address}
        return replace(running, settings=running.settings.model_copy(update=changes))

    return at


def client_of(running):
    transport = httpx2.ASGITransport(app=application_of(running), raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://jitt.test")


async def test_a_file_is_fetched_once_and_then_given_in_pieces_with_content_away(opened, database):
    content = await database(CONTENT)
    await publishing.keep(content, [VIDEO, WORDS])
    async with on_a_port(application_of(content)) as address:
        running = await opened(address)
        async with client_of(running) as client:
            assert (await client.get(f"/media/{VIDEO.sha256}")).content == VIDEO.body
    async with client_of(running) as client:
        part = await client.get(f"/media/{VIDEO.sha256}", headers={"range": "bytes=0-1"})
        assert (part.status_code, part.content, part.headers["content-type"]) == (206, VIDEO.body[:2], "video/mp4")
        assert part.headers["cache-control"] == "public, max-age=31536000, immutable"
        head = await client.head(f"/media/{VIDEO.sha256}", headers={"range": "bytes=0-1"})
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(VIDEO.body)))
        assert head.headers["accept-ranges"] == "bytes"
        assert (await client.get(f"/media/{WORDS.sha256}")).status_code == 503
        assert (await client.get("/media/nothing")).status_code == 404


async def test_what_content_does_not_have_is_asked_for_once_a_minute(opened):
    asked, elsewhere = [], FastAPI()

    @elsewhere.get("/media/{name}")
    async def none(name: str) -> Response:
        asked.append(name)
        return Response(status_code=404)

    async with on_a_port(elsewhere) as address:
        running = await opened(address)
        name = sha256(b"of nothing").hexdigest()
        async with client_of(running) as client:
            assert [(await client.get(f"/media/{name}")).status_code for _ in range(3)] == [404] * 3
    assert asked == [name]


@pytest.mark.parametrize(("body", "media_type"), [(b"another file", "video/mp4"), (b"<script>", "text/html")])
async def test_what_is_not_what_its_name_says_is_neither_given_nor_kept(opened, body, media_type):
    elsewhere = FastAPI()

    @elsewhere.get("/media/{name}")
    async def wrong(name: str) -> Response:
        return Response(body, media_type=media_type)

    async with on_a_port(elsewhere) as address:
        running = await opened(address)
        name = sha256(body if media_type == "text/html" else b"the file").hexdigest()
        async with client_of(running) as client:
            assert (await client.get(f"/media/{name}")).status_code == 503
    assert await running.pool.fetchval("SELECT count(*) FROM media") == 0


async def test_a_card_shows_it_with_controls_captions_and_what_is_said_and_plays_nothing_by_itself(phone: Phone, link):
    await arrive(phone.running, SINGLE)
    cards = (CARDS[0].model_copy(update={"picture": None, "media": SHOWN}), *CARDS[1:])
    await deliver(phone.running, published(SINGLE, cards=cards).model_copy(update={"version": 2}))
    await phone.open(f"/t/{link()}")
    await phone.press("/start")
    assert phone.path == f"{HERE}/cards/1"
    for said in ('<video controls preload="none" playsinline', f'src="/media/{VIDEO.sha256}" type="video/mp4"', 'kind="captions"',
                 f'src="/media/{WORDS.sha256}" srclang="en"'):  # fmt: skip
        assert said in phone.html
    assert "autoplay" not in phone.html
    for said in ("A mentor says it back 3 seconds, 0.1 MB", "Read what is said", SHOWN.transcript):
        assert said in phone.words
