"""Recordings without a connection: kept where somebody wants them, or where they are small and data is not dear."""

from playwright.async_api import expect

from services.assessment import store_media
from tests.assessment.building import CARDS, SINGLE, published
from tests.assessment.test_media import SHOWN, VIDEO, WORDS
from tests.assessment.visiting import arrive
from tests.browser.acts import press
from tests.browser.checking import problems
from tests.browser.offline import eventually, kept, phone
from tests.browser.test_media import CUES, PLAYED
from tests.driving import deliver

FILES = """async () => (await caches.has("media")) ? (await (await caches.open("media")).keys()).length : 0"""
PIECE = """async (url) => { const got = await fetch(url, { headers: { range: "bytes=10-19" } });
  return [got.status, got.headers.get("content-range"), (await got.arrayBuffer()).byteLength]; }"""
DEAR = "() => Object.defineProperty(navigator, 'connection', { value: { saveData: true } })"
KEEP, SAID = "Keep the recordings for when you are offline, 3 MB", "The recordings are kept on this phone."


async def with_a_recording(running, size):
    for blob in (VIDEO, WORDS):
        await store_media.keep(running.pool, blob.sha256, blob.media_type, blob.body)
    cards = (CARDS[0].model_copy(update={"picture": None, "media": SHOWN.model_copy(update={"size": size})}), *CARDS[1:])
    await arrive(running, SINGLE)
    await deliver(running, published(SINGLE, cards=cards))


async def test_a_large_recording_is_kept_when_somebody_wants_it_and_plays_without_a_connection(served, browser, link):
    running, address = served
    await with_a_recording(running, 3_000_000)
    async with phone(browser, viewport={"width": 390, "height": 844}) as (context, page):
        await page.goto(f"{address}/t/{link()}")
        await press(page, "Start the training")
        await kept(page)
        button = page.get_by_role("button", name=KEEP)
        await expect(button).to_be_visible()
        assert await page.evaluate(FILES) == 0
        assert await problems(page, "card-recording-offer.en") == []
        await button.click()
        await expect(page.get_by_text(SAID)).to_be_focused()
        await context.set_offline(True)
        await page.reload()
        await expect(page.get_by_text(SAID)).to_be_visible()
        assert 2.5 < await page.locator("video").evaluate(PLAYED) < 3.5
        assert await page.locator("video").evaluate(CUES) == ["It sounds like a lot.", "Every single night."]
        assert await page.evaluate(PIECE, f"/media/{VIDEO.sha256}") == [206, f"bytes 10-19/{len(VIDEO.body)}", 10]
        await context.set_offline(False)
        await press(page, "Remove this training from the phone")
        assert await eventually(lambda: page.evaluate(FILES), lambda count: count == 0) == 0


async def test_a_small_one_comes_along_by_itself_but_not_where_the_phone_saves_data(served, browser, link):
    running, address = served
    await with_a_recording(running, len(VIDEO.body))
    async with phone(browser) as (context, page):
        await page.goto(f"{address}/t/{link()}")
        await kept(page)
        assert await eventually(lambda: page.evaluate(FILES), lambda count: count == 2) == 2
        await press(page, "Remove this training from the phone")
        (worker,) = context.service_workers
        await worker.evaluate(DEAR)
        await page.goto(f"{address}/t/{link()}")
        await kept(page)
        await expect(page.get_by_role("button", name="Keep the recordings for when you are offline, 0.1 MB")).to_be_visible()
        assert await page.evaluate(FILES) == 0
