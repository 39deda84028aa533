"""Examples stay readable for ever: what a class can read, what its frozen schema allows, and what it would send."""

import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from deploy.generate import contracts, freeze
from shared.contracts.site import SessionHeld
from shared.contracts.vocabulary import vocabulary

EXAMPLES = [(event, file) for event in contracts.published().values() for file in contracts.examples(event)]
EACH = pytest.mark.parametrize(("event", "file"), EXAMPLES, ids=[f"{file.parent.name}/{file.stem}" for _, file in EXAMPLES])


def frozen_schema(event):
    return json.loads((contracts.SCHEMAS / f"{event.TYPE}.json").read_bytes())


def valid(document, schema):
    return jsonschema.Draft202012Validator(schema).is_valid(document)


def test_every_type_has_an_example_and_every_example_a_type():
    assert {event.TYPE for event, _ in EXAMPLES} == contracts.published().keys()
    assert {folder.name for folder in contracts.EXAMPLES.iterdir()} == contracts.published().keys()
    assert sorted(file for _, file in EXAMPLES) == sorted(file for file in contracts.EXAMPLES.rglob("*") if file.is_file())


@EACH
def test_an_example_is_read_by_its_class_and_allowed_by_its_frozen_schema(event, file):
    document = json.loads(file.read_bytes())
    assert event.model_validate_json(file.read_bytes()).key()
    jsonschema.Draft202012Validator(frozen_schema(event)).validate(document)


@EACH
def test_what_the_class_would_send_is_allowed_by_its_frozen_schema_too(event, file):
    sent = event.model_validate_json(file.read_bytes()).model_dump_json()
    jsonschema.Draft202012Validator(frozen_schema(event)).validate(json.loads(sent))
    assert event.model_validate_json(sent) == event.model_validate_json(file.read_bytes())


@EACH
def test_codes_in_examples_are_in_the_vocabulary(event, file):
    document, words = json.loads(file.read_bytes()), vocabulary()
    known = {"skill": words.skills, "activity": words.activities, "function": words.functions}
    for name, code in pairs(document):
        assert name not in known or code is None or code in known[name]


def pairs(node):
    inner = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
    yield from node.items() if isinstance(node, dict) else ()
    for one in inner:
        yield from pairs(one)


def test_a_misspelled_field_is_caught_by_the_frozen_schema_although_readers_ignore_it():
    document = {"session_ref": "booking-1", "site_id": "lakeside", "held": True, "minuts": 40}
    assert SessionHeld.model_validate(document)
    assert not valid(document, frozen_schema(SessionHeld))
    assert valid({name: value for name, value in document.items() if name != "minuts"}, frozen_schema(SessionHeld))


def test_an_old_example_that_a_class_can_no_longer_read_is_named_with_its_field(tmp_path, monkeypatch):
    monkeypatch.setattr(contracts, "EXAMPLES", tmp_path)
    old = tmp_path / SessionHeld.TYPE / "as_it_was.json"
    old.parent.mkdir()
    old.write_text('{"session_ref": "booking-1", "site_id": "lakeside", "held": "yes"}')
    with pytest.raises(ValidationError):
        SessionHeld.model_validate_json(old.read_bytes())
    found = list(freeze.example_faults({SessionHeld.TYPE: SessionHeld}))
    assert ["as_it_was.json" in line and "`held`" in line and "site.session_held.v2" in line for line in found] == [True]


def test_examples_are_invented():
    """Numbers of the range that no telephone has, addresses of nobody."""
    for _, file in EXAMPLES:
        text = Path(file).read_text()
        assert "@" not in text
        for name, value in pairs(json.loads(text)):
            assert name not in ("phone", "number", "staff_on_call") or value is None or value.startswith("555-01")
