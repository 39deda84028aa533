"""Imports: a list is looked at, comes in once when a lead says so, and what went wrong says how to mend it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.supervision import importing, people_import, store_uploads
from services.supervision.app import SERVICE
from shared.contracts import ids
from shared.contracts.supervision import MentorEnrolled
from shared.running import Running
from shared.service import Service
from tests.driving import outgoing
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon, an_afternoon, form, signed_in, words
from tests.supervision.rosters import V12, changed, files, zipped

Database = Callable[[Service], Awaitable[Running]]
Browser = httpx2.AsyncClient
HEADER = b"ref,role,name,supervisor_ref,match_started_on\n"
LIST = HEADER + b"leah,mentor,Leah Whitcombe,dana,2026-09-01\ndana,supervisor,Dana Ortiz,,\n"
KEPT = "SELECT state, file IS NULL AS f, report IS NULL AS r, file_name FROM people_import ORDER BY sent_at"


@pytest.fixture
async def day(database: Database) -> Afternoon:
    return await an_afternoon(await database(SERVICE))


@pytest.fixture
async def priya(day: Afternoon) -> AsyncIterator[Browser]:
    async with signed_in(day.running, "priya") as client:
        yield client


async def send(browser: Browser, data: bytes, name: str = "people.csv", **more: bytes) -> httpx2.Response:
    hidden = form((await browser.get("/imports")).text, "/imports")
    return await post(browser, hidden, data, name, more)


async def post(browser: Browser, hidden: Mapping[str, str], data: bytes, name: str, more: Mapping[str, bytes]) -> httpx2.Response:
    chosen = {"file": (name, data), **{field: (f"{field}.toml", text) for field, text in more.items()}}
    return await browser.post("/imports", data=dict(hidden), files=chosen)


async def looked_at(browser: Browser, data: bytes, name: str = "people.csv", **more: bytes) -> str:
    """Where it is shown."""
    response = await send(browser, data, name, **more)
    assert response.status_code == 303, words(response.text)
    return str(response.headers["location"])


async def say_yes(browser: Browser, where: str, **typed: str) -> httpx2.Response:
    hidden = form((await browser.get(where)).text, f"{where}/confirm")
    return await browser.post(f"{where}/confirm", data=hidden | typed)


async def said(browser: Browser, where: str) -> str:
    return words((await browser.get(where)).text)


async def enrolled(day: Afternoon) -> list[UUID]:
    return [event.mentor_id for event in await outgoing(day.running) if isinstance(event, MentorEnrolled)]


async def kept(day: Afternoon) -> list[tuple[str, bool, bool, str]]:
    async with day.running.connection() as conn:
        rows = await conn.fetch(KEPT)
    return [(row["state"], row["f"], row["r"], row["file_name"]) for row in rows]


async def test_a_list_is_looked_at_first_and_comes_in_when_the_lead_says_so(day: Afternoon, priya: Browser) -> None:
    where = await looked_at(priya, LIST)
    shown = await said(priya, where)
    assert "This is what would change" in shown
    assert "1 new, 1 changed, 0 as before." in shown
    assert "Nothing is saved yet." in shown
    assert await enrolled(day) == []
    assert not await importing.bring_in_one(day.running), "nobody said yes"
    await say_yes(priya, where)
    assert "This one waits for its turn." in await said(priya, where)
    assert await importing.bring_in_one(day.running)
    assert await enrolled(day) == [ids.mentor(SITE, "leah")]
    assert "Done" in await said(priya, where)
    assert "People list" in await said(priya, "/imports")
    assert await kept(day) == [("done", True, True, "")], "what named people is gone"
    again = await said(priya, await looked_at(priya, LIST))
    assert "Nothing changes" in again
    assert "Import 2" not in again


async def test_pressing_twice_imports_once(day: Afternoon, priya: Browser) -> None:
    hidden = form((await priya.get("/imports")).text, "/imports")
    both = [await post(priya, hidden, LIST, "people.csv", {}) for _ in range(2)]
    assert len({response.headers["location"] for response in both}) == 1
    where = str(both[0].headers["location"])
    yes = form((await priya.get(where)).text, f"{where}/confirm")
    for _ in range(2):
        assert (await priya.post(f"{where}/confirm", data=yes)).status_code == 303
    assert [await importing.bring_in_one(day.running) for _ in range(2)] == [True, False]
    assert (len(await enrolled(day)), len(await kept(day))) == (1, 1)


async def test_a_worker_that_dies_in_the_middle_is_followed_by_one_that_ends_it_and_nobody_comes_in_twice(
    day: Afternoon, priya: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"m{n},mentor,Mentor {n},dana,2026-09-01\n" for n in range(12))
    where = await looked_at(priya, LIST + rows.encode())
    await say_yes(priya, where)
    monkeypatch.setattr(people_import, "CHUNK", 5)
    real, told = store_uploads.note_written, []

    async def dies(conn: Any, import_id: UUID, written: int) -> None:
        told.append(written)
        if len(told) == 2:
            raise ConnectionResetError("the worker is gone")
        await real(conn, import_id, written)

    monkeypatch.setattr(store_uploads, "note_written", dies)
    with pytest.raises(ConnectionResetError):
        await importing.bring_in_one(day.running)
    assert "5 of 14 people so far." in await said(priya, where)
    assert not await importing.bring_in_one(day.running), "the first one has it for a minute"
    async with day.running.connection() as conn:
        await conn.execute("UPDATE people_import SET claimed_until = now() - interval '1 second'")
    assert await importing.bring_in_one(day.running)
    assert sorted(await enrolled(day)) == sorted({ids.mentor(SITE, "leah"), *(ids.mentor(SITE, f"m{n}") for n in range(12))})
    assert told == [5, 10, 14], "what was in is not entered again"


async def test_every_worker_brings_in_what_waits_and_goes_on_after_an_outage(
    day: Afternoon, priya: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say_yes(priya, await looked_at(priya, LIST))
    room = asyncio.Event()
    tries = iter([ConnectionResetError("no answer")])

    async def wait_for_room() -> None:
        if error := next(tries, None):
            raise error
        room.set()

    monkeypatch.setattr(importing, "IDLE_SECONDS", 0.01)
    working = asyncio.create_task(importing.run(day.running, wait_for_room))
    async with asyncio.timeout(20):
        while (await kept(day))[0][0] != "done":
            await asyncio.sleep(0.05)
    working.cancel()
    assert room.is_set()
    assert await enrolled(day) == [ids.mentor(SITE, "leah")]


async def test_each_fault_is_shown_where_it_is_and_the_good_rows_can_go_on(day: Afternoon, priya: Browser) -> None:
    where = await looked_at(priya, LIST + b"zoe,mentr,Zoe Park,,\nsam,mentor,Sam Reed,,2026-13-01\n")
    page = (await priya.get(where)).text
    shown = words(page)
    assert "<title>Import: 2 with errors" in page
    assert "Line 4, role “mentr” is no role. Use one of: mentor, supervisor, site_lead." in shown
    assert "Line 5, match_started_on “2026-13-01” is not a date. Use YYYY-MM-DD." in shown
    assert "Import the good rows (2 people)" in shown
    listed = await priya.get(f"{where}/errors.csv")
    assert listed.text.splitlines()[1] == ",4,role,“mentr” is no role.,\"Use one of: mentor, supervisor, site_lead.\""
    await say_yes(priya, where)
    await importing.bring_in_one(day.running)
    assert await enrolled(day) == [ids.mentor(SITE, "leah")]


async def test_a_oneroster_set_comes_in_and_its_mapping_counts_for_the_next_one(day: Afternoon, priya: Browser) -> None:
    line = V12["roles"][1]
    volunteers = zipped(files(changed("roles", line, line.replace("aide", "ext:volunteer"))))
    where = await looked_at(priya, volunteers, "set.zip", mapping=b'[roles]\nmentor = ["ext:volunteer"]')
    assert "2 new, 2 changed, 0 as before." in await said(priya, where), "Dana and Priya are known"
    await say_yes(priya, where)
    await importing.bring_in_one(day.running)
    assert await enrolled(day) == [ids.mentor(SITE, "marcus")]
    assert "the mapping of your last set counts" in (await priya.get("/imports")).text
    assert "Nothing changes" in await said(priya, await looked_at(priya, volunteers, "set.zip"))


async def test_where_too_many_would_leave_the_number_has_to_be_typed(day: Afternoon, priya: Browser) -> None:
    await say_yes(priya, await looked_at(priya, zipped(files()), "set.zip"))
    await importing.bring_in_one(day.running)
    users = [row for row in V12["users"] if not row.startswith(("marcus", "lee"))]
    roles = [row for row in V12["roles"] if ",marcus," not in row and ",lee," not in row]
    fewer = V12 | {"users": users, "roles": roles, "enrollments": V12["enrollments"][:1]}
    where = await looked_at(priya, zipped(files(fewer)), "set.zip")
    shown = await said(priya, where)
    assert "Marcus Bell, mentor" in shown
    assert "That is more than one person in five." in shown
    wrong = await say_yes(priya, where, leaving="1")
    assert (wrong.status_code, "Error: Import" in wrong.text, "Type 2 to say that so many people leave" in words(wrong.text)) == (
        422, True, True,
    )  # fmt: skip
    assert not await importing.bring_in_one(day.running)
    await say_yes(priya, where, leaving="2")
    await importing.bring_in_one(day.running)
    async with day.running.connection() as conn:
        left = await conn.fetch("SELECT reference FROM person WHERE status = 'left' ORDER BY 1")
    assert [row["reference"] for row in left] == ["lee", "marcus"]


async def test_canceled_or_forgotten_for_a_day_nothing_of_it_is_kept(day: Afternoon, priya: Browser) -> None:
    where = await looked_at(priya, LIST)
    await priya.post(f"{where}/drop", data=form((await priya.get(where)).text, f"{where}/confirm"))
    assert await kept(day) == [("dropped", True, True, "")]
    late = await looked_at(priya, LIST)
    async with day.running.connection() as conn:
        await conn.execute("UPDATE people_import SET sent_at = now() - interval '25 hours' WHERE state = 'looked_at'")
    await importing.bring_in_one(day.running)
    assert "Nothing was changed." in await said(priya, late)
    assert sorted(await kept(day)) == [("dropped", True, True, "")] * 2


async def test_what_waits_is_sealed(day: Afternoon, priya: Browser) -> None:
    await looked_at(priya, LIST + b"x,teacher,Canary Name,,\n")
    async with day.running.connection() as conn:
        rows = await conn.fetch("SELECT i::text AS t, file, report FROM people_import i")
    assert b"Leah" not in rows[0]["file"] + rows[0]["report"]
    assert "Canary" not in rows[0]["t"]


@pytest.mark.parametrize(
    ("data", "name", "mapping", "words_"),
    [
        (b"", "", b"", "Choose a list: a .csv file, or a OneRoster .zip file"),
        (b"x" * (20 * 1024 * 1024 + 1), "a.csv", b"", "This file has more than 20 MB. Send the list of one site only"),
        (LIST, "a.csv", b"[rolls]", "Nobody reads “rolls” of the mapping. Did you mean “roles”?"),
    ],
    ids=["nothing", "too large", "mapping"],
)
async def test_what_cannot_be_looked_at_is_said_beside_its_field(
    priya: Browser, data: bytes, name: str, mapping: bytes, words_: str
) -> None:
    response = await send(priya, data, name, **({"mapping": mapping} if mapping else {}))
    assert (response.status_code, response.text.count(words_)) == (422, 2), words(response.text)
    assert "<title>Error: Imports" in response.text


async def test_a_zip_that_is_none_says_so_and_offers_nothing_to_go_on_with(priya: Browser) -> None:
    shown = await said(priya, await looked_at(priya, b"PK\x03\x04" + b"0" * 99, "set.zip"))
    assert "This is no zip file, or it broke off." in shown
    assert "Import the good rows" not in shown


@pytest.mark.parametrize("who", ["dana", "westfield"])
async def test_only_a_lead_of_the_site_sees_and_sends_lists(day: Afternoon, priya: Browser, who: str) -> None:
    where = await looked_at(priya, LIST)
    hidden = form((await priya.get(where)).text, f"{where}/confirm")
    if who == "westfield":
        await day.staff("sue", "Sue Kim", "site_lead", "westfield")
    expected = 404 if who == "westfield" else 403
    async with signed_in(day.running, *(("sue", "westfield") if who == "westfield" else ("dana",))) as other:
        assert (await other.get(where)).status_code == expected
        assert (await other.post(f"{where}/confirm", data=hidden)).status_code == 403
        if who == "dana":
            front = await other.get("/imports")
            assert (front.status_code, "It is for the leads of your site." in words(front.text)) == (403, True)
            assert '"/imports"' not in (await other.get("/today")).text
    assert not await importing.bring_in_one(day.running)


async def test_an_import_that_nobody_sent_is_not_found(priya: Browser) -> None:
    assert (await priya.get(f"/imports/{uuid4()}")).status_code == 404
