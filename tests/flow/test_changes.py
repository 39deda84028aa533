"""Moved, canceled, given to another mentor, imported again: whatever the order of arrival, everybody ends with one plan."""

from datetime import datetime
from typing import Any

import httpx2
import pytest

from deploy.demo.mentor import Page
from shared.contracts import ids
from tests.flow.database import rows
from tests.flow.people import link_of
from tests.flow.running import eventually
from tests.flow.telling import (
    CANCELLED,
    by_calendar,
    cancelled,
    entry,
    import_calendar,
    in_days,
    post,
    scheduled,
    soon_today,
    story,
    structured,
)
from tests.flow.town import LAKESIDE, Newcomer, Town

LIVE = "SELECT starts_at FROM supervision.preparation WHERE mentor_id = $1 AND status = 'planned'"
EVER = "SELECT status FROM supervision.preparation WHERE mentor_id = $1"
ORDERS = [pytest.param((0, 1), id="as it was told"), pytest.param((1, 0), id="newest first")]
Order = tuple[int, int]


@pytest.mark.parametrize("order", ORDERS)
def test_a_moved_session_has_its_new_time_only(town: Town, newcomer: Newcomer, order: Order) -> None:
    ref, new = f"moved-{newcomer.ref}", in_days(16)
    _tell(town, order, _first(ref, newcomer), structured(scheduled(ref, newcomer, new, revision=1)))
    _live_is([new], newcomer)
    told = story(town, ids.session(LAKESIDE, ref))
    assert (told["status"], datetime.fromisoformat(told["starts_at"]), told["revision"]) == ("planned", new, 1)


@pytest.mark.parametrize("order", ORDERS)
def test_a_canceled_session_is_live_for_nobody(town: Town, newcomer: Newcomer, order: Order) -> None:
    """A second session, told last, is known to others only after what became of the first."""
    ref, other = f"canceled-{newcomer.ref}", in_days(17)
    _tell(town, order, _first(ref, newcomer), structured(cancelled(ref, 1), type=CANCELLED))
    post(town, structured(scheduled(f"other-{newcomer.ref}", newcomer, other)))
    _live_is([other], newcomer)
    assert story(town, ids.session(LAKESIDE, ref))["status"] == "cancelled"


@pytest.mark.parametrize("order", ORDERS)
def test_a_session_given_to_another_mentor_is_live_for_that_one_only(
    town: Town, newcomer: Newcomer, second_newcomer: Newcomer, order: Order
) -> None:
    ref, at = f"given-{newcomer.ref}", in_days(15)
    _tell(town, order, _first(ref, newcomer), structured(scheduled(ref, second_newcomer, at, revision=1)))
    _live_is([at], second_newcomer)
    _live_is([], newcomer)
    assert story(town, ids.session(LAKESIDE, ref))["now"]["mentor_id"] == str(second_newcomer.id)


def test_a_mentor_whose_session_is_canceled_reads_so_and_is_asked_nothing(town: Town, newcomer: Newcomer) -> None:
    by_calendar(town, newcomer)
    link = link_of(newcomer)
    assert _page(link).form("Start the training")
    assert import_calendar(town, newcomer, entry(f"first-{newcomer.ref}", soon_today(), "CANCELLED")) == (
        "0 sessions planned, 1 canceled, 0 unchanged."
    )
    page = eventually(lambda: page if "session is canceled" in (page := _page(link)).heading else None, "the page says it")
    footer = ("language", "forget")  # the switch, and the button that removes the training from a phone
    assert {form.action.partition("?")[0].rsplit("/", 1)[-1] for form in page.forms} <= set(footer)


def test_a_calendar_imported_twice_changes_nothing_and_a_canceled_entry_comes_back(town: Town, newcomer: Newcomer) -> None:
    kept, comes_back = entry(f"kept-{newcomer.ref}", in_days(10)), entry(f"back-{newcomer.ref}", in_days(11))
    canceled = entry(comes_back.uid, comes_back.starts_at, "CANCELLED")
    both = [kept.starts_at, comes_back.starts_at]
    assert import_calendar(town, newcomer, kept, comes_back) == "2 sessions planned, 0 unchanged."
    _live_is(both, newcomer)
    assert import_calendar(town, newcomer, kept, comes_back) == "0 sessions planned, 2 unchanged."
    assert import_calendar(town, newcomer, kept, canceled) == "0 sessions planned, 1 canceled, 1 unchanged."
    _live_is([kept.starts_at], newcomer)
    assert import_calendar(town, newcomer, kept, canceled) == "0 sessions planned, 2 unchanged."
    assert import_calendar(town, newcomer, kept, comes_back) == "1 session planned, 1 unchanged."
    _live_is(both, newcomer)
    assert len(rows(EVER, newcomer.id)) == 2


def _first(ref: str, newcomer: Newcomer) -> dict[str, Any]:
    return structured(scheduled(ref, newcomer, in_days(15)))


def _tell(town: Town, order: Order, *events: dict[str, Any]) -> None:
    for place in order:
        post(town, events[place])


def _live_is(starts: list[datetime], newcomer: Newcomer) -> None:
    """As the services behind trigger have it in the end."""
    eventually(lambda: sorted(at for (at,) in rows(LIVE, newcomer.id)) == starts, f"{newcomer.name} has sessions at {starts}")


def _page(link: str) -> Page:
    return Page(httpx2.get(link, timeout=10).text)
