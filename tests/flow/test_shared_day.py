"""Two sessions of a mentor on one day: one training for both, which goes on for the second when the first is called off."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx2

from deploy.demo.mentor import Page
from shared.contracts import ids
from tests.flow.database import rows
from tests.flow.people import LAST_PAGE, Learner, heard, link_of
from tests.flow.running import eventually
from tests.flow.telling import CANCELLED, cancelled, post, scheduled, soon_today, structured
from tests.flow.town import LAKESIDE, Newcomer, Town

CHICAGO = ZoneInfo("America/Chicago")
TRAININGS = "SELECT DISTINCT training_id FROM supervision.preparation WHERE mentor_id = $1 AND training_id IS NOT NULL"
PREPARED = "SELECT count(*) FROM supervision.preparation WHERE mentor_id = $1 AND training_id IS NOT NULL"
STATUS = "SELECT document ->> 'status' FROM assessment.planned_session WHERE session_id = $1"


def test_the_second_session_shares_the_training_and_keeps_it_when_the_first_is_canceled(town: Town, newcomer: Newcomer) -> None:
    first, second = _one_day()
    refs = f"one-{newcomer.ref}", f"two-{newcomer.ref}"
    for ref, at in zip(refs, (first, second), strict=True):
        post(town, structured(scheduled(ref, newcomer, at)))
    link = link_of(newcomer)
    eventually(lambda: rows(PREPARED, newcomer.id) == [(2,)], "supervision knows the training of both")
    assert len(rows(TRAININGS, newcomer.id)) == len(heard("content.events", "content.training_assigned.v1", newcomer)) == 1
    post(town, structured(cancelled(refs[0], 1), type=CANCELLED))
    eventually(lambda: rows(STATUS, ids.session(LAKESIDE, refs[0])) == [("cancelled",)], "assessment knows that the first is off")
    assert Page(httpx2.get(link, timeout=10).text).form("Start the training")
    assert Learner(link).walk()[-1] == LAST_PAGE
    (done,) = heard("assessment.events", "assessment.training_completed.v1", newcomer)
    assert datetime.fromisoformat(done["starts_at"]) == second


def _one_day() -> tuple[datetime, datetime]:
    """Soon, and on the same day in Chicago."""
    first = soon_today()
    if first.astimezone(CHICAGO).date() != (first + timedelta(minutes=5)).astimezone(CHICAGO).date():
        first += timedelta(minutes=10)
    return first, first + timedelta(minutes=5)
