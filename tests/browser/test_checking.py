"""The checks themselves: a page that has a fault is found out, whichever width or scheme it shows in."""

import pytest

from tests.browser.checking import problems

GOOD = """<!doctype html><html lang="en"><head><title>A page</title><meta name="viewport" content="width=device-width">
<style>body {{ margin: 0; background: #fff; color: #111 }} button, select {{ min-height: 44px }} {style}</style></head>
<body><header>Site</header><main><h1>Hello</h1>{body}</main></body></html>"""


@pytest.mark.parametrize(
    ("style", "body", "said"),
    [
        ("", "<p>Fine.</p><button>Go on</button>", ()),
        ("", '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">', ("axe image-alt", "320 light")),
        (
            "img { display: none } @media (min-width: 1000px) { img { display: block } }",
            '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
            ("1280 light: axe image-alt",),
        ),
        (
            "img { display: none } @media (prefers-color-scheme: dark) { img { display: block } }",
            '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
            ("320 dark: axe image-alt",),
        ),
        (
            "a { display: inline-block; font-size: 8px } @media (min-width: 1000px) { a { line-height: 9px } }",
            '<p><a href="/1">1</a><a href="/2">2</a></p>',
            ("1280 light: axe target-size",),
        ),
        ("p { color: #ccc }", "<p>Pale.</p>", ("axe color-contrast", "390 light")),
        ("@media (prefers-color-scheme: dark) { p { color: #ccc } }", "<p>Pale at night.</p>", ("axe color-contrast", "dark")),
        (".b { min-height: 30px }", '<button class="b">Small</button>', ("small target",)),
        (".w { width: 360px }", '<p class="w">Wide.</p>', ("320 light: 40 px sideways",)),
        ("p { white-space: nowrap }", "<p>Words that stand wider apart go over.</p>", ("with wider text",)),
    ],
)
async def test_a_fault_is_found_where_it_shows(browser, style, body, said):
    page = await browser.new_page()
    await page.set_content(GOOD.format(style=style, body=body))
    found = "\n".join(await problems(page, "page"))
    assert all(words in found for words in said) if said else found == ""
    await page.close()


async def test_a_fault_of_the_dark_scheme_alone_is_not_said_of_the_light_one(browser):
    page = await browser.new_page()
    await page.set_content(GOOD.format(style="@media (prefers-color-scheme: dark) { p { color: #ccc } }", body="<p>Pale.</p>"))
    assert {problem.split()[2] for problem in await problems(page, "page")} == {"dark:"}
    await page.close()
