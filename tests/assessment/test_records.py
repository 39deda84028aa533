"""A mentor's own record: by a link of its own kind, in words and dates, and about nobody else."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from shared.pages import times
from tests.assessment.building import MENTOR, SESSION, ZONE, enrolled, published, site
from tests.assessment.recording import HOME, OTHER, arrive, calendar_link, finish, miss, plan, record_link
from tests.assessment.spanish import SINGLE as IN_SPANISH
from tests.assessment.test_pages_spanish import english_on
from tests.assessment.visiting import HTML
from tests.driving import deliver, outgoing

FIGURES = re.compile(r"\d+ ?%|percent|score[ds]?\b(?! here)|streak|rank(?!ing)|recall|stability", re.IGNORECASE)


async def opened(phone, ref=None):
    await phone.open(f"/m/{ref or record_link()}")
    return await phone.press("/open")


async def test_the_link_leads_through_a_door_and_leaves_the_address(phone):
    await arrive(phone.running)
    await phone.open(f"/m/{record_link()}")
    assert (phone.status, phone.heading) == (200, "Your own record")
    await phone.press("/open")
    assert (phone.status, phone.path) == (200, f"{HOME}/record")
    await phone.open(HOME)
    assert phone.path == f"{HOME}/record"


async def test_the_door_shows_nothing_of_the_record(phone):
    """Programs that check mail open links: they see a button."""
    await arrive(phone.running)
    await finish(phone.running, 3)
    await plan(phone.running)
    await phone.open(f"/m/{record_link()}")
    assert "Say it back" not in phone.words
    assert "look at the goal" not in phone.words


async def test_a_phone_that_is_shared_and_forgotten_shows_the_record_for_an_hour_at_most_and_less_when_told(phone):
    await arrive(phone.running)
    answer = await phone.client.post(f"/m/{record_link()}/open", headers={"cookie": "jitt_cookies=1"})
    assert "Max-Age=3600;" in answer.headers["set-cookie"]
    await opened(phone)
    assert "This page closes by itself after an hour." in phone.words
    await phone.press("/leave")
    assert (phone.status, phone.heading) == (200, "Your record is closed on this phone.")
    for path in ("", "/record", "/certificate"):
        await phone.open(f"{HOME}{path}")
        assert (phone.status, phone.heading) == (404, "Your record is closed on this phone.")
    await opened(phone)
    assert (phone.status, phone.heading) == (200, "Your own record")


@pytest.mark.parametrize("ref", ["%ED%A0%80", "a%3B%20Domain%3Dother.test", "%C3%A9"], ids=["no text", "attribute", "letter"])
async def test_leaving_by_an_address_that_is_nobodys_names_no_more_than_that_address_in_its_cookie(phone, ref):
    answer = await phone.client.post(f"/m/{ref}/leave", headers=HTML)
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 404
    assert cookie.isascii() and "Path=/m/%" in cookie.replace("Path=/m/a", "Path=/m/") and "; Domain=" not in cookie


async def test_a_cookie_of_ninety_days_from_before_opens_the_record_no_more(phone):
    await arrive(phone.running)
    phone.client.cookies.set("jitt_record", record_link(), path=HOME)
    await phone.open(f"{HOME}/record")
    assert (phone.status, phone.heading) == (404, "Your record is closed on this phone.")


async def test_with_cookies_refused_the_link_stays_in_the_address(phone):
    await arrive(phone.running)
    token = record_link()
    response = await phone.client.post(f"/m/{token}/open")
    assert (response.headers["location"], "set-cookie" in response.headers) == (f"/m/{token}/record", False)
    await phone.open(response.headers["location"])
    assert (phone.status, phone.heading) == (200, "Your own record")


async def test_an_empty_record_says_what_will_come(phone):
    await arrive(phone.running)
    await opened(phone)
    for words in ("No session is planned.", "Nothing is waiting to come back.", "Nothing yet. A training comes before each"):
        assert words in phone.words
    assert "Certificate" not in phone.words


async def test_what_was_trained_is_said_with_its_date_its_session_and_what_worked(phone):
    await arrive(phone.running)
    session_id = await plan(phone.running, days=-2)
    training = await finish(phone.running, 3, "wrong right", session_id=session_id)
    await opened(phone)
    assert "Say it back before you advise" in phone.words
    assert f"Finished on {times.long_date(training.completed_at, ZONE)}" in phone.words
    start = times.date_clock(datetime.now(UTC) - timedelta(days=2), ZONE)
    assert f"For your session on {start.partition(' at ')[0]}" in phone.words
    assert ": a look at the goal" in phone.words
    assert "Right at the second try pressure at home about a grade" in phone.words
    assert "Right at the first try" not in phone.words


async def test_what_was_right_at_once_stands_apart_from_what_never_was(phone):
    await arrive(phone.running)
    await finish(phone.running, 9, "right")
    await opened(phone)
    assert "Right at the first try pressure at home about a grade" in phone.words
    assert "second try" not in phone.words


async def test_a_miss_is_said_by_its_topic_and_never_by_a_figure(phone):
    await arrive(phone.running)
    await finish(phone.running, 9, "wrong wrong")
    await miss(phone.running)
    await opened(phone)
    assert "pressure at home about a grade (from October 21)" in phone.words
    assert "Right at" not in phone.words
    assert FIGURES.findall(phone.words) == []


async def test_a_planned_step_that_was_not_done_comes_back_in_the_words_of_the_check_in(phone):
    await arrive(phone.running)
    await miss(phone.running, module_id=None, version=None, item_id=None, step="agreed_next_meeting")
    await opened(phone)
    assert "Agreed on the day and time of the next meeting (from October 21)" in phone.words


async def test_what_has_no_words_any_more_is_left_out(phone):
    await arrive(phone.running)
    await miss(phone.running, item_id="gone")
    await opened(phone)
    assert "Nothing is waiting to come back." in phone.words


async def test_the_next_sessions_are_said_in_the_mentors_zone_the_first_to_come_first(phone):
    await arrive(phone.running, time_zone="Asia/Tokyo")
    for days, activity in ((9, "check_in"), (2, "goal_review")):
        await plan(phone.running, days=days, activity=activity, mode="virtual")
    await opened(phone)
    first = times.date_clock(datetime.now(UTC) + timedelta(days=2), "Asia/Tokyo").partition(" at ")[0]
    assert first in phone.words
    assert phone.words.index("a look at the goal") < phone.words.index("Planned: a check-in")
    assert "45 minutes, online" in phone.words


@pytest.mark.parametrize("change", [{"status": "cancelled"}, {"status": "moved_away"}, {"mentor_id": OTHER}, {"days": -1}])
async def test_what_does_not_come_is_no_next_session(phone, change):
    await arrive(phone.running)
    await plan(phone.running, **change)
    await opened(phone)
    assert "No session is planned." in phone.words


async def test_a_record_is_of_one_mentor_only(phone):
    await arrive(phone.running)
    await deliver(phone.running, enrolled(mentor_id=OTHER))
    await finish(phone.running, 3, mentor_id=OTHER)
    await miss(phone.running, OTHER)
    await plan(phone.running, mentor_id=OTHER)
    await opened(phone)
    assert "Say it back" not in phone.words
    assert "pressure at home" not in phone.words
    await phone.open(f"/m/{OTHER}/record")
    assert (phone.status, phone.heading) == (404, "Your record is closed on this phone.")


async def test_a_session_that_went_to_another_mentor_says_nothing_of_it(phone):
    await arrive(phone.running)
    await finish(phone.running, 3, session_id=SESSION)
    await plan(phone.running, session_id=SESSION, days=-2, mentor_id=OTHER, activity="safety_plan_follow_up")
    await opened(phone)
    assert "safety plan" not in phone.words


async def test_nothing_of_the_young_person_and_no_name_stands_on_it(phone):
    await arrive(phone.running)
    ref = str(uuid4())
    await finish(phone.running, 3, session_id=await plan(phone.running, days=-2, mentee_ref=ref))
    await plan(phone.running, mentee_ref=ref)
    await opened(phone)
    assert ref not in phone.html


@pytest.mark.parametrize("path", ["", "/record", "/certificate"])
async def test_reading_changes_nothing(phone, path):
    await arrive(phone.running)
    before = await counted(phone.running)
    await phone.open(f"/m/{record_link()}{path}")
    await phone.open(f"/calendar/{calendar_link()}.ics")
    assert phone.status == 200
    assert await counted(phone.running) == before
    assert await outgoing(phone.running) == []


async def counted(running):
    async with running.connection() as conn:
        return [await conn.fetchval(f"SELECT count(*) FROM {table}") for table in ("inbox", "outbox", "training", "skill")]


@pytest.mark.parametrize("change", [{"link_epoch": 2}, {"status": "left"}])
async def test_a_revoked_link_opens_no_record_and_no_calendar_even_with_its_cookie(phone, change):
    await arrive(phone.running)
    await opened(phone)
    await deliver(phone.running, enrolled(revision=2, **change))
    for path in (f"{HOME}/record", f"{HOME}/certificate", f"/m/{record_link()}", f"/m/{record_link()}/record"):
        await phone.open(path)
        assert (phone.status, phone.heading) == (410, "This link is no longer in use.")
    await phone.open(f"/calendar/{calendar_link()}.ics")
    assert phone.status == 410


async def test_an_expired_link_says_so_with_the_sites_number(phone):
    await arrive(phone.running)
    await phone.open(f"/m/{record_link(days=-1)}/record")
    assert (phone.status, phone.heading) == (410, "This link has expired.")
    assert "Ask your site for a new link to your record." in phone.words
    assert "555 555 0100" in phone.words
    assert "Send me a new link" not in phone.words


async def test_a_link_that_is_faster_than_the_roster_waits_in_words(phone):
    await phone.open(f"/m/{record_link()}")
    assert (phone.status, phone.heading) == (200, "Your record is being prepared.")


async def test_the_page_speaks_the_mentors_language_and_marks_what_is_in_another(phone):
    await deliver(
        phone.running, site(name="Programa Este", hotline=None, reporting_steps=()), enrolled(locale="es"),
        published(IN_SPANISH, locale="es", title="Devuelve lo que oíste"), published(title="Say it back"),
    )  # fmt: skip
    await finish(phone.running, 3, locale="es")
    await finish(phone.running, 9, "wrong right")
    await miss(phone.running)
    await plan(phone.running)
    found = []
    for path in ("", "/record"):
        await phone.open(f"/m/{record_link()}{path}")
        phone.html = re.sub(r'<(\w+) lang="en">.*?</\1>|<input [^>]*id="feed"[^>]*>', "", phone.html, flags=re.DOTALL)
        found += english_on(phone)
    assert found == []
    assert "Devuelve lo que oíste" in phone.words
    await phone.open(f"/m/{record_link()}/record?lang=en")
    assert '<html lang="en">' in phone.html
    assert '<span lang="es">Devuelve lo que oíste</span>' in phone.html


async def test_another_language_is_a_tap_away_and_stays_from_page_to_page(phone):
    await arrive(phone.running)
    await finish(phone.running, 3)
    await phone.open(f"/m/{record_link()}")
    assert 'href="?lang=es" lang="es" hreflang="es">Español</a>' in phone.html
    await phone.open(f"/m/{record_link()}?lang=es")
    await phone.press("/open?lang=es")
    assert phone.heading == "Tu historial"
    address = re.search(r'href="([^"]+/certificate[^"]*)"', phone.html)[1]
    await phone.open(address)
    assert phone.heading == "Constancia de capacitaciones"
    assert '<input type="hidden" name="lang" value="es">' in phone.html
    assert f'href="{HOME}/record?lang=es"' in phone.html
    await phone.open(f"{HOME}/record?lang=xx")
    assert phone.heading == "Your own record"


async def test_a_long_past_is_cut_and_says_so(phone):
    await arrive(phone.running)
    for number in range(51):
        await finish(phone.running, 3 + number)
    await opened(phone)
    assert phone.html.count("Finished on") == 50
    assert "Older trainings are not listed here." in phone.words


async def test_a_correction_shows_what_counts_now(phone):
    """The record reads the tries as they stand."""
    await arrive(phone.running)
    training = await finish(phone.running, 3, "wrong wrong")
    async with phone.running.connection() as conn:
        await conn.execute(
            """UPDATE training SET tries = jsonb_set(tries - 1, '{0,correct}', 'true') WHERE id = $1""", training.id
        )
    await opened(phone)
    assert "Right at the first try pressure at home about a grade" in phone.words


def test_the_builders_are_of_this_mentor():
    assert MENTOR != OTHER
    assert UUID(HOME.rpartition("/")[2]) == MENTOR
