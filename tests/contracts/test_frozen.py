"""A published event does not change. Each way of breaking a reader is a broken twin that must be named with its field."""

from typing import Literal

import pytest
from pydantic import Field, create_model

from deploy.generate import contracts, freeze
from deploy.generate.compatible import breaks
from shared.contracts.event import Event, Part

EXPLAINED = "A published event does not change: make a new class and .v2"


class Place(Part):
    city: str
    floor: int = 0


FIELDS = {
    "mentor_id": (str, ...),
    "minutes": (int, Field(45, ge=5, le=480, description="how long")),
    "mode": (Literal["in_person", "virtual"], "in_person"),
    "note_code": (str | None, None),
    "places": (tuple[Place, ...], ()),
}


def an_event(topic="test.events", **changed):
    """`field=None` takes the field away."""
    fields = {name: field for name, field in (FIELDS | changed).items() if field is not None}
    made = create_model("Planned", __base__=Event, **fields)
    made.TYPE, made.TOPIC = "test.session_planned.v1", topic
    return made


def frozen(now, before=None):
    return freeze.Frozen("test.session_planned.v1", freeze.schema_of(now), freeze.schema_of(before or an_event()))


def test_every_event_is_as_it_was_frozen():
    assert freeze.main(["--check"]) == 0


def test_every_event_class_with_a_topic_is_frozen():
    assert {file.stem for file in contracts.SCHEMAS.glob("*.json")} == contracts.published().keys()
    assert {"site.session_held.v1", "trigger.session_planned.v1", "supervision.person_erased.v1"} <= contracts.published().keys()


def test_an_unchanged_event_breaks_nothing_and_is_not_old():
    assert [*frozen(an_event()).broken(), *frozen(an_event()).old()] == []


@pytest.mark.parametrize(("field", "changed"), [
    ("minutes", {"minutes": None}),
    ("minutes", {"minutes": (str, "45")}),
    ("minutes", {"minutes": (int, Field(..., ge=5, le=480))}),
    ("minutes", {"minutes": (int, Field(30, ge=5, le=480))}),
    ("minutes", {"minutes": (int, Field(45, ge=5, le=600))}),
    ("mentor_id", {"mentor_id": (str, "")}),
    ("mode", {"mode": (Literal["in_person", "virtual", "phone"], "in_person")}),
    ("mode", {"mode": (Literal["in_person"], "in_person")}),
    ("note_code", {"note_code": (int | None, None)}),
    ("note_code", {"note_code": (str, "")}),
    ("places", {"places": (Place | None, None)}),
    ("district", {"district": (str, ...)}),
])
def test_a_change_that_some_reader_cannot_follow_is_refused_by_its_field(field, changed):
    words = list(frozen(an_event(**changed)).broken())
    assert words
    assert all(f"`{field}`" in line and EXPLAINED in line and "test.session_planned.v2" in line for line in words)


@pytest.mark.parametrize(("field", "place"), [
    ("places[].city", create_model("Place", __base__=Part, floor=(int, 0))),
    ("places[].floor", create_model("Place", __base__=Part, city=(str, ...), floor=(float, 0))),
    ("places[].street", create_model("Place", __base__=Part, city=(str, ...), floor=(int, 0), street=(str, ...))),
])
def test_a_change_inside_a_part_is_refused_by_its_path(field, place):
    words = list(frozen(an_event(places=(tuple[place, ...], ()))).broken())
    assert [f"`{field}`" in line for line in words] == [True]


def test_another_topic_is_another_event():
    assert ["x-topic" in line for line in frozen(an_event(topic="test.other")).broken()] == [True]


@pytest.mark.parametrize("changed", [
    {"district": (str | None, None)},
    {"places": (tuple[create_model("Place", __base__=Place, street=(str, "")), ...], ())},
    {"minutes": (int, Field(45, ge=5, le=480, description="in other words"))},
])
def test_a_field_with_a_default_or_other_words_keep_the_version_once_they_are_frozen(changed):
    now = an_event(**changed)
    assert list(frozen(now).broken()) == []
    assert ["`make freeze`" in line for line in frozen(now).old()] == [True]
    assert list(frozen(now, before=now).old()) == []


def test_a_new_type_asks_to_be_frozen_and_for_an_example():
    now = an_event()
    assert ["`make freeze`" in line for line in freeze.Frozen(now.TYPE, freeze.schema_of(now), None).old()] == [True]
    assert ["has no example" in line for line in freeze.example_faults({now.TYPE: now})] == [True]


def test_a_type_whose_class_is_gone_is_named(tmp_path):
    freeze.write([frozen(an_event())], tmp_path)
    assert ["its class is gone" in line for line in freeze.lost([], tmp_path)] == [True]
    assert list(freeze.lost(["test.session_planned.v1"], tmp_path)) == []


def test_what_is_written_is_what_is_compared_next_time(tmp_path):
    freeze.write([frozen(an_event())], tmp_path)
    again = freeze.compared({"test.session_planned.v1": an_event()}, tmp_path)
    assert [*again[0].broken(), *again[0].old()] == []


def test_a_part_that_holds_itself_can_be_compared():
    tree = {"$defs": {"Node": {"properties": {"child": {"$ref": "#/$defs/Node"}, "name": {"type": "string"}}}},
            "properties": {"root": {"$ref": "#/$defs/Node"}}}
    other = {"$defs": {"Node": {"properties": {"child": {"$ref": "#/$defs/Node"}, "name": {"type": "integer"}}}},
             "properties": {"root": {"$ref": "#/$defs/Node"}}}
    assert breaks(tree, tree) == []
    assert breaks(tree, other) == ['`root.name`: type was "string" and is "integer"']
