"""A link that is old, changed or another's says so in words, and gives nothing away."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from deploy.demo.mentor import Page
from deploy.servers import url_of
from shared.security import Link, mint_link, read_link
from tests.flow.people import OPEN_ANSWER, Learner, heard, link_of
from tests.flow.telling import by_calendar
from tests.flow.town import Newcomer, Town

BROKEN = (404, "This link does not work.")
EXPIRED = (410, "This link has expired.")


@pytest.fixture(scope="module")
def owner(town: Town) -> Newcomer:
    """Has answered a training, so that there is something to give away."""
    return next(town.newcomers)


@pytest.fixture(scope="module")
def link(town: Town, owner: Newcomer) -> str:
    by_calendar(town, owner)
    opens = link_of(owner)
    Learner(opens).walk()
    return opens


def test_an_expired_link_says_so_and_gives_nothing_away(owner: Newcomer, link: str) -> None:
    opens = read_link(link.rpartition("/")[2], datetime.now(UTC))
    assert isinstance(opens, Link)
    old = mint_link(opens, datetime.now(UTC) - timedelta(seconds=1))
    assert _said(old, owner) == EXPIRED


@pytest.mark.parametrize("change", ["its id", "its signature", "its end", "all of it"])
def test_a_forged_link_says_so_and_gives_nothing_away(owner: Newcomer, link: str, change: str) -> None:
    body, _, signature = link.rpartition("/")[2].partition(".")
    forged = {
        "its id": f"{body[:8]}{_other(body[8])}{body[9:]}.{signature}",
        "its signature": f"{body}.{_other(signature[0])}{signature[1:]}",
        "its end": f"{body}.{signature[:-4]}",
        "all of it": "someone.else",
    }
    assert _said(forged[change], owner) == BROKEN


def test_a_trainings_id_alone_opens_nothing(owner: Newcomer, link: str) -> None:
    [assigned] = heard("content.events", "content.training_assigned.v1", owner)
    assert _said(assigned["training_id"], owner) == BROKEN
    assert _said(f"{assigned['training_id']}/answers", owner) == BROKEN


def _said(ref: str, owner: Newcomer) -> tuple[int, str]:
    answer = httpx2.get(f"{url_of('assessment')}/t/{ref}", timeout=10)
    secrets = (*owner.name.split(), owner.ref, "Dana", "Ortiz", OPEN_ANSWER, *_titles())
    assert [words for words in secrets if words in answer.text] == []
    return answer.status_code, Page(answer.text).heading


def _titles() -> list[str]:
    modules = httpx2.get(f"{url_of('content')}/v1/modules", timeout=10).json()
    assert modules
    details = [httpx2.get(f"{url_of('content')}/v1/modules/{one['module_id']}", timeout=10).json() for one in modules]
    return [one["module"]["title"] for one in details]


def _other(letter: str) -> str:
    return "B" if letter == "A" else "A"
