"""A calendar imported again and again: what is told, what is not, and what happens when a run stops half way."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.trigger import calendar_import, imports
from services.trigger.calendar_import import Days, UnknownSite
from services.trigger.imports import REFUSED, Asked, Said, summary
from shared.contracts import ids
from shared.contracts.site import SessionCancelled, SessionScheduled
from shared.contracts.supervision import SiteDescribed
from shared.running import Running
from tests.driving import deliver
from tests.trigger.calendar_files import CHICAGO, DANA, SERIES, THIRD_CANCELLED, after, calendar, event, plan, told
from tests.trigger.typed import invoke, jitt


def test_an_import_run_twice_changes_nothing() -> None:
    data = calendar(*SERIES, *event())
    assert summary(plan(data)) == "7 sessions planned, 0 unchanged"
    assert summary(plan(data, after(data))) == "0 sessions planned, 7 unchanged"


def test_a_session_is_told_with_the_wall_clock_of_its_zone_and_its_own_reference() -> None:
    change = plan(calendar(*SERIES)).changes[5]
    assert change.event == SessionScheduled(
        session_ref="dana/series/2026-11-10T21:30:00Z",
        site_id="eastfield",
        mentor_ref="dana",
        starts_at=datetime(2026, 11, 10, 15, 30, tzinfo=CHICAGO),
        time_zone="America/Chicago",
        minutes=45,
        activity="check_in",
        revision=1,
    )
    assert isinstance(change.event, SessionScheduled)
    assert change.event.model_dump(mode="json")["starts_at"] == "2026-11-10T15:30:00-06:00"


def test_a_whole_series_called_off_without_a_start_takes_all_its_sessions_along() -> None:
    data = calendar("BEGIN:VEVENT", "UID:series", "SEQUENCE:1", "END:VEVENT", method="CANCEL")
    found = plan(data, after(calendar(*SERIES, *event())))
    assert [kind for kind, _, _ in told(found)] == ["cancelled"] * 6


def test_a_cancelled_session_that_comes_back_is_planned_under_a_higher_revision() -> None:
    said = after(calendar(*SERIES, *THIRD_CANCELLED), after(calendar(*SERIES)))
    assert told(plan(calendar(*SERIES), said)) == [("planned", "dana/series/2026-10-20T20:30:00Z", 3)]


def test_a_single_entry_that_moves_is_the_same_session() -> None:
    said = after(calendar(*event()))
    assert told(plan(calendar(*event(start="20261007T153000")), said)) == [("moved", "dana/one/", 2)]


def test_other_content_at_the_same_time_is_a_change() -> None:
    said = after(calendar(*event()))
    assert told(plan(calendar(*event(minutes=60)), said)) == [("changed", "dana/one/", 2)]


def test_what_only_earlier_files_knew_is_kept_and_counted_unless_the_file_is_complete() -> None:
    said = after(calendar(*event(), *event(uid="other")))
    kept = plan(calendar(*event()), said)
    assert (told(kept), kept.absent) == ([], 1)
    whole = Asked("eastfield", "dana", "check_in", complete=True)
    assert told(plan(calendar(*event()), said, whole)) == [("cancelled", "dana/other/", 2)]


def test_an_entry_that_cannot_be_read_cancels_nothing() -> None:
    broken = event("RRULE:EVERY=TUESDAY", uid="series")
    assert told(plan(calendar(*broken), after(calendar(*SERIES)))) == []


@pytest.mark.parametrize("fault", ["RDATE:soon", "EXRULE:FREQ=DAILY", "DTSTART;VALUE=DATE:20261014"])
def test_a_moved_session_that_cannot_be_read_stays_where_it_was_said_to_be(fault: str) -> None:
    moved = event("RECURRENCE-ID:20261013T203000Z", uid="series", start="20261014T170000")
    said = after(calendar(*SERIES, *moved))
    broken = ("BEGIN:VEVENT", "UID:series", "RECURRENCE-ID:20261013T203000Z", fault, "DTSTART:20261014T220000Z", "END:VEVENT")
    assert told(plan(calendar(*SERIES, *broken), said)) == []


def test_sessions_before_the_window_are_history_and_stay() -> None:
    said = {"dana/series/2026-09-29T20:30:00Z": Said(b"x", 1, datetime(2026, 9, 29, 15, 30, tzinfo=CHICAGO))}
    assert [kind for kind, _, _ in told(plan(calendar(*SERIES), said))] == ["planned"] * 6


@pytest.mark.parametrize(
    ("categories", "activity"),
    [
        ("CATEGORIES:First meeting", "first_meeting"),
        ("CATEGORIES:first_MEETING", "first_meeting"),
        ("CATEGORIES:Room 12,FIRST  MEETING", "first_meeting"),
        ("CATEGORIES:", "check_in"),
    ],
)
def test_a_category_names_the_activity_by_code_or_title(categories: str, activity: str) -> None:
    changes = plan(calendar(*event(categories))).changes
    assert [getattr(change.event, "activity", None) for change in changes] == [activity]


def test_categories_that_name_no_activity_or_two_are_listed_with_counts_and_never_guessed() -> None:
    odd = event("CATEGORIES:Dentist", "RRULE:FREQ=WEEKLY;COUNT=2", uid="odd")
    both = event("CATEGORIES:First meeting,Check-in", uid="both")
    found = plan(calendar(*odd, *both, *event()), asked=Asked("eastfield", "dana"))
    assert found.changes == ()
    assert found.unmapped == {"Dentist": 2, "First meeting, Check-in": 1, "": 1}


@pytest.mark.parametrize(("minutes", "possible"), [(4, False), (5, True), (480, True), (481, False)])
def test_a_session_takes_five_minutes_to_eight_hours(minutes: int, possible: bool) -> None:
    found = plan(calendar(*event(minutes=minutes)))
    assert (len(found.changes) == 1, len(found.problems) == 0) == (possible, possible)


def test_references_are_short_enough_and_never_meet() -> None:
    start = datetime(2026, 10, 6, 20, 30, tzinfo=ZoneInfo("UTC"))
    pairs = [("a", "b/c"), ("a/b", "c"), ("a%2Fb", "c"), ("é" * 200, "u" * 300), ("é" * 199, "u" * 300), ("a", "u" * 301)]
    refs = [imports.reference(mentor, uid, start) for mentor, uid in pairs]
    assert len(set(refs)) == len(pairs)
    assert max(len(ref) for ref in refs) <= 200


def test_what_was_refused_is_said_again_under_a_new_revision() -> None:
    said = {ref: Said(REFUSED, last.revision, last.starts_at) for ref, last in after(calendar(*event())).items()}
    assert told(plan(calendar(*event()), said)) == [("planned", "dana/one/", 2)]


def test_an_event_id_is_the_same_for_the_same_news_and_names_nobody() -> None:
    once, again = plan(calendar(*event())).changes[0], plan(calendar(*event())).changes[0]
    moved = plan(calendar(*event(start="20261007T153000"))).changes[0]
    assert once.event_id == again.event_id != moved.event_id
    assert "dana" not in once.event_id


# On Postgres, with trigger's own handlers.

DAYS = Days(datetime.fromisoformat("2026-10-01"), datetime.fromisoformat("2026-12-01"))
SITE = SiteDescribed(site_id="eastfield", name="Eastfield", phone="555 0100", time_zone="America/Chicago", revision=1)


async def run(running: Running, data: bytes, asked: Asked = DANA) -> str:
    found = await calendar_import.compare(running, data, asked, DAYS)
    assert await calendar_import.tell(running, asked, found.plan) == {}
    return summary(found.plan)


async def sessions(running: Running) -> list[tuple[object, ...]]:
    async with running.connection() as conn:
        rows = await conn.fetch("SELECT id, status, starts_at, activity, revision FROM session ORDER BY starts_at NULLS LAST, id")
    return [tuple(row) for row in rows]


async def test_a_file_imported_twice_makes_its_sessions_once(running: Running) -> None:
    await deliver(running, SITE)
    assert await run(running, calendar(*SERIES)) == "6 sessions planned, 0 unchanged"
    first = await sessions(running)
    assert await run(running, calendar(*SERIES)) == "0 sessions planned, 6 unchanged"
    assert await sessions(running) == first
    assert [row[0] for row in first] == [
        ids.session("eastfield", change.event.session_ref) for change in plan(calendar(*SERIES)).changes
    ]


async def test_a_run_that_stopped_before_writing_down_what_it_told_does_no_harm(running: Running) -> None:
    await deliver(running, SITE)
    await run(running, calendar(*SERIES))
    told_once = await sessions(running)
    async with running.connection() as conn:
        await conn.execute("DELETE FROM imported")
    assert await run(running, calendar(*SERIES)) == "6 sessions planned, 0 unchanged"
    assert await sessions(running) == told_once


async def test_a_session_cancelled_after_such_a_run_is_cancelled_all_the_same(running: Running) -> None:
    await deliver(running, SITE)
    await run(running, calendar(*event()))
    async with running.connection() as conn:
        await conn.execute("DELETE FROM imported")
    await run(running, calendar(*event("STATUS:CANCELLED")))
    assert [row[1] for row in await sessions(running)] == ["cancelled"]


async def test_a_session_that_moved_in_the_file_moves_in_trigger(running: Running) -> None:
    await deliver(running, SITE)
    await run(running, calendar(*event()))
    assert await run(running, calendar(*event(start="20261007T153000"))) == "0 sessions planned, 1 moved, 0 unchanged"
    assert [row[2] for row in await sessions(running)] == [datetime(2026, 10, 7, 15, 30, tzinfo=CHICAGO)]


async def test_a_file_for_an_unknown_site_is_refused(running: Running) -> None:
    with pytest.raises(UnknownSite):
        await calendar_import.compare(running, calendar(*event()), DANA, DAYS)


# The command.

WINDOW = ("--from", "2026-10-01", "--to", "2026-12-01")


def saved(folder: Path, data: bytes) -> str:
    path = folder / "dana.ics"
    path.write_bytes(data)
    return str(path)


def test_a_dry_run_needs_no_network_and_lists_sessions_and_problems(tmp_path: Path) -> None:
    file = saved(tmp_path, calendar(*event(), *event("RRULE:EVERY=TUESDAY", uid="odd")))
    done = invoke("import", "ics", file, "--dry-run", "--json", "--zone", "America/Chicago", *WINDOW)
    answer = json.loads(done.stdout)
    assert done.exit_code == 0
    assert [(i["start_utc"], i["cancelled"]) for i in answer["instances"]] == [("2026-10-06T20:30:00Z", False)]
    assert len(answer["errors"]) == 1


def test_a_dry_run_tells_a_person_when_the_sessions_are_and_what_to_mend(tmp_path: Path) -> None:
    file = saved(tmp_path, calendar(*event(), *event("RRULE:EVERY=TUESDAY", uid="odd")))
    shown = invoke("import", "ics", file, "--dry-run", "--zone", "America/Chicago", *WINDOW).stdout
    assert "1 session. Times of the site: America/Chicago." in shown
    assert "Tue Oct 6, 2026, 3:30 pm" in shown
    assert "Line 12, RRULE: this rule cannot be read" in shown


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ((), "Say whose calendar it is"),
        (("--dry-run", "--zone", "Nowhere"), "is no time zone"),
        (("--site", "a", "--mentor", "b", "--activity", "chek_in"), "Did you mean check_in?"),
        (("--site", "a", "--mentor", "b", "--zone", "America/Chicago"), "--zone is for a dry run"),
        (("--site", "a", "--mentor", "b", "--partial", "--complete"), "leave out --partial"),
        (("--from", "2026-10-02", "--to", "2026-10-01"), "comes after --from"),
    ],
)
def test_wrong_words_get_one_sentence_and_exit_code_2(tmp_path: Path, words: tuple[str, ...], what: str) -> None:
    done = invoke("import", "ics", saved(tmp_path, calendar(*event())), *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert what in done.stderr


async def test_a_file_with_errors_is_imported_only_when_asked_to_import_the_rest(running: Running, tmp_path: Path) -> None:
    await deliver(running, SITE)
    file = saved(tmp_path, calendar(*event(), *event("RRULE:EVERY=TUESDAY", uid="odd")))
    words = ("import", "ics", file, "--site", "eastfield", "--mentor", "dana", "--activity", "check_in", *WINDOW)

    refused = await jitt(*words)
    assert refused.exit_code == 1
    assert "Nothing was imported" in refused.stderr
    assert await sessions(running) == []

    rest = await jitt(*words, "--partial", "--json")
    assert rest.exit_code == 0
    assert json.loads(rest.stdout)["summary"] == "1 session planned, 0 unchanged"
    assert len(await sessions(running)) == 1


def test_events_of_an_import_are_cancellations_or_plans_only() -> None:
    found = plan(calendar(*SERIES, *THIRD_CANCELLED))
    assert {type(change.event) for change in found.changes} == {SessionScheduled, SessionCancelled}
