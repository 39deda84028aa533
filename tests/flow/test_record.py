"""A mentor's own record, from a training to the page, the certificate and the calendar; links revoked, and asked for anew.

In one network: what is trained, planned, moved and canceled reaches the record by itself.
"""

import re
from datetime import datetime
from typing import Any

import httpx2
import pytest
from icalendar import Calendar

from deploy.demo.mentor import Page
from deploy.servers import url_of
from tests.flow.commands import jitt, soon
from tests.flow.people import Learner, Supervisor, ask_for_new_link, heard, link_of
from tests.flow.running import eventually
from tests.flow.telling import CANCELLED, by_calendar, cancelled, in_days, post, scheduled, structured
from tests.flow.town import LAKESIDE, Newcomer, Town

ADDRESS = re.compile(r'id="feed" readonly value="([^"]+)"')
REVOKED, BROKEN = (410, "This link is no longer in use."), (404, "This link does not work.")


@pytest.fixture(scope="module")
def owner(town: Town) -> Newcomer:
    """Has done a training, and missed its first safety question."""
    found = next(town.newcomers)
    by_calendar(town, found)
    Learner(link_of(found)).walk()
    return found


@pytest.fixture(scope="module")
def link(owner: Newcomer) -> str:
    return jitt("link", "--record", "--site", owner.site, "--mentor", owner.ref).strip()


def record_of(link: str, path: str = "record") -> str:
    """Through the door, as a browser without cookies before: the link leaves the address."""
    with httpx2.Client(timeout=10, follow_redirects=True) as client:
        client.get(link)
        opened = client.post(f"{link}/open")
        assert link.rpartition("/")[2] not in str(opened.url)
        found = client.get(f"{str(opened.url).rpartition('/')[0]}/{path}")
        assert found.status_code == 200, found.text
        return found.text


def said(address: str) -> tuple[int, str]:
    answer = httpx2.get(address, timeout=10)
    return answer.status_code, Page(answer.text).heading


def test_what_was_trained_stands_in_the_record(owner: Newcomer, link: str) -> None:
    [assigned] = heard("content.events", "content.training_assigned.v1", owner)
    named = {"locale": assigned["locale"]}
    module = httpx2.get(f"{url_of('content')}/v1/modules/{assigned['module']['module_id']}", params=named, timeout=10).json()
    page = eventually(lambda: found if "Finished on" in (found := record_of(link)) else "", "the training is in the record")
    assert module["module"]["title"] in page
    assert "Right at the first try" in page


def test_what_was_missed_comes_back(owner: Newcomer, link: str) -> None:
    page = eventually(lambda: found if "These come back" in (found := record_of(link)) else "", "a miss is in the record")
    assert [word for word in ("%", *owner.name.split(), owner.ref, "Dana", "Ortiz") if word in page.partition("<main")[2]] == []


def test_the_certificate_has_the_training(link: str) -> None:
    sheet = record_of(link, "certificate")
    assert "this mentor finished these trainings:" in sheet
    assert "Lakeside" in sheet


def test_the_calendar_follows_a_session_that_moves_and_is_canceled(town: Town, owner: Newcomer, link: str) -> None:
    ref, first, second = f"feed-{owner.ref}", in_days(12), in_days(13)
    post(town, structured(scheduled(ref, owner, first)))
    eventually(lambda: first in starts(link), "the calendar has the session")
    before = entry_at(link, first)
    post(town, structured(scheduled(ref, owner, second, revision=1)))
    eventually(lambda: second in starts(link), "the calendar has its new time")
    moved = entry_at(link, second)
    assert first not in starts(link)
    assert (moved["UID"], moved["SEQUENCE"] > before["SEQUENCE"]) == (before["UID"], True)
    assert moved.decoded("LAST-MODIFIED") >= before.decoded("LAST-MODIFIED")  # whole seconds: both may be of the same
    post(town, structured(cancelled(ref, 2), type=CANCELLED))
    eventually(lambda: str(entry_at(link, second)["STATUS"]) == "CANCELLED", "the calendar says that it is canceled")


def entries(link: str) -> list[Any]:
    found = ADDRESS.search(record_of(link))
    assert found
    answer = httpx2.get(found[1], timeout=10)
    again = httpx2.get(found[1], headers={"If-None-Match": answer.headers["etag"]}, timeout=10)
    assert (answer.status_code, again.status_code in (200, 304)) == (200, True)
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


def starts(link: str) -> list[datetime]:
    return [each.decoded("DTSTART") for each in entries(link)]


def entry_at(link: str, at: datetime) -> Any:
    return next(each for each in entries(link) if each.decoded("DTSTART") == at)


def test_a_forwarded_training_link_opens_no_record(owner: Newcomer, link: str) -> None:
    training, record = link_of_done(owner).rpartition("/")[2], link.rpartition("/")[2]
    assert said(f"{url_of('assessment')}/m/{training}") == BROKEN
    assert said(f"{url_of('assessment')}/t/{record}") == BROKEN


def link_of_done(owner: Newcomer) -> str:
    return soon("link", "--site", owner.site, "--mentor", owner.ref).strip()


def test_a_new_link_that_is_asked_for_is_seen_by_the_supervisor(owner: Newcomer, dana: Supervisor) -> None:
    assert "You asked for a new link" in ask_for_new_link(owner)
    with pytest.raises(LookupError):
        ask_for_new_link(owner)  # the page has no button any more
    dana.sees(f"/mentors/{owner.id}", "asked for a new link")
    assert len(heard("assessment.events", "assessment.link_requested.v1", owner)) == 1


def test_revoked_links_open_nothing_and_a_new_one_does(owner: Newcomer, link: str) -> None:
    training = link_of_done(owner)
    found = ADDRESS.search(record_of(link))
    assert found
    jitt("link", "--revoke", "--site", owner.site, "--mentor", owner.ref)
    eventually(lambda: said(link) == REVOKED, "the record's link is revoked")
    assert said(training) == REVOKED
    assert httpx2.get(found[1], timeout=10).status_code == 410
    assert "Finished on" in record_of(jitt("link", "--record", "--site", LAKESIDE, "--mentor", owner.ref).strip())


def test_no_link_stands_in_any_log(town: Town, link: str) -> None:
    """The last test of this module: everything above has been asked for by then."""
    logs = sorted((town.network.home / "services").rglob("*"))
    texts = {path.name: path.read_text(errors="replace") for path in logs if path.is_file()}
    assert len(texts) >= 4
    signature = re.compile(r"[\w-]{50,}\.[\w-]{43}\b")
    assert [(name, found[0]) for name, text in texts.items() if (found := signature.search(text))] == []
    assert link.rpartition(".")[2] not in "".join(texts.values())
