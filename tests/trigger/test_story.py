"""A session's story: what was announced is kept small, what happened is told in words, and both ways of asking answer alike."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from typer.testing import Result

from services.trigger import domain, stories, story_words
from services.trigger.announcements import KEPT, noting
from services.trigger.messages import PolicyChanged, PublisherAdded
from services.trigger.moments import Timing
from services.trigger.policy import Policy
from services.trigger.session import Announcement, Session
from services.trigger.stories import Around
from services.trigger.zones import find_zone
from shared import tokens
from shared.contracts import ids
from shared.contracts.event import Event, Refused
from shared.contracts.site import SessionScheduled
from shared.contracts.vocabulary import vocabulary
from shared.process import application_of
from shared.running import Running
from tests.driving import deliver, fall_due
from tests.trigger.building import (
    CHICAGO,
    a_mentor,
    afternoon,
    cancelled,
    facts,
    held,
    pass_time,
    scheduled,
    taken,
    training,
)
from tests.trigger.typed import jitt

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SESSION = ids.session("east", "s1")
ASSUMED = "(assumed from the first session that we know: nobody told us)"


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=find_zone(CHICAGO)).astimezone(UTC)


def heard(session: Session | None, event: Any, now: datetime, **known: Any) -> Session:
    """The session after its site's word, taken or refused."""
    decide: Any = domain.scheduled if isinstance(event, SessionScheduled) else domain.cancelled
    decide = domain.held if type(event).__name__ == "SessionHeld" else decide
    around = facts(event if isinstance(event, SessionScheduled) else None, **known)
    decided = noting(decide)(session, event, now, around)
    kept = decided.kept if isinstance(decided, Refused) else taken(decided)[0]
    assert isinstance(kept, Session)
    return kept


def words(session: Session, now: datetime, around: Around | None = None) -> list[str]:
    return [line.strip() for line in story_words.told(stories.story(session, around or Around()), now)]


def moved_across_the_clock_change() -> Session:
    session = heard(None, scheduled(at(10, 30, 16)), at(10, 20, 9))
    session = heard(session, scheduled(at(11, 1, 16), revision=1, minutes=60), at(10, 28, 9, 10))
    return heard(session, scheduled(at(10, 29, 16)), at(10, 28, 9, 12))


def test_what_was_announced_is_kept_in_names_of_fields_from_the_second_time_on():
    assert moved_across_the_clock_change().announcements == (
        Announcement("scheduled", 0, None, at(10, 30, 16)),
        Announcement("scheduled", 1, at(10, 28, 9, 10), at(11, 1, 16), ("starts_at", "minutes")),
        Announcement("scheduled", 0, at(10, 28, 9, 12), refused="stale_revision"),
    )
    assert heard(None, scheduled(), at(10, 20, 9)).announcements == ()


def test_the_same_words_again_leave_no_second_note():
    session = moved_across_the_clock_change()
    again = noting(domain.scheduled)(session, scheduled(at(10, 29, 16)), at(10, 28, 9, 20), facts())
    assert isinstance(again, Refused) and again.kept is None
    same = scheduled(at(11, 1, 16), revision=1, minutes=60)
    assert taken(noting(domain.scheduled)(session, same, at(10, 28, 10), facts(same)))[0] is session


def test_only_the_last_twenty_are_kept():
    session = None
    for n in range(KEPT + 5):
        session = heard(session, scheduled(at(11, 10, 16) + n * HOUR, revision=n), at(10, 20, 9))
    assert session and [one.revision for one in session.announcements] == list(range(5, KEPT + 5))


def test_a_new_plan_forgets_nothing_of_what_was_announced():
    session = moved_across_the_clock_change()
    policy = Policy(version=1, timing=Timing(assign_days=2))
    planned, _ = taken(domain.replanned(session, PolicyChanged(site_id="east", version=1), at(10, 28, 10), facts(policy=policy)))
    assert (planned.due_at, planned.announcements) == (at(10, 30, 16), session.announcements)


def test_a_word_before_the_session_is_known_is_the_first_of_its_story():
    early = heard(None, cancelled(1), at(10, 20, 9))
    assert words(early, at(10, 20, 10))[0].endswith("The site canceled it.")
    session = heard(early, scheduled(at(11, 10, 16), revision=2), at(10, 21, 9))
    assert [(one.said, one.revision) for one in session.announcements] == [("cancelled", 1), ("scheduled", 2)]
    assert "At first: canceled at revision 1. When that was is not kept." in words(session, at(10, 22, 9))


def test_a_session_moved_across_a_clock_change_is_told_whole():
    session = moved_across_the_clock_change()
    assert words(session, at(10, 28, 10), Around(source="ics", stage_assumed=True)) == [
        "Homework help on Sunday, November 1, 2026, at 4:00 pm CST in America/Chicago, 60 minutes.",
        "It is planned.",
        "",
        "What the site said",
        "It comes from a calendar (`jitt feed` or `jitt import ics`).",
        "At first: announced at revision 0. When that was is not kept.",
        "Wednesday, October 28 at 9:10 am CDT: announced at revision 1. Moved from Friday, October 30 at 4:00 pm CDT to Sunday, "
        "November 1 at 4:00 pm CST, with all that had not gone out yet. Changed: the length.",
        "Wednesday, October 28 at 9:12 am CDT: announced at revision 0. It does not count: a newer revision was known already.",
        "Revision 1 counts: the highest does, and of equal ones the one that came last.",
        "",
        "Clocks",
        "The clocks in America/Chicago go back by 1 hour on Sunday, November 1 at 2:00 am, from CDT (UTC-5) to "
        "CST (UTC-6). The session stays at 4:00 pm.",
        "",
        "Moments",
        "Training: Saturday, October 31 at 4:00 pm CDT.",
        "Reminder: Sunday, November 1 at 11:00 am CST.",
        "Quiz deadline: Sunday, November 1 at 1:00 pm CST.",
        "Last call: Sunday, November 1 at 3:30 pm CST.",
        "Check-in: Sunday, November 1 at 5:15 pm CST.",
        "",
        "What was decided",
        "Nothing yet: it is decided when the training's moment comes, by what is known then.",
        f"As things are: stage “start” {ASSUMED}; session number 1.",
    ]


def test_a_session_moved_back_before_a_clock_change_says_nothing_of_clocks():
    session = heard(moved_across_the_clock_change(), scheduled(at(10, 30, 11), revision=2), at(10, 28, 10))
    told = words(session, at(10, 28, 10))
    assert "Clocks" not in told
    assert "Training: Thursday, October 29 at 11:00 am." in told


@pytest.mark.parametrize(("zone", "day", "names"), [
    ("Europe/Berlin", "2026-10-25", "from CEST (UTC+2) to CET (UTC+1)"),
    ("Australia/Lord_Howe", "2026-10-04", "from UTC+10:30 to UTC+11"),
    ("America/St_Johns", "2026-11-01", "from NDT (UTC-2:30) to NST (UTC-3:30)"),
])  # fmt: skip
def test_a_clock_change_is_said_with_the_letters_that_people_know_and_its_offsets(zone: str, day: str, names: str):
    start = datetime.fromisoformat(f"{day}T16:00").replace(tzinfo=find_zone(zone))
    session = heard(None, scheduled(start, time_zone=zone), at(9, 1, 9), mentor=a_mentor(time_zone=zone))
    told = words(session, at(9, 2, 9))
    [change] = [line for line in told if line.startswith("The clocks in")]
    assert names in change and change.endswith("The session stays at 4:00 pm.")


def test_what_has_happened_is_told_with_why_and_by_which_facts():
    known = training(assigned_at=at(10, 31, 16, 1), completed_at=at(11, 1, 12))
    session, _ = pass_time(
        moved_across_the_clock_change(), at(11, 1, 12), timedelta(minutes=5), training=training(at(10, 31, 16, 1))
    )
    session, _ = pass_time(session, at(11, 3, 9), training=known)
    told = words(session, at(11, 3, 9), Around(training=known))
    assert told[told.index("Moments") + 1 : told.index("What was decided") + 4] == [
        "The training went out on Saturday, October 31 at 4:00 pm CDT, 5 minutes late.",
        "The reminder went out on Sunday, November 1 at 11:00 am CST, 5 minutes late.",
        "The quiz was due on Sunday, November 1 at 1:00 pm CST. The training was done by then.",
        "The last call on Sunday, November 1 at 3:30 pm CST was not sent: the training was already done.",
        "The check-in went out on Sunday, November 1 at 5:15 pm CST.",
        "",
        "What was decided",
        "On Saturday, October 31 at 4:05 pm CDT: a training was asked for.",
        f"By what was known then: stage “start” {ASSUMED}; the mentor's session number 1; "
        f"the policy that everyone starts with; vocabulary version {vocabulary().version}.",
        "1. Homework coaching: never trained (need 1.30).",
    ]
    assert told[-1] == f"Which training was chosen, and why: jitt content why {session.id}"
    assert any("went back by 1 hour" in line for line in told)


def test_a_training_that_is_not_done_at_its_deadline_is_said_to_be_told_to_the_supervisor():
    open_still = training(assigned_at=at(12, 9, 16))
    session, _ = pass_time(heard(None, scheduled(), at(11, 10, 9)), at(12, 10, 14), training=open_still)
    late = training(assigned_at=at(12, 9, 16), completed_at=at(12, 10, 15))
    due = "The quiz was due on Thursday, December 10 at 1:00 pm. The training was not done by then, and the supervisor was told"
    assert f"{due}." in words(session, at(12, 10, 14), Around(training=open_still))
    assert f"{due}; it was done later." in words(session, at(12, 10, 16), Around(training=late))


def test_the_mentors_clock_stands_beside_the_sessions_where_they_differ():
    session = heard(None, scheduled(), at(11, 10, 9), mentor=a_mentor(time_zone="Asia/Tokyo"))
    told = words(session, at(11, 10, 9))
    assert told[1] == "For the mentor, in Asia/Tokyo, that is Friday, December 11 at 7:00 am."
    assert "Training: Wednesday, December 9 at 4:00 pm (Thursday, December 10 at 7:00 am for the mentor)." in told
    reminder = "Reminder: Thursday, December 10 at 3:30 am (6:30 pm for the mentor), moved out of the mentor's quiet hours."
    assert reminder in told
    assert "No last call: it would fall into the mentor's quiet hours." in told
    there = heard(None, scheduled(), at(11, 10, 9), mentor=a_mentor(time_zone="America/Menominee"))  # the same clock
    assert not any("for the mentor" in line.lower() for line in words(there, at(11, 10, 9)))


def test_a_session_that_waits_or_is_over_says_what_to_do():
    waiting = heard(None, scheduled(), at(11, 10, 9), mentor=None)
    assert any("import the mentor" in line for line in words(waiting, at(11, 10, 9)))
    gone = heard(heard(None, scheduled(), at(11, 10, 9)), cancelled(1), at(11, 11, 9))
    told = words(gone, at(11, 12, 9))
    assert "No reminder: the session was canceled." in told
    assert "The last word on it counts until the site announces it with a higher revision." in told
    assert told[-1] == "Nothing: no training was due."


def test_a_mentor_who_had_it_before_has_a_part_in_the_story():
    session, _ = pass_time(heard(None, scheduled(), at(11, 10, 9)), at(12, 9, 17))
    session = heard(session, scheduled(mentor_ref="m2", revision=1), at(12, 9, 18))
    told = words(session, at(12, 9, 19))
    before = told.index("With a mentor who had it before")
    assert told[before + 1] == "The training went out on Wednesday, December 9 at 4:00 pm."
    assert any(line.endswith("Changed: the mentor.") for line in told)


def test_every_reason_of_a_refusal_and_every_warning_has_words():
    for reason in (
        "stale_revision",
        "cancelled",
        "held",
        "not_held",
        "unknown_activity",
        "unknown_time_zone",
        "start_out_of_range",
    ):
        assert reason in story_words.REFUSED
    for warning in ("offset_disagrees", "skipped_hour", "unknown_focus", "changed_without_revision", "on_a_holiday"):
        assert warning in story_words.WARNINGS


@pytest.fixture
def running(east: Running) -> Running:
    return east


async def shown(*said: str) -> Result:
    return await jitt("session", "show", *said)


async def door(running: Running, path: str) -> Any:
    """What a publisher of the site gets."""
    token = tokens.new_token()
    await deliver(running, PublisherAdded(name="booking", sites=("east",), token_sha256=tokens.hashed(token).hex()))
    transport = httpx2.ASGITransport(app=application_of(running))
    async with httpx2.AsyncClient(transport=transport, base_url="http://jitt.test") as client:
        return (await client.get(path, headers={"authorization": f"Bearer {token}"})).json()


async def said(running: Running, event: Event) -> str:
    return (await deliver(running, event))[0].kind


async def test_a_session_that_was_announced_once_has_nothing_more_in_its_row(running: Running):
    await deliver(running, scheduled(afternoon(9)))
    assert await running.pool.fetchval("SELECT rest FROM session") is None
    await deliver(running, scheduled(afternoon(9)))
    assert await running.pool.fetchval("SELECT rest FROM session") is None


async def test_a_word_that_is_refused_is_refused_and_noted_and_read_back(running: Running):
    await deliver(running, scheduled(afternoon(9), revision=2))
    told = len(await running.pool.fetch("SELECT id FROM outbox"))
    assert await said(running, scheduled(afternoon(8), revision=1)) == "refused"
    assert len(await running.pool.fetch("SELECT id FROM outbox")) == told
    words = (await shown(str(SESSION))).stdout
    assert "announced at revision 1. It does not count: a newer revision was known already." in words
    assert await said(running, held(revision=1)) == "refused"
    assert "reported as held at revision 1. It does not count" in (await shown(str(SESSION))).stdout


async def test_no_reference_is_in_what_is_kept(running: Running):
    for n, mentor in enumerate(("m1", "m2-secret", "m1")):
        event = scheduled(afternoon(9 + n), mentor_ref=mentor, mentee_ref="kid-secret", session_ref="s-secret", revision=n)
        await deliver(running, event)
    assert "secret" not in str(await running.pool.fetch("SELECT t::text FROM session t"))
    kept = await running.pool.fetchval("SELECT rest->'announcements'->1->>'changed' FROM session")
    assert json.loads(kept) == ["mentor", "starts_at"]


async def test_a_command_answers_as_the_door_does(running: Running):
    await deliver(running, scheduled(afternoon(9)))
    await deliver(running, scheduled(afternoon(10), revision=1))
    await running.pool.execute("UPDATE session SET due_at = now()")
    await fall_due(running, "session")
    story = await door(running, f"/v1/sessions/{SESSION}")
    assert json.loads((await shown(str(SESSION), "--json")).stdout) == story
    assert json.loads((await shown("--site", "east", "--ref", "s1", "--json")).stdout) == story
    assert [one["changed"] for one in story["announcements"]] == [[], ["starts_at"]]
    decision = story["now"]["decision"]
    assert (decision["stage"], decision["session_no"], decision["assumed"]) == ("start", 1, ["stage"])


@pytest.mark.parametrize(("asked", "code", "says"), [
    ((), 2, "Say which session"),
    (("--site", "east"), 2, "Say which session"),
    ((str(uuid4()), "--site", "east", "--ref", "s1"), 2, "Say which session"),
    (("lesson-4",), 2, "“lesson-4” is no id of a session"),
    ((str(uuid4()),), 1, "Nothing is known of this session"),
    (("--site", "east", "--ref", "nothing"), 1, "Nothing is known of a session “nothing” at “east”"),
])  # fmt: skip
async def test_a_question_that_cannot_be_answered_says_what_to_do(running: Running, asked: tuple[str, ...], code: int, says: str):
    told = await shown(*asked)
    assert (told.exit_code, says in told.stderr) == (code, True), told.stderr
