"""The check-in over HTTP: half a minute, no box to write in, changed until midnight; and every state that is no form."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from icalendar import Calendar

from tests.assessment.building import MENTOR, SESSION, enrolled, planned, site
from tests.assessment.checking_in import (
    ALL,
    HERE,
    STEPS,
    arrive,
    checked,
    link_to,
    opened,
    over,
    said,
    zone_where_it_is,
)
from tests.assessment.visiting import begin
from tests.driving import deliver, outgoing

HOUR = timedelta(hours=1)


def form_action(phone):
    return re.search(r'<form method="post" action="([^"]+)"', phone.html)[1]


async def send(phone, **changes):
    fields = {name: value for name, value in (ALL | changes).items() if value is not None}
    return await phone.press(form_action(phone), **fields)


async def test_a_check_in_is_sent_once_and_says_thank_you(phone):
    await opened(phone)
    assert phone.heading == "How did it go?"
    assert "Asked about the step in the first ten minutes" in phone.words
    assert "Thank you." in await send(phone, **{"step-reset_the_step": "no"}, talk="week")
    assert "Your supervisor sees this with your next brief." in phone.words
    [event] = await said(phone.running)
    assert (event.mentor_id, event.session_id, event.site_id, event.activity) == (MENTOR, SESSION, "east", "goal_review")
    assert [(one.step, one.done) for one in event.steps] == list(zip(STEPS, ("did", "did", "no"), strict=True))
    assert (event.happened, event.confidence, event.wants_to_talk, event.revision) == (True, "somewhat", "week", 1)
    assert event.sent_at == event.at
    assert await checked(phone.running) == list(zip(STEPS, ("did", "did", "no"), strict=True))


async def test_reading_the_page_has_no_effect_and_there_is_no_box_to_write_in(phone):
    await opened(phone)
    for _ in range(3):
        await phone.open(f"/c/{link_to()}")
    assert await outgoing(phone.running) == []
    assert "<textarea" not in phone.html and 'type="text"' not in phone.html
    assert phone.headers["referrer-policy"] == "no-referrer" and phone.headers["cache-control"] == "no-store"


async def test_nothing_is_chosen_before_somebody_chooses(phone):
    await opened(phone)
    assert " checked" not in phone.html


async def test_after_sending_the_link_is_out_of_the_address(phone):
    await opened(phone)
    await send(phone)
    assert phone.path == HERE
    await phone.open(HERE)
    assert phone.heading == "Thank you."


async def test_without_cookies_the_link_stays_in_the_path(phone):
    await arrive(phone.running)
    link = link_to()
    await phone.open(f"/c/{link}")
    phone.client.cookies.clear()
    await send(phone)
    assert phone.path == f"/c/{link}"
    assert phone.heading == "Thank you."


async def test_what_is_missing_is_named_and_what_was_chosen_is_kept(phone):
    await opened(phone)
    await send(phone, happened=None, talk=None, **{"step-reset_the_step": None})
    assert (phone.status, phone.title) == (422, "Error: How did it go?")
    for words in ("There is a problem", "Choose whether the session happened", "Choose for: Set the next step together",
                  "Choose whether you want to talk"):  # fmt: skip
        assert words in phone.words
    assert phone.html.count(" checked") == 3
    for field in ("happened", "step-reset_the_step", "talk"):
        assert f'href="#{field}"' in phone.html and f'id="{field}"' in phone.html and f'id="{field}-error"' in phone.html
    assert await outgoing(phone.running) == []
    await send(phone)
    assert phone.heading == "Thank you."


async def test_who_did_not_meet_is_not_asked_for_steps(phone):
    await opened(phone)
    steps = {f"step-{step}": None for step in STEPS}
    await send(phone, happened="no", **steps)
    [event] = await said(phone.running)
    assert (phone.heading, event.happened, event.steps) == ("Thank you.", False, ())
    assert await checked(phone.running) == []


async def test_steps_that_were_chosen_before_no_was_do_not_count(phone):
    await opened(phone)
    await send(phone, happened="no")
    [event] = await said(phone.running)
    assert event.steps == ()


async def test_how_confident_somebody_feels_may_be_left_out(phone):
    await opened(phone)
    await send(phone, confidence=None)
    [event] = await said(phone.running)
    assert event.confidence is None


@pytest.mark.parametrize(("field", "value"), [
    ("happened", "maybe"), ("talk", "tomorrow"), ("step-reset_the_step", "nearly"), ("talk", "x" * 10_000),
])  # fmt: skip
async def test_a_choice_that_no_button_has_is_no_choice(phone, field, value):
    await opened(phone)
    await send(phone, **{field: value})
    assert (phone.status, await outgoing(phone.running)) == (422, [])


async def test_the_same_form_twice_is_one_check_in(phone):
    await opened(phone)
    action, form = form_action(phone), dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', phone.html))
    for _ in range(3):
        await phone.post(action, **form, **ALL)
        assert phone.heading == "Thank you."
    assert len(await said(phone.running)) == 1
    await phone.post(action, **form, **ALL | {"talk": "today"})  # the page that “Back” shows again, with another word
    assert [event.wants_to_talk for event in await said(phone.running)] == ["no", "today"]


async def test_two_devices_that_say_the_same_are_one_check_in_and_the_last_word_stands_when_they_differ(phone):
    await opened(phone)
    action = form_action(phone)
    await phone.post(action, **ALL)
    await phone.post(action, **ALL)
    assert [event.revision for event in await said(phone.running)] == [1]
    await phone.post(action, **ALL | {"talk": "today"})
    assert [(event.revision, event.wants_to_talk) for event in await said(phone.running)] == [(1, "no"), (2, "today")]
    assert "Your supervisor is asked today to talk with you." in phone.words


async def test_many_devices_at_the_same_moment_leave_one_row_and_one_line_of_revisions(phone):
    await opened(phone)
    link, choices = f"/c/{link_to()}", ("no", "week", "today")
    posts = [phone.client.post(link, data=ALL | {"talk": choices[n % 3]}) for n in range(12)]
    assert {answer.status_code for answer in await asyncio.gather(*posts)} == {303}
    events = await said(phone.running)
    assert [event.revision for event in events] == list(range(1, len(events) + 1))
    row = await phone.running.pool.fetchrow("SELECT said ->> 'wants_to_talk' AS talk, revision FROM check_in")
    assert (row["talk"], row["revision"]) == (events[-1].wants_to_talk, events[-1].revision)
    assert all(one.wants_to_talk != other.wants_to_talk for one, other in pairwise(events))
    assert len(await checked(phone.running)) == len(STEPS)


async def test_a_change_until_midnight_supersedes_and_tells_only_the_steps_that_changed(phone):
    await opened(phone)
    await send(phone, talk="today", **{"step-reset_the_step": "no"})
    assert "You can change it until midnight." in phone.words
    await phone.open(f"{HERE}?change=true")
    assert phone.html.count(" checked") == 6
    await send(phone, **{"step-reset_the_step": "partly"})
    first, second = await said(phone.running)
    assert (second.revision, second.wants_to_talk, second.sent_at) == (2, "no", first.sent_at)
    assert second.at > first.at
    assert (await checked(phone.running))[3:] == [("reset_the_step", "partly")]


async def test_steps_are_taken_back_by_saying_that_they_did_not_meet(phone):
    await opened(phone)
    await send(phone)
    await phone.open(f"{HERE}?change=true")
    await send(phone, happened="no")
    assert (await checked(phone.running))[3:] == [(step, None) for step in STEPS]


async def test_after_midnight_where_the_mentor_is_it_stands(phone):
    await opened(phone, over(ago=26 * HOUR))
    await send(phone)
    await phone.running.pool.execute(
        "UPDATE check_in SET sent_at = sent_at - interval '18 h', changed_at = changed_at - interval '18 h'"
    )
    await phone.open(f"{HERE}?change=true")
    assert phone.heading == "Thank you."
    assert re.search(r"You sent this on \w+ at 1?[0-9]:\d\d [ap]m\.", phone.words)
    assert "Change it" not in phone.words
    await phone.post(HERE, **ALL | {"talk": "today"})
    assert len(await said(phone.running)) == 1


@pytest.mark.parametrize(("session", "heading"), [
    (over(status="cancelled"), "No check-in needed."),
    (over(status="not_held"), "No check-in needed."),
    (over(status="moved_away"), "No check-in needed."),
    (over(mentor_id=SESSION), "No check-in needed."),
    (over(ago=-HOUR), "Your session is not over yet."),
    (over(ago=73 * HOUR), "This check-in is closed."),
])  # fmt: skip
async def test_every_state_that_is_no_form_says_so_and_takes_nothing(phone, session, heading):
    await opened(phone, session)
    assert (phone.status, phone.heading) == (200, heading)
    await phone.post(f"/c/{link_to()}", **ALL)
    assert (phone.heading, await outgoing(phone.running)) == (heading, [])


async def test_who_gave_a_session_to_another_mentor_is_not_told_that_it_did_not_take_place(phone):
    await opened(phone, over(mentor_id=SESSION))
    assert "This session is with another mentor now." in phone.words
    assert "did not take place" not in phone.words
    await deliver(phone.running, enrolled(locale="es", revision=2))
    await phone.open(f"/c/{link_to()}")
    assert "Esta sesión ahora está a cargo de otra persona voluntaria." in phone.words


async def test_what_was_sent_in_the_last_hours_can_be_changed_until_midnight_as_the_page_says(phone):
    await opened(phone, over(ago=71 * HOUR))
    await send(phone)
    assert "You can change it until midnight." in phone.words
    await deliver(phone.running, over(ago=73 * HOUR, revision=2))
    await phone.open(f"{HERE}?change=true")
    await send(phone, talk="today")
    assert [event.wants_to_talk for event in await said(phone.running)] == ["no", "today"]


async def test_a_session_that_was_held_for_a_shorter_time_can_be_told_at_once(phone):
    await opened(phone, over(ago=-10 * timedelta(minutes=1)))
    assert phone.heading == "Your session is not over yet."
    held = over(ago=-10 * timedelta(minutes=1), revision=2, status="held").model_copy(update={"minutes": 20})
    await deliver(phone.running, held)
    await phone.open(f"/c/{link_to()}")
    assert phone.heading == "How did it go?"


async def test_a_session_that_was_canceled_after_its_check_in_keeps_what_was_said(phone):
    await opened(phone)
    await send(phone)
    await deliver(phone.running, over(status="cancelled", revision=2))
    await phone.open(HERE)
    assert phone.heading == "No check-in needed."
    assert len(await said(phone.running)) == 1


async def test_a_session_that_was_moved_to_a_later_time_is_asked_about_again(phone):
    await opened(phone)
    await send(phone, **{"step-reset_the_step": "no"})
    await deliver(phone.running, over(ago=-HOUR, revision=2))
    await phone.open(HERE)
    assert phone.heading == "Your session is not over yet."
    await phone.running.pool.execute(
        "UPDATE check_in SET sent_at = sent_at - interval '1 h', changed_at = changed_at - interval '1 h'"
    )
    await deliver(phone.running, over(ago=timedelta(), revision=3))
    await phone.open(HERE)
    assert phone.heading == "How did it go?"
    await send(phone)
    first, second = await said(phone.running)
    assert (second.revision, second.sent_at > first.sent_at) == (2, True)
    assert (await checked(phone.running))[3:] == [(step, "did") for step in STEPS]


async def test_an_activity_that_is_not_known_here_is_asked_about_without_steps(phone):
    await opened(phone, over(activity="juggling"))
    await phone.press(form_action(phone), happened="yes", talk="no")
    [event] = await said(phone.running)
    assert (phone.heading, event.activity, event.steps) == ("Thank you.", "juggling", ())


async def test_a_plan_that_changed_while_the_page_was_open_comes_back_with_its_own_steps(phone):
    await opened(phone)
    await deliver(phone.running, over(activity="homework_help", revision=2))
    await send(phone)
    assert (phone.status, await outgoing(phone.running)) == (422, [])
    assert "The young person held the pencil" in phone.words


@pytest.mark.parametrize(("link", "status", "heading"), [
    (link_to(days=-1), 410, "This link has expired."),
    (link_to(epoch=0), 410, "This link is no longer in use."),
    (link_to(kind="training"), 404, "This link does not work."),
    (link_to()[:-2] + "xx", 404, "This link does not work."),
    (str(SESSION), 404, "This link does not work."),
    (link_to(session_id=MENTOR), 200, "Your check-in is being prepared."),
])  # fmt: skip
async def test_a_link_that_opens_nothing_says_why(phone, link, status, heading):
    await arrive(phone.running)
    await phone.open(f"/c/{link}")
    assert (phone.status, phone.heading) == (status, heading)
    await phone.post(f"/c/{link}", **ALL)
    assert (phone.status, await outgoing(phone.running)) == (status, [])


async def test_the_link_of_a_check_in_opens_no_training(phone):
    await arrive(phone.running)
    await phone.open(f"/t/{link_to()}")
    assert phone.status == 404


async def test_a_mentor_who_has_left_is_not_asked(phone):
    await opened(phone, status="left")
    assert (phone.status, phone.heading) == (410, "This link is no longer in use.")


async def test_in_spanish_it_is_in_spanish(phone):
    await opened(phone, locale="es")
    assert phone.heading == "¿Cómo te fue?" and '<html lang="es">' in phone.html
    await send(phone, **{"step-reset_the_step": "no"})
    assert phone.heading == "Gracias."


async def test_another_language_keeps_what_is_chosen_and_sends_nothing(phone):
    await opened(phone)
    await phone.post(f"/c/{link_to()}/language", language="es", happened="yes", talk="week")
    assert phone.heading == "¿Cómo te fue?" and 'lang="es"' in phone.html
    assert re.findall(r'name="(\w+)" value="(\w+)"[^>]* checked', phone.html) == [("happened", "yes"), ("talk", "week")]
    assert await said(phone.running) == []
    await send(phone)
    assert phone.heading == "Gracias."
    await phone.open(f"{HERE}?lang=en")
    assert phone.heading == "Thank you."
    await phone.open(f"{HERE}?lang=tlh")
    assert phone.heading == "Thank you."


@pytest.mark.parametrize("language", ["", "tlh", "../en", "\"><b>"])
async def test_a_language_that_is_none_of_ours_is_english(phone, language):
    await opened(phone)
    await phone.post(f"/c/{link_to()}/language", language=language)
    assert phone.heading == "How did it go?"
    assert form_action(phone).endswith("?lang=en")


async def test_the_reminder_for_the_calendar_names_no_skill_and_nobody(phone, link):
    await begin(phone, link)
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    await deliver(phone.running, planned(starts_at=starts_at, quiz_by=starts_at - 3 * HOUR, minutes=45, revision=2))
    await phone.open(f"/t/{link()}/check-in.ics")
    assert phone.headers["content-type"].startswith("text/calendar")
    [event] = Calendar.from_ical(phone.html).walk("VEVENT")
    assert (event["summary"], event["dtstart"].dt, event["sequence"]) == ("Mentoring check-in", starts_at + HOUR, 2)
    for word in ("reflect", "goal", "marcus", str(MENTOR), str(SESSION), "http"):
        assert word not in phone.html.lower()


async def test_the_calendar_event_stays_the_same_when_the_session_moves(phone, link):
    await begin(phone, link)
    uids = set()
    for revision in (2, 3):
        starts_at = datetime.now(UTC) + timedelta(days=revision)
        await deliver(phone.running, planned(starts_at=starts_at, quiz_by=starts_at - 3 * HOUR, revision=revision))
        await phone.open(f"/t/{link()}/check-in.ics")
        uids |= {event["uid"] for event in Calendar.from_ical(phone.html).walk("VEVENT")}
    assert len(uids) == 1


async def test_the_zone_of_the_mentor_says_what_today_is(phone):
    """Ten minutes past midnight where the site is; still the day before where the mentor is."""
    session = over(time_zone=zone_where_it_is(0))
    await deliver(phone.running, site(), session)
    await deliver(phone.running, enrolled(time_zone=zone_where_it_is(20)))
    await phone.open(f"/c/{link_to()}")
    assert phone.words.count("Your session today at") == 1
