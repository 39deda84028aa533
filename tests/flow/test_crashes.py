"""kill -9 of any service in the middle of the loop: started again it goes on, nothing is lost and nobody is told twice."""

import pytest

from deploy import topology
from tests.flow.database import rows
from tests.flow.people import LAST_PAGE, MISS_RULE, Learner, Supervisor, brief_of, heard, link_of, said
from tests.flow.telling import by_calendar
from tests.flow.town import Newcomer, Town

ALERTS = "SELECT count(*) FROM supervision.alert WHERE mentor_id = $1 AND rule = $2"


@pytest.mark.parametrize("service", topology.NAMES)
def test_a_service_killed_right_after_the_import_loses_no_training_and_raises_one_alert(
    town: Town, dana: Supervisor, newcomer: Newcomer, service: str
) -> None:
    by_calendar(town, newcomer)
    town.crash(service)
    assert Learner(link_of(newcomer)).walk()[-1] == LAST_PAGE
    _loop_is_whole(dana, newcomer)


@pytest.mark.parametrize("service", topology.NAMES)
def test_a_service_killed_right_after_a_miss_loses_no_answer_and_raises_one_alert(
    town: Town, dana: Supervisor, newcomer: Newcomer, service: str
) -> None:
    by_calendar(town, newcomer)
    link = link_of(newcomer)
    assert Learner(link, after_miss=lambda: town.crash(service)).walk()[-1] == LAST_PAGE
    _loop_is_whole(dana, newcomer)


def _loop_is_whole(dana: Supervisor, newcomer: Newcomer) -> None:
    """The last thing that happens is the brief; whatever would be said twice has been said by then."""
    heard("supervision.alerts", "supervision.alert_raised.v1", newcomer)
    assert newcomer.name in dana.sees(brief_of(newcomer), "Talk first")
    raised = [one["rule"] for one in said("supervision.alerts", "supervision.alert_raised.v1", newcomer)]
    assert raised.count(MISS_RULE) == 1
    assert rows(ALERTS, newcomer.id, MISS_RULE) == [(1,)]
    assert len(said("content.events", "content.training_assigned.v1", newcomer)) == 1
