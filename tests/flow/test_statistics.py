"""Answers on the mentors' page become the authors' figures: each counts once, whatever is killed or read again."""

import json
from collections import Counter
from typing import Any

import httpx2

from deploy.demo.mentor import Page
from tests.flow import kafka
from tests.flow.commands import jitt
from tests.flow.database import rows
from tests.flow.people import Learner, heard, link_of
from tests.flow.running import eventually
from tests.flow.telling import by_calendar
from tests.flow.town import Newcomer, Town

ANSWERED, REPORTED, COMPLETED = ("assessment.item_answered.v1", "assessment.item_reported.v1", "assessment.training_completed.v1")
SUMS = "SELECT key, items::text FROM content.item_statistics"
READ = "SELECT partition, next_offset FROM content.consumed WHERE topic = 'assessment.events' ORDER BY partition"
REWIND = "UPDATE content.consumed SET next_offset = 0 WHERE topic = 'assessment.events' RETURNING partition"


class Reporter(Learner):
    """Presses “Unclear” on the first feedback."""

    reported = False

    def _choose(self, page: Page, form: Any, button: Any) -> httpx2.Response:
        answered = super()._choose(page, form, button)
        if not self.reported:
            self.reported = True
            thanked = self.client.post(answered.url.join(f"{answered.url.path}/report"), data={"kind": "unclear"})
            assert "The authors will see it." in thanked.text
        return answered


def test_every_answer_is_added_up_once_though_content_is_killed_and_reads_the_topic_again(town: Town, newcomer: Newcomer) -> None:
    by_calendar(town, newcomer)
    Reporter(link_of(newcomer)).walk()
    [report] = heard("assessment.events", REPORTED, newcomer)
    heard("assessment.events", COMPLETED, newcomer)
    eventually(lambda: added_up() == told(), "content has added up what was told")
    assert added_up()[report["module_id"], report["item_id"], "reports", "unclear"] >= 1
    town.crash("content")
    before = dict(rows(READ))
    assert rows(REWIND)
    town.crash("content")
    eventually(lambda: _read_up_to(before), "content has read the topic again")
    assert added_up() == told()
    sums = {key: json.loads(items) for key, items in rows(SUMS)}
    for question in json.loads(jitt("content", "stats", "--json")):
        edition = sums.get("{module_id}/{locale}@{version}".format(**question), {})
        answers = edition.get(question["item_id"], {}).get("answered", 0)
        assert (question["figures"] or {}).get("answered") == (answers if answers >= 10 else None)


def _read_up_to(before: dict[int, int]) -> bool:
    """Or further: what came last may not have been read yet when it was killed."""
    now = dict(rows(READ))
    return all(now[partition] >= offset for partition, offset in before.items())


def told() -> Counter[tuple[str, ...]]:
    """What the topic says, each event once: first tries, those that were right, and reports that stand."""
    found: Counter[tuple[str, ...]] = Counter()
    for one in {published.id: published for published in kafka.read("assessment.events")}.values():
        item = (one.data.get("module_id") or "", one.data.get("item_id") or "")
        if one.type == ANSWERED and one.data["attempt"] == 1 and not one.data["returning"]:
            found[(*item, "answered")] += 1
            found[(*item, "right")] += one.data["correct"]
        elif one.type == REPORTED:
            found[(*item, "reports", one.data["kind"])] += -1 if one.data["withdrawn"] else 1
        elif one.type == COMPLETED and one.data["module_id"]:
            for said in one.data["open_answers"]:
                found[(one.data["module_id"], said["item_id"], "answered")] += 1
    return +found


def added_up() -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for key, items in rows(SUMS):
        for item_id, sums in json.loads(items).items():
            item = (key.partition("/")[0], item_id)
            found[(*item, "answered")] += sums.get("answered", 0)
            found[(*item, "right")] += sums.get("right", 0)
            for kind, count in sums.get("reports", {}).items():
                found[(*item, "reports", kind)] += count
    return +found
