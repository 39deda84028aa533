"""Drawings in a real browser: let in by the policy, no wider than the smallest phone, and unable to act."""

from services.content.lint import LIBRARY
from services.content.pictures import inspect
from shared.contracts.content import Card, Picture
from tests.assessment.building import SINGLE, assigned, enrolled, planned, published, site
from tests.assessment.visiting import soon
from tests.driving import deliver

SHIPPED = [file.read_text("utf-8") for file in sorted((LIBRARY / "pictures").glob("*.svg"))]
ACTING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 100" onload="alert(1)">'
    "<script>alert(1)</script>"
    '<image href="https://example.org/a.png"/><circle cx="50" cy="50" r="40"/></svg>'
)


async def first_card(served, page, link, *drawings):
    """Of a training with a card for each of these."""
    running, address = served
    cards = []
    for svg in drawings:
        width, height = inspect(svg).box
        picture = Picture(name="a", alt="A drawing", svg=svg, width=width, height=height)
        cards.append(Card(title="A card", text="Some words.", picture=picture))
    when = soon()
    module = published(SINGLE, cards=tuple(cards))
    await deliver(running, site(), enrolled(), planned(**when), module, assigned(SINGLE, **when))
    await page.goto(f"{address}/t/{link()}")
    await page.get_by_role("button", name="Start the training", exact=True).click()


async def test_every_shipped_drawing_is_shown_whole_on_the_smallest_phone(served, browser, link):
    page = await browser.new_page(viewport={"width": 320, "height": 640})
    await first_card(served, page, link, *SHIPPED)
    sizes = []
    for number in range(1, len(SHIPPED) + 1):
        await page.wait_for_url(f"**/cards/{number}")
        drawing = page.get_by_role("img", name="A drawing")
        await drawing.evaluate("image => image.decode()")
        box = await drawing.bounding_box()
        sizes.append((box["width"], box["height"]))
        assert await page.evaluate("() => document.documentElement.scrollWidth") == 320
        await page.locator("button.main").click()
    assert sizes == [inspect(svg).box for svg in SHIPPED]
    await page.close()


async def test_a_drawing_that_got_past_the_linter_still_cannot_act(served, browser, link):
    page = await browser.new_page()
    done = []
    page.on("dialog", lambda dialog: done.append(dialog.message))
    page.on("request", lambda request: done.extend([request.url] * ("example.org" in request.url)))
    await first_card(served, page, link, ACTING)
    await page.get_by_role("img", name="A drawing").evaluate("image => image.decode()")
    assert done == []
    await page.close()
