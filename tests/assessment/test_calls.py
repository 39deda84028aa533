"""I need to talk: the numbers come first and from a file; a call that could not be asked for says so."""

from contextlib import asynccontextmanager
from urllib.parse import urlencode
from uuid import uuid4

import asyncpg
import pytest

from services.assessment import calls, calls_kept
from services.assessment.calls import deliver_kept, keep_numbers
from shared.messaging.dead import replay
from tests.assessment.building import MENTOR, SESSION, TRAINING, planned, site
from tests.assessment.visiting import arrive, soon, told
from tests.driving import deliver, outgoing


async def started(phone, link):
    await arrive(phone.running)
    await keep_numbers(phone.running, {})
    await phone.open(f"/t/{link()}")
    await phone.press("/start")


async def test_the_sites_numbers_are_shown_with_the_database_down(phone):
    await deliver(phone.running, site())
    await keep_numbers(phone.running, {})
    await phone.running.pages.pool.close()
    await phone.open("/talk/east")
    assert (phone.status, phone.heading) == (200, "I need to talk")
    found = [phone.html.index(f'href="tel:{n}"') for n in ("911", "18005550199", "988", "5555550100", "5555550101")]
    assert found == sorted(found)


async def test_an_unknown_site_shows_the_numbers_that_hold_everywhere(phone):
    for path in ("/talk", "/talk/nowhere", "/talk/..%2F..%2Fetc"):
        await phone.open(path)
        assert phone.status == 200
        assert 'href="tel:911"' in phone.html
        assert 'href="tel:988"' in phone.html
        assert "<form" not in phone.html


async def test_a_changed_number_reaches_its_file_and_an_unchanged_site_is_not_written_again(phone):
    await deliver(phone.running, site())
    kept = await keep_numbers(phone.running, {})
    file = next((phone.running.settings.home / "safeguarding").iterdir())
    file.unlink()
    assert await keep_numbers(phone.running, kept) == {"east": 1}
    assert not file.exists()
    await deliver(phone.running, site(revision=2, phone="555 555 0199"))
    assert await keep_numbers(phone.running, kept) == {"east": 2}
    await phone.open("/talk/east")
    assert "555 555 0199" in phone.words


async def test_a_half_written_file_shows_the_numbers_that_hold_everywhere(phone):
    await deliver(phone.running, site())
    await keep_numbers(phone.running, {})
    next((phone.running.settings.home / "safeguarding").iterdir()).write_text('{"site_id": "ea')
    await phone.open("/talk/east")
    assert (phone.status, 'href="tel:911"' in phone.html) == (200, True)


async def test_every_page_of_a_training_leads_there_and_back(phone, link):
    await started(phone, link)
    assert f'href="/talk/east?t={TRAINING}&amp;lang=en"' in phone.html
    await phone.open(f"/talk/east?t={TRAINING}")
    assert f'href="/t/{TRAINING}"' in phone.html


async def left(phone):
    """As the relay does when Kafka takes what waits."""
    await phone.running.pool.execute("DELETE FROM outbox")


async def ask(phone, kind="now", request=None, site="east"):
    """Presses the button, and answers the id that the form had."""
    id_ = request or str(uuid4())
    await phone.post(f"/t/{TRAINING}/call", request=id_, kind=kind, site=site)
    return id_


async def asked_for(running):
    return [e for e in await outgoing(running) if e.TYPE == "assessment.call_requested.v1"]


@asynccontextmanager
async def database_down(phone):
    """Nothing listens where the database was."""
    there = [(running, running.pool) for running in (phone.running, phone.pages)]
    away = await asyncpg.create_pool("postgresql://nobody@127.0.0.1:1/none", min_size=0)
    for running, _ in there:
        object.__setattr__(running, "pool", away)
    try:
        yield
    finally:
        for running, pool in there:
            object.__setattr__(running, "pool", pool)
        await away.close()


async def test_call_me_now_pressed_twice_asks_once(phone, link):
    await started(phone, link)
    request = await ask(phone)
    await ask(phone, request=request)
    (call,) = await asked_for(phone.running)
    assert (call.mentor_id, call.site_id, call.session_id, call.kind) == (MENTOR, "east", SESSION, "now")


async def test_a_call_is_delivered_when_it_has_left_and_not_before(phone, link):
    await started(phone, link)
    await ask(phone)
    assert (phone.status, phone.heading) == (202, "Not delivered yet. Please call.")
    await left(phone)
    await phone.open(f"{phone.path}?kind=now&site=east")
    assert phone.heading == "Your supervisor has been asked to call you"
    assert "If you hear nothing by " in phone.words


async def test_a_call_that_can_wait_is_asked_for_even_after_the_session_was_canceled(phone, link):
    await started(phone, link)
    await deliver(phone.running, planned(status="cancelled", revision=2, **soon()))
    await ask(phone, "can_wait")
    assert (await told(phone.running))[-1] == "call_requested"


async def test_in_an_outage_a_call_is_kept_and_its_page_says_that_nobody_was_told(phone, link):
    await started(phone, link)
    async with database_down(phone):
        await ask(phone)
        assert (phone.status, phone.heading) == (202, "Not delivered yet. Please call.")
        assert "We keep your request and send it as soon as we can." in phone.words
        assert 'href="tel:5555550100"' in phone.html
        page = phone.path
        await phone.open(f"{page}?kind=now&site=east")
        assert phone.heading == "Not delivered yet. Please call."
    await phone.open(f"{page}?kind=now&site=east")
    assert phone.heading == "Not delivered yet. Please call."
    assert await deliver_kept(phone.running) == 1
    await left(phone)
    await phone.open(f"{page}?kind=now&site=east")
    assert phone.heading == "Your supervisor has been asked to call you"


async def test_a_call_behind_a_failed_record_is_kept_and_said_to_be_delivered_only_once_that_is_mended(phone, link):
    await started(phone, link)
    await phone.running.pool.execute("INSERT INTO parked (concern) VALUES ($1)", f"training/{TRAINING}")
    request = await ask(phone)
    assert (phone.status, phone.heading) == (202, "Not delivered yet. Please call.")
    assert "We keep your request and send it as soon as we can." in phone.words
    await ask(phone, request=request)
    assert phone.heading == "Not delivered yet. Please call.", "pressed again it is no more delivered than before"
    page = phone.path
    assert await asked_for(phone.running) == []
    assert await phone.running.pool.fetchval("SELECT state FROM dead_letter") == "parked"
    await replay(phone.running, None)
    assert [call.kind for call in await asked_for(phone.running)] == ["now"]
    await left(phone)
    await phone.open(f"{page}?kind=now&site=east")
    assert phone.heading == "Your supervisor has been asked to call you"


async def test_a_kept_call_survives_a_kill_in_the_middle_and_counts_once(phone, link, monkeypatch):
    await started(phone, link)
    async with database_down(phone):
        request = await ask(phone)
        await ask(phone, request=request)
        with pytest.raises(calls.OUT_OF_REACH):
            await deliver_kept(phone.running)
    monkeypatch.setattr(calls_kept, "forget", killed)
    with pytest.raises(KeyboardInterrupt):
        await deliver_kept(phone.running)
    monkeypatch.undo()
    assert await deliver_kept(phone.running) == 1
    assert await deliver_kept(phone.running) == 0
    assert [c.kind for c in await asked_for(phone.running)] == ["now"]


async def test_a_kept_call_of_a_link_that_was_revoked_is_not_delivered(phone, link):
    await started(phone, link)
    async with database_down(phone):
        await ask(phone)
    await phone.running.pool.execute("UPDATE roster SET document = jsonb_set(document, '{link_epoch}', '2')")
    assert await deliver_kept(phone.running) == 0
    assert await asked_for(phone.running) == []
    assert list((phone.running.settings.home / "calls").iterdir()) == []


async def test_a_kept_call_waits_for_its_training(phone, link):
    await started(phone, link)
    async with database_down(phone):
        await ask(phone)
    mentor = await phone.running.pool.fetchval("SELECT mentor_id FROM training")
    await phone.running.pool.execute("UPDATE training SET mentor_id = $1", uuid4())
    assert await deliver_kept(phone.running) == 0
    await phone.running.pool.execute("UPDATE training SET mentor_id = $1", mentor)
    assert await deliver_kept(phone.running) == 1
    assert len(await asked_for(phone.running)) == 1


async def test_a_file_that_cannot_be_read_holds_up_no_other(phone, link):
    await started(phone, link)
    async with database_down(phone):
        await ask(phone)
    (phone.running.settings.home / "calls" / "0.now.json").write_text("{")
    assert await deliver_kept(phone.running) == 1
    assert [file.suffix for file in (phone.running.settings.home / "calls").iterdir()] == [".unreadable"]


async def test_a_file_that_cannot_be_opened_holds_up_no_other(phone, link):
    await started(phone, link)
    async with database_down(phone):
        await ask(phone)
    home = phone.running.settings.home
    (home / calls_kept.FOLDER / "0.now.json").mkdir()
    assert await deliver_kept(phone.running) == 1
    assert len(await asked_for(phone.running)) == 1


@pytest.mark.parametrize("ref", ["../console", "..", "x/../../c", "x?y=", "x#y", "%2e%2e/console", ".x"])
async def test_what_is_no_link_stands_in_no_address_of_the_help_page(phone, ref):
    for name in "tc":
        await phone.open(f"/talk/east?{urlencode({name: ref})}")
        assert (phone.status, "<form" in phone.html, f"/{name}/{ref}" in phone.html) == (200, False, False)


async def test_where_nothing_can_be_kept_the_page_says_that_it_did_not_go_through(phone, link):
    await started(phone, link)
    (phone.running.settings.home / "calls").write_text("no folder")
    async with database_down(phone):
        await ask(phone)
    assert phone.status == 503
    assert "That did not go through. Please call the site" in phone.words
    assert 'href="tel:5555550100"' in phone.html


async def test_without_a_valid_link_nobody_is_told_and_the_page_says_so(phone):
    await deliver(phone.running, site())
    await keep_numbers(phone.running, {})
    await ask(phone)
    assert phone.status == 503
    assert "Nobody was told yet." in phone.words
    async with database_down(phone):
        await ask(phone)
    assert phone.status == 503
    assert await told(phone.running) == []
    assert not (phone.running.settings.home / "calls").exists()


def killed(*_):
    raise KeyboardInterrupt
