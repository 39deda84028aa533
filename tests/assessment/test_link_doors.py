"""The doors that links open, as an attacker tries them: other kinds, other trainings, floods, proxies, what pages let out."""

import logging
import re
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from uuid import UUID, uuid4

import httpx2
import pytest
import pytest_asyncio
import structlog
from starlette.requests import Request

from services.assessment import guests
from services.assessment.app import SERVICE
from services.assessment.http import COOKIE
from shared.observe import setup_logging
from shared.process import application_of
from shared.security import KINDS, Link, mint_link
from tests.assessment.building import MENTOR, OPEN, SESSION, SINGLE, TRAINING, assigned, enrolled, planned
from tests.assessment.recording import HOME, OTHER, calendar_link, record_link
from tests.assessment.visiting import HERE, HTML, arrive, begin, link_to, soon, told
from tests.browser.conftest import on_a_port
from tests.driving import deliver

SECOND = UUID(int=0x1A)  # another training, of the same mentor
FOREIGN = UUID(int=0x1B)  # a training of another mentor
DOORS = {
    "training": ("/t/{}", "/t/{}/cards/1", "/t/{}/questions/1", "/t/{}/done", "/t/{}/answers"),
    "check_in": ("/c/{}",),
    "record": ("/m/{}", "/m/{}/record", "/m/{}/certificate"),
    "calendar": ("/calendar/{}.ics",),
    "mail": (),  # what mails one gets is a page of supervision's
}


def token_of(kind):
    ids = {"training": TRAINING, "check_in": SESSION, "record": MENTOR, "calendar": MENTOR, "mail": MENTOR}
    return mint_link(Link(kind, ids[kind], MENTOR, 1), datetime.now(UTC) + timedelta(days=14))


def test_every_kind_of_link_has_its_doors_here():
    assert set(DOORS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_link_opens_the_doors_of_its_own_kind_and_no_other(phone, kind):
    await arrive(phone.running, SINGLE)
    for other, paths in DOORS.items():
        for path in paths:
            await phone.open(path.format(token_of(kind)))
            assert (phone.status == 404) == (other != kind), path


async def test_even_a_link_of_another_kind_with_the_right_id_opens_nothing(phone):
    """As if ids of different kinds could meet."""
    await arrive(phone.running, SINGLE)
    for kind in ("check_in", "record", "calendar", "mail"):
        token = mint_link(Link(kind, TRAINING, MENTOR, 1), datetime.now(UTC) + timedelta(days=14))
        await phone.open(f"/t/{token}")
        assert phone.status == 404
        phone.client.cookies.set(COOKIE, token, path=HERE)
        await phone.open(f"{HERE}/questions/1")
        assert phone.status == 404


async def test_a_cookie_opens_its_own_training_and_no_other(phone, link):
    await begin(phone, link, SINGLE, OPEN)
    await deliver(
        phone.running, enrolled(mentor_id=OTHER), assigned(SINGLE, training_id=SECOND, session_id=uuid4(), **soon()),
        assigned(SINGLE, training_id=FOREIGN, session_id=uuid4(), mentor_id=OTHER, **soon()),
    )  # fmt: skip
    [cookie] = [c for c in phone.client.cookies.jar if c.name == COOKIE]
    assert (cookie.path, cookie.has_nonstandard_attr("HttpOnly")) == (HERE, True)
    for training in (SECOND, FOREIGN):
        for path in ("", "/questions/1", "/answers"):
            answer = await phone.client.get(f"/t/{training}{path}", headers=HTML | {"cookie": f"{COOKIE}={cookie.value}"})
            assert answer.status_code == 404
        answer = await phone.client.post(f"/t/{training}/questions/1", headers={"cookie": f"{COOKIE}={cookie.value}"})
        assert answer.status_code == 404
    await phone.open(f"{HERE}/questions/1")
    assert phone.status == 200


async def test_a_link_that_says_another_mentor_opens_nothing_of_the_training(phone):
    """Signed, so by ours; still the training has to be that mentor's."""
    await arrive(phone.running, SINGLE)
    token = mint_link(Link("training", TRAINING, OTHER, 1), datetime.now(UTC) + timedelta(days=1))
    await phone.open(f"/t/{token}")
    assert phone.heading == "Your training is being prepared."
    await phone.post(f"/t/{token}/start")
    assert await told(phone.running) == []


async def test_a_program_that_opens_the_links_of_a_mail_changes_nothing(phone):
    await arrive(phone.running, SINGLE)
    before = await rows(phone.running)
    for kind, paths in DOORS.items():
        for path in paths:
            for ask in (phone.client.get, phone.client.head, phone.client.options):
                await ask(path.format(token_of(kind)), headers=HTML)
    await phone.client.get(f"/t/{link_to(days=-1)}", headers=HTML)
    assert await rows(phone.running) == before


async def test_a_forwarded_link_is_one_training_without_a_name_and_the_first_try_counts(phone, link):
    await arrive(phone.running, SINGLE, OPEN)
    token = link()
    await phone.open(f"/t/{token}")
    await phone.press("/start")
    for number in (1, 2, 3):
        await phone.press(f"/cards/{number}")
    await phone.press("/questions/1", option="a", confidence="sure")
    phone.client.cookies.clear()  # whoever it was forwarded to
    await phone.open(f"/t/{token}")
    await phone.press("/start")
    assert phone.heading == "Not quite"
    await phone.open(f"{HERE}/questions/1")
    assert phone.heading == "Not quite"
    assert await told(phone.running) == ["training_opened", "item_answered"]
    assert str(MENTOR) not in phone.html


async def rows(running):
    """How many each table holds."""
    async with running.connection() as conn:
        return {name: await conn.fetchval(f"SELECT count(*) FROM {name}") for name in await tables(conn)}


async def tables(conn):
    return [row["name"] for row in await conn.fetch("SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND "
                                                    "relnamespace = current_schema()::regnamespace ORDER BY 1")]  # fmt: skip


# What pages let out.


async def every_page(phone, link):
    """Every kind of page, by its path, with the answer as it came."""
    await begin(phone, link, SINGLE, OPEN)
    token, expired = link(), link(days=-1)
    posts = [(f"{HERE}/questions/1", {"option": "b", "confidence": "sure"}), (f"{HERE}/questions/2", {"text": "That is a lot."})]
    for path, data in posts:
        yield path, await phone.client.post(path, data=data, headers=HTML)
    paths = [
        f"/t/{token}", f"/t/{token}/done", HERE, f"{HERE}/cards/1", f"{HERE}/questions/1", f"{HERE}/done", f"{HERE}/answers",
        f"/t/{expired}", "/t/x.y", "/t", "/talk", f"/talk/east?t={token}", "/nowhere", f"/m/{record_link()}",
        f"/m/{record_link()}/record", f"/m/{record_link()}/certificate", f"/m/{record_link(days=-1)}", f"{HOME}/record",
    ]  # fmt: skip
    for path in paths:
        yield path, await phone.client.get(path, headers=HTML)
    yield "/start", await phone.client.post(f"/t/{token}/start", headers=HTML)
    yield "/open", await phone.client.post(f"/m/{record_link()}/open", headers=HTML)
    yield "/new-link", await phone.client.post(f"/t/{expired}/new-link", headers=HTML)
    for number in range(42):
        last = await phone.client.get(f"/t/{number}.x", headers=HTML)
    yield "429", last
    await phone.running.pages.pool.close()
    yield "500", await phone.client.get(f"/t/{token}", headers=HTML)


async def test_no_page_is_kept_by_anybody_or_tells_where_one_came_from(phone, link):
    seen = set()
    async for path, answer in every_page(phone, link):
        seen.add(answer.status_code)
        assert answer.headers["cache-control"] == "no-store", path
        assert answer.headers["referrer-policy"] == "no-referrer", path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        if answer.text.startswith("<!doctype html>"):
            assert '<meta name="referrer" content="no-referrer">' in answer.text, path
            assert re.findall(r'(?:href|src|action)="(?:https?:)?//', answer.text) == [], path
    assert {200, 303, 404, 410, 429, 500} <= seen


async def test_cookies_are_for_one_thing_for_https_and_for_no_script(phone, link, monkeypatch):
    set_by = {}
    await arrive(phone.running, SINGLE)
    secure = httpx2.AsyncClient(transport=phone.client._transport, base_url="https://jitt.test")
    for path in (f"/t/{link()}", f"/m/{record_link()}"):
        set_by[path] = await secure.get(path)
    set_by["start"] = await secure.post(f"/t/{link()}/start")
    set_by["open"] = await secure.post(f"/m/{record_link()}/open")
    found = {}
    for answer in set_by.values():
        for header in answer.headers.get_list("set-cookie"):
            for name, cookie in SimpleCookie(header).items():
                assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["domain"]) == (True, True, "lax", "")
                found.setdefault(name, set()).add(cookie["path"])
    assert found == {COOKIE: {HERE}, "jitt_own_record": {HOME}, "jitt_cookies": {"/t", "/m"}}
    await secure.aclose()


async def test_no_token_gets_into_a_log_a_message_or_a_table(phone, link, capfd):
    """The failures as well, with the server's own logging at its most talkative."""
    level, handlers = logging.getLogger().level, logging.getLogger().handlers[:]
    setup_logging("assessment", logging.DEBUG)
    structlog.reset_defaults()
    tokens = {link_to(), link_to(days=-1)}
    try:
        async for path, _ in every_page(phone, link):
            tokens |= set(re.findall(r"[\w-]{40,}\.[\w-]{40,}", path))
    finally:
        logging.getLogger().setLevel(level)
        logging.getLogger().handlers[:] = handlers
    out = "".join(capfd.readouterr())
    assert len(tokens) >= 4
    assert [token for token in tokens if token.partition(".")[2] in out] == []


async def test_no_token_is_written_down(phone, link):
    await begin(phone, link, SINGLE)
    await phone.press("/questions/1", option="b", confidence="sure")
    await phone.post(f"/t/{link(days=-1)}/new-link")
    async with phone.running.connection() as conn:
        written = {name: await conn.fetch(f"SELECT t::text AS row FROM {name} t") for name in await tables(conn)}
    signature = re.compile(r"[\w-]{40,}\.[\w-]{43}")
    assert len(written["inbox"]) >= 5
    assert [(name, row["row"]) for name, found in written.items() for row in found if signature.search(row["row"])] == []


# Floods.


@pytest_asyncio.fixture
async def behind(database):
    """A real server on this machine, as `jitt run` starts it: what comes from 127.0.0.1 may be a proxy."""
    running = await database(SERVICE)
    await arrive(running, SINGLE)
    async with on_a_port(application_of(running)) as address, httpx2.AsyncClient(base_url=address) as client:
        yield client


async def flood(client, count=42, forwarded="", path="/t/{}.x"):
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    return [(await client.get(path.format(n), headers=headers)).status_code for n in range(count)]


@pytest.mark.parametrize("path", ["/t/{}.x", "/m/{}.x", "/calendar/{}.x.ics", "/t/{}.x/cards/1"])
async def test_the_twenty_first_bad_link_of_a_minute_is_turned_away_at_every_door(behind, path):
    found = await flood(behind, path=path)  # 42: also across a full minute
    assert (set(found[:20]), set(found)) == ({404}, {404, 429})


async def test_a_good_link_opens_at_once_from_an_address_that_is_turned_away(behind):
    assert 429 in await flood(behind)
    for path in (f"/t/{link_to()}", f"/m/{record_link()}", f"/calendar/{calendar_link()}.ics"):
        assert (await behind.get(path)).status_code == 200


async def test_behind_a_proxy_each_phone_is_counted_for_itself(behind):
    assert 429 in await flood(behind, forwarded="203.0.113.7")
    assert await flood(behind, 1, forwarded="203.0.113.8") == [404]


async def test_a_made_up_address_before_the_proxys_own_word_counts_for_nothing(behind):
    found = [(await flood(behind, 1, forwarded=f"198.51.100.{n}, 203.0.113.9"))[0] for n in range(42)]
    assert 429 in found


async def test_many_addresses_of_one_ipv6_network_are_one(behind):
    found = [(await flood(behind, 1, forwarded=f"2001:db8:1:2::{n:x}"))[0] for n in range(42)]
    assert 429 in found
    assert await flood(behind, 1, forwarded="2001:db8:1:3::1") == [404]


@pytest.mark.parametrize(
    ("host", "counted"),
    [("203.0.113.7", "203.0.113.7"), ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"), ("::ffff:203.0.113.7", "::ffff:203.0.113.7"),
     ("unix", "unix"), (None, "")],
)  # fmt: skip
def test_an_address_is_counted_by_who_can_have_it(host, counted):
    assert guests.address(Request({"type": "http", "client": (host, 1) if host else None})) == counted


async def test_a_moved_session_leaves_links_as_they_are(phone, link):
    """Epochs alone revoke."""
    await arrive(phone.running, SINGLE)
    await deliver(phone.running, planned(revision=2, **soon(days=3)))
    await phone.open(f"/t/{link()}")
    assert phone.status == 200
