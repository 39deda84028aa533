"""Where a session stands in its match, and how sure we are of it."""

from datetime import timedelta

import pytest

from services.trigger.session import History
from shared.contracts.supervision import Match
from shared.contracts.trigger import ContentRequested, DecisionMade, SessionPlanned
from tests.trigger.building import (
    START,
    a_mentor,
    a_session,
    a_site,
    of,
    pass_time,
    scheduled,
    told_of,
)

DAY = timedelta(days=1)


def stage(now_told: dict[str, object] | None = None, **known: object) -> tuple[str, tuple[str, ...]]:
    event = scheduled(**(now_told or {}))
    session, _ = told_of(None, event, **known)
    _, events = pass_time(session, START - DAY, **known)
    return session.stage, of(ContentRequested, events)[0].assumed


def matched(days_ago: int, **changes: object) -> object:
    started = (START - days_ago * DAY).date().isoformat()
    return a_mentor(matches=(Match(**{"started_on": started} | changes),))


@pytest.mark.parametrize(("days", "found"), [(0, "start"), (28, "start"), (29, "building"), (183, "building"), (184, "steady")])
def test_the_stage_counts_days_of_the_match(days: int, found: str):
    assert stage(mentor=matched(days)) == (found, ())


def test_a_stage_that_the_site_names_wins_over_the_roster():
    assert stage({"match_stage": "steady"}, mentor=matched(3)) == ("steady", ())


@pytest.mark.parametrize("changes", [{"closing": True}, {"ends_on": (START + 42 * DAY).date().isoformat()}])
def test_a_match_that_ends_is_ending_whatever_its_age(changes: dict[str, object]):
    assert stage(mentor=matched(3, **changes)) == ("ending", ())


def test_without_a_match_the_stage_counts_from_the_first_session_and_is_named_as_assumed():
    assert stage(history=History(5, START - 40 * DAY)) == ("building", ("stage",))
    assert stage() == ("start", ("stage",))


def test_when_more_sessions_are_known_at_the_assign_moment_everyone_hears_the_new_number():
    _, events = pass_time(a_session(), START - DAY, history=History(3, START - 40 * DAY))
    assert [(e.session_no, e.stage, e.revision) for e in of(SessionPlanned, events)] == [(4, "building", 2)]
    assert of(DecisionMade, events)[0].session_no == 4


def test_a_site_that_is_not_active_gets_no_training():
    _, events = pass_time(a_session(), START - DAY, site=a_site(active=False))
    assert [(e.available, e.reason) for e in of(DecisionMade, events)] == [(False, "site_closed")]
