"""The oracle of the whole network finds nothing wrong where nothing is, and everything that we break on purpose."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import pytest

from tests.chaos import network_effects as effects
from tests.chaos.load import SITES, Done, Story, Walked, stories
from tests.chaos.network_effects import Seen
from tests.chaos.oracle import Verdict
from tests.flow.kafka import Published
from tests.flow.people import MISS_RULE

AFTER = datetime.now(UTC) + timedelta(hours=2)  # when everything that is to come while we look has come; a whole run may take one
ANSWERED = [("boundaries", 1), ("safety", 1), ("safety", 2)]


@dataclass(slots=True)
class Held:
    """What is on the topics and in the tables, to be broken."""

    records: list[Published]
    tables: dict[str, list[dict[str, Any]]]

    def judged(self, done: Done) -> Verdict:
        return effects.verdict(done, Seen(self.records, cast(Any, self.tables), AFTER))


Break = Callable[[Held], None]


def accepted() -> Done:
    told = stories(200, 10, near=6, mentors=12, seed=1)
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
        "mark": [mark for story in done.stories for mark in _marks(story)],
        "tenant": [{"at": "trigger.session", "id": str(story.session_id), "site_id": story.site.name} for story in done.stories],
        "answer": [{"training_id": walk.story.training_id, "item_id": item, "attempt": attempt}
                   for walk in done.walks for item, attempt in ANSWERED],
        "alert": [{"mentor_id": walk.story.mentor_id, "rule": MISS_RULE, "session_id": walk.story.session_id}
                  for walk in done.walks],
        "version": [{"key": "m/en/1", "status": "withdrawn"}, {"key": "m/en/2", "status": "published"}],
        "roster": [{"key": "m", "revision": 2}], "copied": [{"key": "m", "revision": 2}], "unsent": [], "dead": [],
    }  # fmt: skip
    return Held(numbered, tables)


def _said_of(story: Story, walked: bool) -> Iterator[Published]:
    session, training = str(story.session_id), str(story.training_id)
    whose = {"mentor_id": str(story.mentor_id), "site_id": story.site.name}
    for n in range(len(story.announcements)):
        yield _record("trigger.events", "trigger.session_planned.v1", session_id=session, revision=n + 1, **whose)
    if story.coming:
        yield _record("trigger.events", "trigger.nudge_requested.v1", session_id=session, moment=story.coming.moment, **whose)
    if story.near:
        yield _record("trigger.events", "trigger.decision_made.v1", session_id=session)
        yield _record("trigger.events", "trigger.content_requested.v1", session_id=session)
        yield _record("content.events", "content.training_assigned.v1", training_id=training)
    if walked:
        for item, attempt in ANSWERED:
            yield _record("assessment.events", "assessment.item_answered.v1", training_id=training, item_id=item, attempt=attempt)
        yield _record("assessment.events", "assessment.training_completed.v1", training_id=training)
        yield _record("supervision.alerts", "supervision.alert_raised.v1", session_id=session, rule=MISS_RULE, **whose)


def _record(topic: str, type: str, **data: Any) -> Published:
    return Published(topic, 0, 0, uuid4().hex, type, data, datetime.now(UTC))


def _stand(story: Story) -> dict[str, Any]:
    cancelled = "cancelled" in story.announcements[-1].type
    plan = len(story.announcements)
    return {"id": story.session_id, "plan": plan, "status": "cancelled" if cancelled else "planned", "revision": plan - 1}


def _marks(story: Story) -> Iterator[dict[str, Any]]:
    if story.near:
        yield {"id": story.session_id, "moment": "assign", "outcome": "fired", "acted_at": AFTER}
    if story.coming:
        yield {"id": story.session_id, "moment": story.coming.moment, "outcome": "fired", "acted_at": story.coming.at}


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


def coming_marks(held: Held, outcome: str = "fired") -> list[dict[str, Any]]:
    return [mark for mark in held.tables["mark"] if mark["moment"] != "assign" and mark["outcome"] == outcome]


def a_moment_does_not_come(held: Held) -> None:
    """With what it would have led to."""
    mark = coming_marks(held)[0]
    held.tables["mark"].remove(mark)
    held.records = [one for one in held.records
                    if (one.data.get("moment"), one.data.get("session_id")) != (mark["moment"], str(mark["id"]))]  # fmt: skip


def a_moment_comes_too_early(held: Held) -> None:
    coming_marks(held)[0]["acted_at"] -= timedelta(seconds=1)


def a_moment_is_told_although_skipped(held: Held) -> None:
    coming_marks(held)[0]["outcome"] = "skipped"


def a_moment_is_marked_twice(held: Held) -> None:
    mark = next(mark for mark in held.tables["mark"] if mark["moment"] == "assign")
    held.tables["mark"].append(mark | {"outcome": "skipped"})


def an_event_names_the_other_site(held: Held) -> None:
    one = next(one for one in held.records if one.data.get("site_id") == SITES[0].name)
    one.data["site_id"] = SITES[1].name


def a_row_names_the_other_site(held: Held) -> None:
    held.tables["tenant"].append(held.tables["tenant"][0] | {"site_id": "another"})


def session_stands_as_before(held: Held) -> None:
    held.tables["session"][0]["plan"] += 1


SAID = ("trigger.session_planned.v1", "trigger.decision_made.v1", "trigger.nudge_requested.v1",
        "trigger.content_requested.v1", "content.training_assigned.v1",
        "assessment.item_answered.v1", "assessment.training_completed.v1", "supervision.alert_raised.v1")  # fmt: skip
BREAKS = {
    **{f"loses {type}": loses(type) for type in SAID}, **{f"doubles {type}": doubles(type) for type in SAID},
    **{f"a row lost of {table}": row_lost(table) for table in ("inbox", "session", "answer", "alert", "roster")},
    **{f"a row doubled of {table}": row_doubled(table) for table in ("answer", "alert")},
    "answers swapped": answers_swapped, "the roster went back": roster_went_back,
    "the catalog went back": catalog_went_back, "the catalog says something else": catalog_says_something_else,
    "a copy is old": copy_is_old,
    "a session stands as before": session_stands_as_before,
    "a moment does not come": a_moment_does_not_come, "a moment comes too early": a_moment_comes_too_early,
    "a moment is told although skipped": a_moment_is_told_although_skipped,
    "a moment is marked twice": a_moment_is_marked_twice,
    "an event names the other site": an_event_names_the_other_site, "a row names the other site": a_row_names_the_other_site,
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


def test_a_moment_may_be_skipped_and_one_that_had_passed_when_it_was_planned_is_none() -> None:
    done = accepted()
    held = sound(done)
    first, second = coming_marks(held)[:2]
    first["outcome"], second["outcome"] = "skipped", "dropped"
    quiet = {str(mark["id"]) for mark in (first, second)}
    held.records = [one for one in held.records if not (one.data.get("moment") and one.data["session_id"] in quiet)]
    assert held.judged(done).sound, held.judged(done).examples


def test_what_is_still_to_come_is_waited_for_and_not_missed() -> None:
    done = accepted()
    held = sound(done)
    held.tables["mark"] = [mark for mark in held.tables["mark"] if mark["moment"] == "assign"]
    held.records = [one for one in held.records if not one.data.get("moment")]
    seen = Seen(held.records, cast(Any, held.tables), min(story.coming.at for story in done.stories if story.coming))
    assert effects.verdict(done, seen).sound
    assert "moments are still to come" in effects.unsettled(done, seen)


def test_a_moment_that_came_while_we_looked_is_neither_lost_nor_invented() -> None:
    done = accepted()
    held = sound(done)
    another = next(story for story in done.stories if story.near and not story.coming)
    held.records.append(replace(_record("trigger.events", "trigger.nudge_requested.v1", session_id=str(another.session_id),
                                        moment="last_call"), at=AFTER))  # fmt: skip
    assert held.judged(done).sound
    held.records[-1] = replace(held.records[-1], at=AFTER - timedelta(minutes=1))
    assert held.judged(done).invented == 1


def test_the_same_event_said_again_is_no_second_effect() -> None:
    done = accepted()
    held = sound(done)
    held.records.append(replace(held.records[0], offset=len(held.records)))
    assert held.judged(done).sound


def test_what_nobody_announced_is_invented() -> None:
    done = accepted()
    held = sound(done)
    missing = next(story for story in done.stories if not story.near and not story.coming)
    done.stories.remove(missing)
    assert held.judged(done).invented == len(missing.announcements) + 1  # its plans, and its row
