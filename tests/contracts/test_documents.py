"""The generated documents say what the code does: every payload, every route for programs, and which of them is old."""

import json
import os
import subprocess
import sys

import jsonschema
import pytest

from deploy import topology
from deploy.generate import asyncapi, contracts, openapi
from deploy.generate.__main__ import DOCS, documents, old, write
from deploy.generate.page import topology_page
from shared.contracts.topics import TOPICS


@pytest.fixture(scope="module")
def spoken():
    return asyncapi.document()


def at(document, ref):
    for step in ref.removeprefix("#/").split("/"):
        document = document[step]
    return document


def test_the_documents_in_the_repository_are_fresh():
    assert old(documents(), DOCS) == []


def test_each_document_that_is_old_missing_or_left_over_is_named(tmp_path):
    made = {"topology.md": "new", "openapi/trigger.json": "{}"}
    write(made, tmp_path)
    assert old(made, tmp_path) == []
    (tmp_path / "topology.md").write_text("before")
    (tmp_path / "openapi/trigger.json").unlink()
    (tmp_path / "openapi/gone.json").write_text("{}")
    assert [words.split()[0].partition("/")[2] for words in old(made, tmp_path)] == [
        "topology.md", "openapi/trigger.json", "openapi/gone.json"]


def test_another_process_makes_the_same_documents_whatever_the_order_of_its_sets():
    done = subprocess.run([sys.executable, "-m", "deploy.generate", "--check"], cwd=topology.ROOT, capture_output=True, text=True,
                          env=os.environ | {"PYTHONHASHSEED": "4711"}, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_topic_is_a_channel_and_every_type_a_message_of_its_own(spoken):
    assert spoken["channels"].keys() == {*(topic.name for topic in TOPICS), "in.{publisher}"}
    told = {name for channel in spoken["channels"].values() for name in channel["messages"]}
    assert told == contracts.published().keys()


def test_no_payload_is_empty(spoken):
    for message in spoken["components"]["messages"].values():
        payload = at(spoken, message["payload"]["$ref"])
        assert payload["properties"].keys() == contracts.published()[message["name"]].model_fields.keys()
        assert message["headers"]["properties"]["ce_type"] == {"const": message["name"]}
    assert "EmptyPayload" not in json.dumps(spoken)


def test_every_reference_leads_somewhere(spoken):
    for ref in references(spoken):
        assert at(spoken, ref)


def references(node):
    inner = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield node["$ref"]
    for one in inner:
        yield from references(one)


def test_examples_in_asyncapi_are_allowed_by_its_own_payloads(spoken):
    for message in spoken["components"]["messages"].values():
        whole = message["payload"] | {"components": spoken["components"]}
        assert message["examples"]
        for example in message["examples"]:
            jsonschema.Draft7Validator(whole).validate(example["payload"])


def test_every_service_is_told_with_what_it_sends_and_what_its_handlers_take(spoken):
    sends, receives = told(spoken, "send"), told(spoken, "receive")
    for service in contracts.services():
        assert sends[service.name] == {event.TYPE for event in service.publishes}
        assert receives[service.name] == {name for name in service.events if name in contracts.published()}
    assert sends["publishers"] == {"site.session_scheduled.v1", "site.session_cancelled.v1", "site.session_held.v1"}


def told(spoken, action):
    found = {}
    for operation in spoken["operations"].values():
        if operation["action"] == action:
            types = {ref["$ref"].rpartition("/")[2] for ref in operation["messages"]}
            found.setdefault(operation["tags"][0]["name"], set()).update(types)
    return found


@pytest.mark.parametrize(("name", "path"), [
    ("trigger", "/v1/events"), ("content", "/v1/modules"), ("assessment", "/internal/open-answers/{training_id}"),
    ("supervision", "/v1/alerts/stream"),
])
def test_openapi_tells_what_programs_may_ask_and_no_page_for_people(name, path):
    made = openapi.document(topology.service(name))
    assert made["openapi"] == "3.1.0"
    assert path in made["paths"]
    assert all(one.startswith(("/v1/", "/internal/")) for one in made["paths"])
    for ref in references(made):
        assert at(made, ref)


def test_topology_names_every_service_topic_and_type():
    page = topology_page()
    for topic in TOPICS:
        assert f"| `{topic.name}` | {topic.owner} | {topic.partitions} ({topic.small}) |" in page
    for name, event in contracts.published().items():
        assert f"| `{name}` | `{contracts.topic_of(event).replace('{publisher}', '<publisher>')}` |" in page
    for name in topology.NAMES:
        assert f"| {name} | " in page
    assert "  trigger --> trigger_events\n" in page
    assert "  trigger_events --> content\n" in page
