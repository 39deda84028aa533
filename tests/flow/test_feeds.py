"""A calendar on the web, from its address to everybody's plans: the running trigger looks at it, and at what changes in it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.flow.commands import jitt, soon
from tests.flow.database import rows
from tests.flow.running import eventually
from tests.flow.town import COLUMNS, LAKESIDE, Newcomer
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
    added = soon("feed", "add", server.url, "--site", LAKESIDE, "--mentor", newcomer.ref, "--activity", "check_in", "--json")
    feed = json.loads(added)["feed"]
    first = eventually(lambda: _planned(newcomer, 3), "three sessions in supervision")
    server.given = Given(calendar(0, 1, 2, 3, hour=18), headers={"ETag": '"two"'})
    jitt("feed", "now", feed)
    second = eventually(lambda: _planned(newcomer, 4), "four sessions in supervision")
    assert not set(first) & set(second), "each has moved"
    looked = next(one for one in json.loads(jitt("feed", "list", "--json")) if one["feed"] == feed)
    assert (looked["outcome"], looked["detail"]) == ("read", "1 session planned, 3 moved, 0 unchanged.")
    jitt("feed", "remove", feed)


def test_an_entry_waits_for_its_guest_until_the_people_s_file_has_the_address(
    newcomer: Newcomer, server: CalendarServer, tmp_path: Path
) -> None:
    address = f"{newcomer.ref}@people.example.org"
    whole = calendar(0, 1).replace(b"SUMMARY:Dana", f"SUMMARY:Dana\r\nATTENDEE;CN=Somebody:mailto:{address.upper()}".encode())
    server.given = Given(whole, headers={"ETag": '"one"'})
    rules, people = tmp_path / "rules.yaml", tmp_path / "people.csv"
    rules.write_text("mentor: [{by: ATTENDEE}]")
    own = ("--site", LAKESIDE, "--activity", "check_in", "--mapping", str(rules), "--json")
    feed = json.loads(soon("feed", "add", server.url, *own))["feed"]
    waiting = eventually(lambda: _needs(feed), "a look that found nobody")
    assert [(need["why"], need["sessions"]) for need in waiting] == [("not_in_roster", 2)]
    row = newcomer.row(datetime.now(UTC)).replace(",,,dana,", f",{address},,dana,")
    people.write_text(f"{COLUMNS}\n{row}\n")
    jitt("import", "people", str(people), "--site", LAKESIDE)
    known = "SELECT 1 FROM trigger.mentor WHERE id = $1 AND address_hash IS NOT NULL"
    eventually(lambda: rows(known, newcomer.id), "the address in the roster")
    jitt("feed", "now", feed)
    assert len(eventually(lambda: _planned(newcomer, 2), "two sessions in supervision")) == 2
    assert eventually(lambda: not _needs(feed), "nothing waits any more")
    jitt("feed", "remove", feed)


def _needs(feed: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = next(
        one["needs_mapping"] for one in json.loads(jitt("feed", "list", "--json")) if one["feed"] == feed)  # fmt: skip
    return found


def _planned(newcomer: Newcomer, many: int) -> list[tuple[object, ...]]:
    found = rows(PLANNED, newcomer.id)
    return found if len(found) == many else []
