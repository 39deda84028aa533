"""A calendar on the web, from its address to everybody's plans: the running trigger looks at it, and at what changes in it."""

import json
from collections.abc import Iterator

import pytest

from tests.flow.commands import jitt
from tests.flow.database import rows
from tests.flow.running import eventually
from tests.flow.town import LAKESIDE, Newcomer
from tests.trigger.calendar_server import CalendarServer, Given, serving
from tests.trigger.test_feeds import calendar

PLANNED = """
SELECT s.starts_at FROM trigger.session t JOIN supervision.preparation s ON s.session_id = t.id
WHERE t.mentor_id = $1 AND t.status = 'planned' AND s.status = 'planned' AND s.starts_at = t.starts_at ORDER BY 1
"""


@pytest.fixture
def server() -> Iterator[CalendarServer]:
    with serving() as found:
        yield found


def test_a_calendar_on_the_web_is_planned_and_followed_by_everybody(newcomer: Newcomer, server: CalendarServer) -> None:
    server.given = Given(calendar(0, 1, 2), headers={"ETag": '"one"'})
    added = jitt("feed", "add", server.url, "--site", LAKESIDE, "--mentor", newcomer.ref, "--activity", "check_in", "--json")
    feed = json.loads(added)["feed"]
    first = eventually(lambda: _planned(newcomer, 3), "three sessions in supervision")
    server.given = Given(calendar(0, 1, 2, 3, hour=18), headers={"ETag": '"two"'})
    jitt("feed", "now", feed)
    second = eventually(lambda: _planned(newcomer, 4), "four sessions in supervision")
    assert not set(first) & set(second), "each has moved"
    looked = next(one for one in json.loads(jitt("feed", "list", "--json")) if one["feed"] == feed)
    assert (looked["outcome"], looked["detail"]) == ("read", "1 session planned, 3 moved, 0 unchanged.")
    jitt("feed", "remove", feed)


def _planned(newcomer: Newcomer, many: int) -> list[tuple[object, ...]]:
    found = rows(PLANNED, newcomer.id)
    return found if len(found) == many else []
