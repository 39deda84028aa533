"""No personal data on the bus: a contract cannot gain a field that nobody has put on the list."""

import re
from datetime import date
from uuid import UUID

import pytest
from pydantic import AwareDatetime, create_model

from deploy.generate import contracts, freeze
from shared.contracts.event import Event, Part
from shared.contracts.supervision import AlertRaised
from tests.contracts.allowed import ANYWHERE, NOT_PERSONAL, ONLY_IN, PERSONAL, PUBLIC


def fields(event):
    """(class, field, type) of every field of an event and of its parts."""
    schema = freeze.schema_of(event)
    for owner, one in [(event.__name__, schema), *schema.get("$defs", {}).items()]:
        for name, field in one.get("properties", {}).items():
            yield owner, name, type_of(field)


def type_of(field):
    if "anyOf" in field:
        return " | ".join(sorted({type_of(one) for one in field["anyOf"] if one.get("type") != "null"}))
    if "$ref" in field or "enum" in field or "const" in field:
        return "part" if "$ref" in field else "enum"
    if field.get("type") == "array":
        return f"{type_of(field['items'])}[]"
    if field.get("type") == "object":
        return f"{{{type_of(field['additionalProperties'])}}}"
    return field.get("format") or field.get("type", "anything")


def unlisted(event):
    return [(owner, name, found) for owner, name, found in fields(event) if found != listed(owner, name)]


def listed(owner, name):
    own = ONLY_IN.get(owner, {}) | PUBLIC.get(owner, {})
    return own.get(name) or ANYWHERE.get(name)


@pytest.mark.parametrize("event", contracts.published().values(), ids=list(contracts.published()))
def test_every_field_of_a_contract_is_on_the_list_with_its_type(event):
    assert unlisted(event) == [], "not on the list of tests/contracts/allowed.py: is it about a person? Then it stays out"


@pytest.mark.parametrize(("name", "type_"), [
    ("mentor_name", str), ("email", str), ("note", str | None), ("birth_date", date), ("born_at", AwareDatetime),
    ("age", int), ("link_token", str), ("text", str), ("name", str), ("phone", str), ("mentor_ref", str), ("staff_on_call", str),
])
def test_a_contract_that_gains_a_personal_field_is_caught(name, type_):
    twin = create_model("BriefReady", __base__=Event, mentor_id=(UUID, ...), **{name: (type_, ...)})
    twin.TYPE = "supervision.brief_ready.v1"
    assert [found[1] for found in unlisted(twin)] == [name]


def test_a_listed_field_with_another_type_is_caught():
    twin = create_model("BriefReady", __base__=Event, mentor_id=(str, ...), complete=(str, ...))
    twin.TYPE = "supervision.brief_ready.v1"
    assert [found[1] for found in unlisted(twin)] == ["mentor_id", "complete"]


def test_a_field_inside_a_part_and_a_field_for_anything_are_caught():
    part = create_model("Match", __base__=Part, mentee_name=(str, ...), extra=(dict[str, str], {}))
    twin = create_model("MentorEnrolled", __base__=Event, mentor_id=(UUID, ...), matches=(tuple[part, ...], ()))
    twin.TYPE = "supervision.mentor_enrolled.v1"
    assert unlisted(twin) == [("Match", "mentee_name", "string"), ("Match", "extra", "{string}")]


def test_the_list_itself_allows_no_personal_word():
    entries = {*ANYWHERE, *(f"{owner}.{name}" for owner, own in ONLY_IN.items() for name in own)}
    personal = {entry for entry in entries if PERSONAL & set(entry.rpartition(".")[2].split("_"))}
    assert personal == NOT_PERSONAL


def test_the_list_holds_nothing_that_no_contract_has():
    found = {(owner, name) for event in contracts.published().values() for owner, name, _ in fields(event)}
    own = {(owner, name) for of in (ONLY_IN, PUBLIC) for owner, names in of.items() for name in names}
    assert own <= found
    assert ANYWHERE.keys() <= {name for _, name in found}


def test_the_facts_of_an_alert_are_ids_and_codes_in_every_example():
    for file in contracts.examples(AlertRaised):
        facts = AlertRaised.model_validate_json(file.read_bytes()).facts
        assert all(re.fullmatch(r"[a-z0-9_:,.+-]+", value, re.IGNORECASE) for value in facts.values())
