"""The mentor's pages are light: what each weighs over the wire, what it asks for, and how soon it can be used on a slow phone."""

import re

import httpx2

from shared.pages import assets
from tests.browser.light import LIMIT, NAMES, REQUESTS, SLOW_4G, SOON_MS, quickest, viewed
from tests.browser.states import make

TRIES = 10  # on a machine that others use; a page that is heavy is slow in all of them
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", re.IGNORECASE)
FILES = re.compile(r'(?:src|href)="(/static/[^"]+)"')


async def test_every_page_is_light_asks_nobody_else_and_can_be_used_within_a_second_on_a_slow_phone(served, browser):
    running, address = served
    at = {state.name: path for state, path in await make(running, "en")}
    views = [await quickest(browser, name, address + at[name], SLOW_4G, TRIES) for name in NAMES[:1]]
    views += [await viewed(browser, name, address + at[name], SLOW_4G) for name in NAMES[1:]]
    assert {host for view in views for host in view.hosts} == {address.removeprefix("http://")}
    assert [view.name for view in views if view.all_bytes > LIMIT] == []
    assert [view.name for view in views if view.requests > REQUESTS] == []
    assert views[0].interactive_ms <= SOON_MS


async def test_no_state_has_a_script_or_style_within_it_or_files_that_are_not_kept_for_ever(served):
    running, address = served
    found, weights = [], {}
    async with httpx2.AsyncClient(base_url=address, headers={"accept": "text/html", "accept-encoding": "gzip"}) as client:
        for state, path in await make(running, "en"):
            async with client.stream("GET", path) as response:
                packed = b"".join([part async for part in response.aiter_raw()])
            page = (await client.get(path)).text
            weights[state.name] = len(packed) + sum([await weight(client, file) for file in set(FILES.findall(page))])
            policy = response.headers["content-security-policy"]
            found += [f"{state.name}: {inline}" for inline in INLINE.findall(page)]
            found += [f"{state.name}: {policy}"] if "unsafe" in policy or "default-src 'self'" not in policy else []
            found += [f"{state.name}: {name}" for name in FILES.findall(page) if f"?v={version(name)}" not in name]
    assert found == []
    assert max(weights.values()) < LIMIT


def version(file: str) -> str:
    return assets()[file.partition("?")[0].rpartition("/")[2]].version


async def weight(client: httpx2.AsyncClient, file: str) -> int:
    async with client.stream("GET", file) as response:
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        return sum([len(part) async for part in response.aiter_raw()])
