"""People who leave: the roster says so first, nothing is deleted, and nobody's mentors are left without somebody to look."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.supervision import store_cases
from services.supervision.cases import Facts
from services.supervision.handlers import MENTOR_CASE, case_facts
from services.supervision.messages import PersonLeft
from shared.contracts import ids
from shared.contracts.event import Refused
from shared.contracts.supervision import AlertResolved, Match, MentorEnrolled
from shared.messaging.sweep import apply_sweep
from shared.running import Running
from tests.driving import outgoing
from tests.supervision.builders import (
    DAY,
    HOUR,
    LEAD,
    MENTOR,
    SITE,
    START,
    SUPERVISOR,
    Story,
    answered,
    call,
    listed,
    overdue,
    planned,
)

LEE = ids.supervisor(SITE, "lee")
TWO = (Match(mentee_ref="y1", started_on="2026-09-01"), Match(mentee_ref="y2", started_on="2026-01-05", ends_on="2026-05-30"))


def left(role: str = "mentor", person_id: UUID = MENTOR) -> PersonLeft:
    return PersonLeft.model_validate({"site_id": SITE, "person_id": str(person_id), "role": role}, strict=False)


def staff(reference: str, **changes: Any) -> Any:
    values: dict[str, Any] = {"reference": reference, "role": "supervisor", "name": "Dana Ortiz", "supervisor_reference": None}
    return listed(**values | {"cleared": {}, "match_started_on": None} | changes)


def test_the_roster_tells_every_match_with_its_start_and_end() -> None:
    story = Story(listed(matches=TWO))
    assert story.said(MentorEnrolled)[-1].matches == TWO
    story = Story(listed(match_started_on="2026-09-01"))
    assert story.said(MentorEnrolled)[-1].matches == (Match(started_on="2026-09-01"),)


def test_a_mentor_who_leaves_is_said_to_have_left_and_what_went_on_ends_that_day() -> None:
    story = Story(listed(matches=TWO)).happens(left(), at=START)
    told = story.said(MentorEnrolled)[-1]
    assert (told.status, told.revision) == ("left", 2)
    assert [m.ends_on for m in told.matches] == ["2026-11-26", "2026-05-30"], "in Chicago it is still the 26th"
    assert told.clearances, "the ledger keeps what they were cleared for"


def test_leaving_closes_what_was_about_sessions_and_leaves_open_what_is_about_safety() -> None:
    story = Story(listed(), planned(), overdue(), answered(), call(), at=START - 4 * HOUR)
    before = set(story.rules)
    assert {"training_not_done", "confident_miss_on_safety_item", "safeguarding_button_pressed"} <= before
    story.happens(left())
    assert story.rules == ["confident_miss_on_safety_item", "safeguarding_button_pressed"]
    assert {event.how for event in story.said(AlertResolved)} == {"left"}


def test_leaving_twice_is_said_once_and_who_comes_back_is_active_with_the_list_s_matches() -> None:
    story = Story(listed(), left(), left())
    assert [event.status for event in story.said(MentorEnrolled)] == ["active", "left"]
    story.happens(listed())
    last = story.said(MentorEnrolled)[-1]
    assert (last.status, last.matches) == ("active", (Match(started_on="2026-09-01"),))


def test_nobody_leaves_who_was_never_there() -> None:
    assert Story().tries(left()) == Refused("unknown_mentor")


@pytest.mark.parametrize(("days", "stage"), [(0, "start"), (28, "start"), (29, "building"), (183, "building"), (184, "steady")])
def test_the_stage_counts_the_match_s_days(days: int, stage: str) -> None:
    day = date(2026, 11, 26)
    match = Match(started_on=date.fromordinal(day.toordinal() - days).isoformat())
    assert match.stage(day) == stage
    assert match.model_copy(update={"closing": True}).stage(day) == "ending"
    assert match.model_copy(update={"ends_on": "2027-01-07"}).stage(day) == "ending"
    assert match.model_copy(update={"ends_on": "2027-01-08"}).stage(day) == stage


async def enter(running: Running, *events: Any) -> None:
    await running.submit_many([(str(uuid4()), event) for event in events], source="test")


async def swept(running: Running) -> None:
    async with running.connection() as conn, conn.transaction():
        await apply_sweep(conn, "supervision", running.service.handlers)


async def supervisor_of(running: Running) -> UUID | None:
    async with running.connection() as conn, conn.transaction():
        return (await store_cases.load_cases(conn, [MENTOR]))[MENTOR].supervisor_id


@pytest.mark.parametrize("back_up", ["here", "left_before", "none"])
async def test_the_mentors_of_a_supervisor_who_leaves_go_to_the_back_up_who_is_here(running: Running, back_up: str) -> None:
    dana = staff("dana", back_up_reference=None if back_up == "none" else "lee")
    await enter(running, staff("lee", name="Lee Park"), dana, listed(matches=TWO))
    if back_up == "left_before":
        await enter(running, left("supervisor", LEE))
    await enter(running, left("supervisor", SUPERVISOR))
    await swept(running)
    if back_up == "left_before":
        await swept(running)
    taken_over = LEE if back_up == "here" else None
    assert await supervisor_of(running) == taken_over
    assert [e.supervisor_id for e in await outgoing(running) if isinstance(e, MentorEnrolled)] == [SUPERVISOR, taken_over]


async def test_a_case_from_before_matches_were_kept_tells_the_one_it_knows(running: Running) -> None:
    await enter(running, listed(match_started_on="2026-09-01"))
    async with running.connection() as conn, conn.transaction():
        await conn.execute("UPDATE mentor_case SET matches = NULL")
        assert (await store_cases.load_cases(conn, [MENTOR]))[MENTOR].matches == (Match(started_on="2026-09-01"),)
    await enter(running, listed(matches=TWO))
    async with running.connection() as conn, conn.transaction():
        assert (await store_cases.load_cases(conn, [MENTOR]))[MENTOR].matches == TWO
        assert await conn.fetchval("SELECT match_started_on FROM mentor_case") == date(2026, 9, 1), "the oldest that goes on"


def test_a_day_off_moves_no_date() -> None:
    """A second leaving a day later leaves the day of the first."""
    story = Story(listed(), left()).happens(left(), at=START + DAY)
    assert story.said(MentorEnrolled)[-1].matches[0].ends_on == (START - DAY).date().isoformat()


def test_a_list_that_still_names_a_supervisor_who_was_erased_gives_the_mentor_to_the_site_lead() -> None:
    story = Story()
    story.facts = Facts(LEAD, erased=True)
    story.happens(listed(), planned(), call())
    assert story.said(MentorEnrolled)[-1].supervisor_id is None
    assert [alert.supervisor_id for alert in story.live] == [None]


def test_only_the_supervisor_that_a_list_names_is_looked_for_among_the_erased() -> None:
    nothing: dict[str, dict[Any, Any]] = {name: {} for name in MENTOR_CASE.reads}
    assert case_facts(None, listed(), nothing | {"erased": {SUPERVISOR: START}}).erased
    assert not case_facts(None, listed(), nothing | {"erased": {LEE: START}}).erased
    assert not case_facts(None, listed(supervisor_reference=None), nothing | {"erased": {SUPERVISOR: START}}).erased
