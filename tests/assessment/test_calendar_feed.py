"""The calendar that a phone subscribes to: it follows every change, says nothing but times, and its link opens nothing else."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from icalendar import Calendar

from services.assessment import check_in_calendar
from services.assessment.calendar_feed import calendar
from shared.contracts.vocabulary import vocabulary
from shared.pages import languages
from shared.pages.languages import ENGLISH
from tests.assessment.building import MENTOR, SESSION, START, enrolled, planned
from tests.assessment.recording import HOME, OTHER, arrive, calendar_link, plan, record_link
from tests.driving import deliver

CHANGED = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


def entries(body):
    """By kind: session, check-in."""
    return {"session" if "-session@" in e["UID"] else "check-in": e for e in Calendar.from_ical(body).walk("VEVENT")}


def told(**changes):
    return entries(calendar([planned(**changes)], ENGLISH))


def test_a_session_has_an_entry_and_its_check_in_another():
    found = told(changed_at=CHANGED, revision=3)
    assert {kind: str(e["SUMMARY"]) for kind, e in found.items()} == {
        "session": "Mentoring session",
        "check-in": "Mentoring check-in",
    }
    session, check_in = found["session"], found["check-in"]
    assert (session.decoded("DTSTART"), session.decoded("DTEND")) == (START, START + timedelta(minutes=45))
    assert check_in.decoded("DTSTART") == START + timedelta(minutes=60)
    assert [(int(e["SEQUENCE"]), str(e["STATUS"])) for e in found.values()] == [(3, "CONFIRMED")] * 2
    assert session.decoded("LAST-MODIFIED") == CHANGED
    assert session["UID"] != check_in["UID"]


def test_a_session_that_moved_is_the_same_entry_with_a_higher_number():
    before, after = told(changed_at=CHANGED), told(starts_at=START + timedelta(days=1), revision=2, changed_at=CHANGED)
    assert before["session"]["UID"] == after["session"]["UID"]
    assert int(before["session"]["SEQUENCE"]) < int(after["session"]["SEQUENCE"])
    assert after["session"].decoded("DTSTART") == START + timedelta(days=1)


@pytest.mark.parametrize(
    ("status", "said"),
    [("planned", "CONFIRMED"), ("held", "CONFIRMED"), ("cancelled", "CANCELLED"), ("not_held", "CANCELLED"),
     ("moved_away", "CANCELLED")],
)  # fmt: skip
def test_what_does_not_take_place_is_canceled_with_its_check_in(status, said):
    assert [str(e["STATUS"]) for e in told(status=status).values()] == [said] * 2


def test_a_plan_from_before_times_of_change_were_told_stays_the_same_file():
    assert calendar([planned()], ENGLISH) == calendar([planned()], ENGLISH)
    assert "LAST-MODIFIED" not in told()["session"]


def test_nothing_but_times_is_said():
    """Of all that a plan holds: no activity, function, skill, reference or site."""
    plans = [
        planned(
            activity=name, function=each.function, mentee_ref="SECRET-REF", focus=("boundaries",), session_id=UUID(int=n)
        )
        for n, (name, each) in enumerate(vocabulary().activities.items(), 1)
    ]
    text = calendar(plans, ENGLISH).decode()
    names = {line.partition(":")[0].partition(";")[0] for line in text.splitlines()}
    assert names <= {
        "BEGIN", "END", "VERSION", "PRODID", "METHOD", "NAME", "X-WR-CALNAME", "REFRESH-INTERVAL", "X-PUBLISHED-TTL", "SUMMARY",
        "DTSTART", "DTEND", "DTSTAMP", "UID", "SEQUENCE", "CLASS", "LAST-MODIFIED", "STATUS",
    }  # fmt: skip
    assert set(re.findall(r"SUMMARY:(.*)\r", text)) == {"Mentoring session", "Mentoring check-in"}
    assert "SECRET" not in text
    assert "east" not in text


def test_it_speaks_the_mentors_language():
    spanish = entries(calendar([planned()], languages.spoken("services.assessment", "es")))
    assert {str(e["SUMMARY"]) for e in spanish.values()} == {"Sesión de mentoría", "Después de la mentoría"}


async def ask(phone, token=None, **headers):
    return await phone.client.get(f"/calendar/{token or calendar_link()}.ics", headers=headers)


async def test_the_address_on_the_record_opens_the_calendar_without_any_cookie(phone):
    await arrive(phone.running)
    await plan(phone.running)
    await phone.open(f"/m/{record_link()}/record")
    address = re.search(r'id="feed" readonly value="([^"]+)"', phone.html)[1]
    assert f'href="webcal:{address.partition(":")[2]}"' in phone.html
    phone.client.cookies.clear()
    answer = await phone.client.get("/calendar/" + address.rpartition("/")[2])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert len(Calendar.from_ical(answer.content).walk("VEVENT")) == 2
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "set-cookie" not in answer.headers


async def test_what_has_not_changed_is_not_sent_again_and_what_has_is(phone):
    await arrive(phone.running)
    await plan(phone.running, session_id=SESSION)
    first = await ask(phone)
    same = await ask(phone, **{"if-none-match": f'"other", W/{first.headers["etag"]}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    await plan(phone.running, session_id=SESSION, status="cancelled", revision=2, changed_at=CHANGED)
    changed = await ask(phone, **{"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert [str(e["STATUS"]) for e in entries(changed.content).values()] == ["CANCELLED"] * 2


async def test_a_program_that_asks_for_the_head_alone_gets_it(phone):
    await arrive(phone.running)
    whole = await ask(phone)
    head = await phone.client.head(f"/calendar/{calendar_link()}.ics")
    assert (head.status_code, head.headers["etag"]) == (200, whole.headers["etag"])
    assert (await phone.client.head("/calendar/x.y.ics")).status_code == 404


def test_a_check_in_that_was_put_into_the_calendar_by_hand_is_the_feeds_own():
    reminder = Calendar.from_ical(check_in_calendar.reminder(planned(), CHANGED, ENGLISH)).walk("VEVENT")[0]
    feeds = next(e for e in entries(calendar([planned()], ENGLISH)).values() if str(e["SUMMARY"]) == "Mentoring check-in")
    assert [str(reminder[name]) for name in ("UID", "SEQUENCE")] == [str(feeds[name]) for name in ("UID", "SEQUENCE")]
    assert reminder.decoded("DTSTART") == feeds.decoded("DTSTART")


async def test_it_holds_this_mentors_sessions_of_two_months_and_all_to_come(phone):
    await arrive(phone.running)
    for days in (-90, -30, 2, 200):
        await plan(phone.running, days=days)
    await plan(phone.running, mentor_id=OTHER)
    assert len(Calendar.from_ical((await ask(phone)).content).walk("VEVENT")) == 2 * 3


async def test_an_empty_calendar_is_a_calendar(phone):
    await arrive(phone.running)
    answer = await ask(phone)
    assert (answer.status_code, Calendar.from_ical(answer.content).walk("VEVENT")) == (200, [])


async def test_its_link_opens_nothing_else(phone):
    await arrive(phone.running)
    token = calendar_link()
    for path in (f"/m/{token}", f"/m/{token}/record", f"/m/{token}/certificate", f"/t/{token}"):
        await phone.open(path)
        assert (phone.status, phone.heading) == (404, "This link does not work.")
    phone.client.cookies.set("jitt_own_record", token, path=HOME)
    await phone.open(f"{HOME}/record")
    assert phone.status == 404


async def test_programs_are_told_by_the_status_why_there_is_nothing(phone):
    assert (await ask(phone)).status_code == 503  # the roster has not arrived
    await arrive(phone.running)
    assert (await ask(phone, record_link())).status_code == 404
    assert (await ask(phone, "x.y")).status_code == 404
    assert (await ask(phone, str(MENTOR))).status_code == 404
    assert (await ask(phone, calendar_link(days=-1))).status_code == 410
    await deliver(phone.running, enrolled(link_epoch=2, revision=2))
    assert (await ask(phone)).status_code == 410
    assert [(await ask(phone, f"{n}.x")).status_code for n in range(42)][-1] == 429
