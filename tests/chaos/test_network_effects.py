"""The oracle of the whole network finds nothing wrong where nothing is, and everything that we break on purpose."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import uuid4

import pytest

from shared.contracts import ids
from tests.chaos import network_effects as effects
from tests.chaos.load import SITE, Done, Story, Walked, stories
from tests.chaos.network_effects import Seen
from tests.chaos.oracle import Verdict
from tests.flow.kafka import Published
from tests.flow.people import MISS_RULE

ANSWERED = [("boundaries", 1), ("safety", 1), ("safety", 2)]


@dataclass(slots=True)
class Held:
    """What is on the topics and in the tables, to be broken."""

    records: list[Published]
    tables: dict[str, list[dict[str, Any]]]

    def judged(self, done: Done) -> Verdict:
        return effects.verdict(done, Seen(self.records, cast(Any, self.tables)))


Break = Callable[[Held], None]


def accepted() -> Done:
    told = stories(40, 6, 12, seed=1)
    near = [story for story in told if story.near]
    return Done(told, [Walked(story, [(1, 1), (2, 1), (2, 2)], ended=True) for story in near[:3]])


def sound(done: Done) -> Held:
    """What a network that did everything right holds."""
    walked = {walk.story.session_id for walk in done.walks}
    records = [one for story in done.stories for one in _said_of(story, story.session_id in walked)]
    records += [_record("supervision.roster", "supervision.mentor_changed.v1", mentor_id="m", revision=n) for n in (1, 2)]
    records += [_record("content.catalog", f"content.module_{status}.v1", module_id="m", locale="en", version=n, status=status)
                for n, status in ((1, "published"), (1, "withdrawn"), (2, "published"))]  # fmt: skip
    numbered = [replace(one, offset=n) for n, one in enumerate(records)]
    tables: dict[str, list[dict[str, Any]]] = {
        "inbox": [{"id": one.inbox_id} for story in done.stories for one in story.announcements],
        "session": [_stand(story) for story in done.stories],
        "answer": [{"training_id": walk.story.training_id, "item_id": item, "attempt": attempt}
                   for walk in done.walks for item, attempt in ANSWERED],
        "alert": [{"mentor_id": ids.mentor(SITE, walk.story.mentor), "rule": MISS_RULE, "session_id": walk.story.session_id}
                  for walk in done.walks],
        "version": [{"key": "m/en/1", "status": "withdrawn"}, {"key": "m/en/2", "status": "published"}],
        "roster": [{"key": "m", "revision": 2}], "copied": [{"key": "m", "revision": 2}], "unsent": [], "dead": [],
    }  # fmt: skip
    return Held(numbered, tables)


def _said_of(story: Story, walked: bool) -> Iterator[Published]:
    session, training = str(story.session_id), str(story.training_id)
    for n in range(len(story.announcements)):
        yield _record("trigger.events", "trigger.session_planned.v1", session_id=session, revision=n + 1)
    if story.near:
        yield _record("trigger.events", "trigger.decision_made.v1", session_id=session)
        yield _record("trigger.events", "trigger.content_requested.v1", session_id=session)
        yield _record("content.events", "content.training_assigned.v1", training_id=training)
    if walked:
        for item, attempt in ANSWERED:
            yield _record("assessment.events", "assessment.item_answered.v1", training_id=training, item_id=item, attempt=attempt)
        yield _record("assessment.events", "assessment.training_completed.v1", training_id=training)
        mentor = str(ids.mentor(SITE, story.mentor))
        yield _record("supervision.alerts", "supervision.alert_raised.v1", mentor_id=mentor, session_id=session, rule=MISS_RULE)


def _record(topic: str, type: str, **data: Any) -> Published:
    return Published(topic, 0, 0, uuid4().hex, type, data)


def _stand(story: Story) -> dict[str, Any]:
    cancelled = "cancelled" in story.announcements[-1].type
    plan = len(story.announcements)
    return {"id": story.session_id, "plan": plan, "status": "cancelled" if cancelled else "planned", "revision": plan - 1}


def loses(type: str) -> Break:
    def do(held: Held) -> None:
        held.records.remove(next(one for one in held.records if one.type == type))

    return do


def doubles(type: str) -> Break:
    """Under an id of its own: with the same it is a repeat, which every reader drops."""

    def do(held: Held) -> None:
        one = next(one for one in held.records if one.type == type)
        held.records.append(replace(one, id=uuid4().hex, offset=len(held.records)))

    return do


def row_lost(table: str) -> Break:
    def do(held: Held) -> None:
        held.tables[table].pop()

    return do


def row_doubled(table: str) -> Break:
    def do(held: Held) -> None:
        held.tables[table].append(held.tables[table][0])

    return do


def answers_swapped(held: Held) -> None:
    places = [n for n, one in enumerate(held.records) if one.type == "assessment.item_answered.v1"][1:3]
    first, second = (held.records[n] for n in places)
    held.records[places[0]] = replace(second, offset=first.offset)
    held.records[places[1]] = replace(first, offset=second.offset)


def roster_went_back(held: Held) -> None:
    old = next(one for one in held.records if one.topic == "supervision.roster")
    held.records.append(replace(old, id=uuid4().hex, offset=len(held.records)))


def catalog_went_back(held: Held) -> None:
    """In the middle: the last word is right again."""
    published, withdrawn = [one for one in held.records if one.topic == "content.catalog"][:2]
    held.records += [replace(one, id=uuid4().hex, offset=len(held.records) + n) for n, one in enumerate((published, withdrawn))]


def catalog_says_something_else(held: Held) -> None:
    held.tables["version"][1]["status"] = "withdrawn"


def copy_is_old(held: Held) -> None:
    held.tables["copied"][0]["revision"] = 1


def session_stands_as_before(held: Held) -> None:
    held.tables["session"][0]["plan"] += 1


SAID = ("trigger.session_planned.v1", "trigger.decision_made.v1", "trigger.content_requested.v1", "content.training_assigned.v1",
        "assessment.item_answered.v1", "assessment.training_completed.v1", "supervision.alert_raised.v1")  # fmt: skip
BREAKS = {
    **{f"loses {type}": loses(type) for type in SAID}, **{f"doubles {type}": doubles(type) for type in SAID},
    **{f"a row lost of {table}": row_lost(table) for table in ("inbox", "session", "answer", "alert", "roster")},
    **{f"a row doubled of {table}": row_doubled(table) for table in ("answer", "alert")},
    "answers swapped": answers_swapped, "the roster went back": roster_went_back,
    "the catalog went back": catalog_went_back, "the catalog says something else": catalog_says_something_else,
    "a copy is old": copy_is_old,
    "a session stands as before": session_stands_as_before,
}  # fmt: skip


def test_a_sound_network_is_found_sound() -> None:
    done = accepted()
    found = sound(done).judged(done)
    assert found.sound and found.effects > 100, found.examples


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_what_is_broken_on_purpose_is_found(broken: Break) -> None:
    done = accepted()
    broken(held := sound(done))
    assert not held.judged(done).sound


def test_the_same_event_said_again_is_no_second_effect() -> None:
    done = accepted()
    held = sound(done)
    held.records.append(replace(held.records[0], offset=len(held.records)))
    assert held.judged(done).sound


def test_what_nobody_announced_is_invented() -> None:
    done = accepted()
    held = sound(done)
    missing = done.stories.pop()
    assert not missing.near
    assert held.judged(done).invented == len(missing.announcements) + 1  # its plans, and its row
