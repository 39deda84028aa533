"""I need to talk: the numbers come first and from a file; a call that could not be asked for says so."""

from services.assessment.calls import keep_numbers
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
    await phone.running.pool.close()
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


async def test_call_me_now_pressed_twice_asks_once_and_says_until_when(phone, link):
    await started(phone, link)
    await phone.open(f"/talk/east?t={TRAINING}")
    request = phone.html.split('name="request" value="')[1].split('"')[0]
    for _ in range(2):
        await phone.post(f"/t/{TRAINING}/call", request=request, kind="now", site="east")
        assert phone.heading == "Your supervisor has been asked to call you"
        assert "If you hear nothing by " in phone.words
    calls = [e for e in await outgoing(phone.running) if e.TYPE == "assessment.call_requested.v1"]
    assert [(c.mentor_id, c.site_id, c.session_id, c.kind) for c in calls] == [(MENTOR, "east", SESSION, "now")]


async def test_a_call_that_can_wait_is_asked_for_even_after_the_session_was_canceled(phone, link):
    await started(phone, link)
    await deliver(phone.running, planned(status="cancelled", revision=2, **soon()))
    await phone.post(f"/t/{TRAINING}/call", kind="can_wait", site="east")
    assert phone.heading == "Your supervisor has been asked to call you"
    assert (await told(phone.running))[-1] == "call_requested"


async def test_a_call_that_could_not_be_asked_for_says_so_and_shows_the_numbers(phone, link):
    await started(phone, link)
    await phone.running.pool.close()
    await phone.post(f"/t/{TRAINING}/call", kind="now", site="east")
    assert phone.status == 503
    assert "That did not go through. Please call the site" in phone.words
    assert 'href="tel:5555550100"' in phone.html


async def test_without_a_valid_link_nobody_is_told_and_the_page_says_so(phone):
    await deliver(phone.running, site())
    await keep_numbers(phone.running, {})
    await phone.post(f"/t/{TRAINING}/call", kind="now", site="east")
    assert phone.status == 503
    assert "Nobody was told yet." in phone.words
    assert await told(phone.running) == []
