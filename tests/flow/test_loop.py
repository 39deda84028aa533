"""The loop, whole: a session told in any way, a training, a confident miss, and the right person talks before the session."""

import pytest

from tests.flow.commands import jitt
from tests.flow.people import LAST_PAGE, MISS_RULE, OPEN_ANSWER, Learner, Supervisor, brief_of, heard, link_of, said
from tests.flow.running import eventually
from tests.flow.telling import Telling, by_calendar, by_https, by_kafka_binary, by_kafka_structured
from tests.flow.town import Newcomer, Town

WAYS = [
    pytest.param(by_calendar, id="calendar file"),
    pytest.param(by_kafka_binary, id="kafka binary"),
    pytest.param(by_kafka_structured, id="kafka structured"),
    pytest.param(by_https, id="https"),
]


@pytest.mark.parametrize("tell", WAYS)
def test_a_session_told_in_any_way_ends_in_a_talk_that_lifts_the_hold(
    town: Town, dana: Supervisor, newcomer: Newcomer, tell: Telling
) -> None:
    tell(town, newcomer)
    assert Learner(link_of(newcomer)).walk()[-1] == LAST_PAGE
    brief = brief_of(newcomer)
    page = dana.sees(brief, "Talk first")
    assert newcomer.name in page
    assert OPEN_ANSWER in page
    assert _clearances(newcomer)["safeguarding_first_response"] == "suspended"
    dana.press(brief, "We talked", clear="true")
    assert eventually(lambda: set(_clearances(newcomer).values()) == {"cleared"}, "the clearance is back")
    [resolved] = heard("supervision.alerts", "supervision.alert_resolved.v1", newcomer)
    assert (resolved["rule"], resolved["how"]) == (MISS_RULE, "talked")
    assert newcomer.name in dana.look("/alerts?state=resolved")
    assert newcomer.name not in dana.look("/alerts")


def test_an_alert_goes_to_the_mentors_own_supervisor_and_to_no_other(
    town: Town, dana: Supervisor, omar: Supervisor, newcomer: Newcomer
) -> None:
    by_calendar(town, newcomer)
    Learner(link_of(newcomer)).walk()
    assert MISS_RULE in dana.sees("/alerts", newcomer.name)
    for path, code in (("/alerts", 200), ("/today", 200), (brief_of(newcomer), 403)):
        page = omar.look(path, code)
        assert newcomer.name not in page
        assert OPEN_ANSWER not in page


def _clearances(newcomer: Newcomer) -> dict[str, str]:
    """What the roster says now, function by function."""
    newest = said("supervision.roster", "supervision.mentor_enrolled.v1", newcomer)[-1]
    return {one["function"]: one["state"] for one in newest["clearances"]}


def test_no_login_at_kafka_may_do_more_than_it_should_or_less(town: Town) -> None:
    """Of the services, which work with theirs here, and of the publisher."""
    assert jitt("topics", "acls", "--check") == "Every login may do what it should, and nothing else.\n"
