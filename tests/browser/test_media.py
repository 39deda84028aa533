"""A card with a recording in a real browser: it plays from the page's own address, with captions, and everybody can use it."""

import pytest
from playwright.async_api import expect

from services.assessment import store_media
from services.content.media import Blob
from shared.contracts.content import Media
from tests.assessment.building import CARDS, SINGLE, TRAINING, published
from tests.assessment.test_media import SAMPLES, SHOWN, VIDEO, WORDS
from tests.assessment.visiting import arrive
from tests.browser.acts import press
from tests.browser.checking import problems
from tests.driving import deliver

VOICE = Blob("audio/mpeg", (SAMPLES / "ana.mp3").read_bytes())
HEARD = Media(
    name="ana.mp3",
    title="Ana says how her week was",
    sha256=VOICE.sha256,
    media_type="audio/mpeg",
    size=len(VOICE.body),
    seconds=3,
    transcript="It sounds like a lot. Every single night.",
)
PLAYED = """e => e.play().then(() => new Promise(done =>
  e.addEventListener('timeupdate', () => e.currentTime > 0.5 && done(e.duration))))"""
CUES = "e => { e.textTracks[0].mode = 'showing'; return [...(e.textTracks[0].cues || [])].map(cue => cue.text) }"


@pytest.mark.parametrize(("kind", "shown"), [("video", SHOWN), ("audio", HEARD)])
async def test_a_recording_plays_when_it_is_asked_to_and_not_before(served, browser, link, kind, shown):
    running, address = served
    for blob in (VIDEO, WORDS, VOICE):
        await store_media.keep(running.pool, blob.sha256, blob.media_type, blob.body)
    await arrive(running, SINGLE)
    cards = (CARDS[0].model_copy(update={"picture": None, "media": shown}), *CARDS[1:])
    await deliver(running, published(SINGLE, cards=cards).model_copy(update={"version": 2}))
    page = await browser.new_page()
    fetched, refused = [], []
    page.on("request", lambda request: fetched.append(request.url) if "/media/" in request.url else None)
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    await page.goto(f"{address}/t/{link()}")
    await press(page, "Start the training")
    await expect(page).to_have_url(f"{address}/t/{TRAINING}/cards/1")
    assert [url for url in fetched if shown.sha256 in url] == []
    assert await problems(page, f"card-{kind}", ("light", "dark")) == []
    assert 2.5 < await page.locator(kind).evaluate(PLAYED) < 3.5
    if kind == "video":
        assert await page.locator(kind).evaluate(CUES) == ["It sounds like a lot.", "Every single night."]
    assert refused == []
    await page.close()
