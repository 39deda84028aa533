"""What services may do at Kafka, as it is printed; tests/access/test_kafka.py tries whether that is enough and no more."""

import shlex
from itertools import pairwise

import pytest
import typer
from pydantic import ValidationError
from typer.testing import CliRunner, Result

from deploy import topics
from deploy.generate import contracts
from deploy.topology import NAMES
from shared import kafka_logins
from shared.contracts.topics import TOPICS
from shared.kafka_rights import of_publisher, of_service, of_subscriber
from shared.settings import Settings, settings


def jitt(*words: str) -> Result:
    app = typer.Typer()
    topics.add_to(app, app)
    return CliRunner().invoke(app, ["topics", *words])


@pytest.mark.parametrize("service", contracts.services(), ids=NAMES)
def test_a_service_may_write_to_what_it_owns_and_to_nothing_of_others(service):
    """Publishers' topics it reads, and subscribers' it writes to, go by how their names begin."""
    written = {right.name for right in of_service(service) if (right.resource, right.may) == ("topic", "write")}
    assert written - {"alerts."} == {topic.name for topic in TOPICS if topic.owner == service.name}
    assert ("alerts." in written) == (service.name == "supervision")


def test_a_publisher_s_and_a_subscriber_s_rights_name_their_own_topic_and_no_beginning_of_a_name():
    rights = [*of_publisher("lakeside"), *of_subscriber("lakeside")]
    assert {(right.name, right.prefixed) for right in rights} == {("in.lakeside", False), ("alerts.lakeside", False)}


def test_the_printed_commands_name_each_right_once_and_the_principal_that_was_asked_for():
    told = jitt("acls", "supervision", "--principal", "User:CN=super vision")
    head, *commands = told.stdout.splitlines()
    assert (told.exit_code, head, len(commands)) == (0, "# supervision", 5)
    found = []
    for words in map(shlex.split, commands):
        assert words[words.index("--allow-principal") + 1] == "User:CN=super vision"
        may, prefixed = words[words.index("--operation") + 1].lower(), "prefixed" in words
        for option, name in pairwise(words):
            if option in ("--topic", "--group", "--transactional-id"):
                found.append((option[2:], name, may, prefixed))
    rights = of_service(topics.topology.service("supervision"))
    assert sorted(found) == sorted((right.resource, right.name, right.may, right.prefixed) for right in rights)


def test_a_principal_without_a_service_and_a_service_that_there_is_not_are_refused_in_words():
    assert (jitt("acls", "--principal", "User:x").exit_code, jitt("acls", "trgger").exit_code) == (2, 2)
    assert "Choose one of: trigger, content" in jitt("acls", "trgger").stderr


@pytest.mark.parametrize(("there", "ended"), [(0, ""), (3, ""), (4, topics.ENDED.format("service.content.1") + "\n")])
def test_whoever_makes_one_login_too_many_is_told_whose_end_that_was(there, ended, monkeypatch):
    known = {"content": [f"service.content.{n + 1}" for n in range(there)]}
    monkeypatch.setenv("JITT_KAFKA", "127.0.0.1:1")
    monkeypatch.setenv("JITT_POSTGRES", "postgresql://nobody@127.0.0.1:1/jitt")
    monkeypatch.setattr(kafka_logins, "list_logins", lambda kafka, kind: known)
    monkeypatch.setattr(topics, "new_login", lambda service: {"JITT_KAFKA_USER": f"service.{service}.{there + 1}"})
    settings.cache_clear()
    told = jitt("login", "content")
    settings.cache_clear()
    assert (told.exit_code, told.stdout, told.stderr) == (0, f"JITT_KAFKA_USER=service.content.{there + 1}\n", ended)


@pytest.mark.parametrize(
    "given",
    [
        {"kafka_user": "service.content.1"},
        {"kafka_protocol": "SASL_SSL"},
        {"kafka_protocol": "SASL_SSL", "kafka_user": "service.content.1"},
        {"kafka_protocol": "SSL", "kafka_user": "service.content.1", "kafka_password": "x"},
    ],
    ids=["no protocol", "no user", "no password", "no SASL"],
)
def test_half_a_login_at_kafka_is_refused_with_what_goes_with_it(given):
    with pytest.raises(ValidationError, match="set all three, or none"):
        Settings(**given)


@pytest.mark.parametrize(
    ("protocol", "file", "said"),
    [
        ("SSL", "gone.pem", "JITT_KAFKA_CA names .*gone.pem, which cannot be read .No such file"),
        ("SSL", ".", r"cannot be read \(Is a directory\)"),
        ("SSL", "README.md", "no certificate in PEM form is in it.: name a file with the certificates"),
        ("PLAINTEXT", "README.md", "set that to SASL_SSL or SSL, or leave JITT_KAFKA_CA out"),
    ],
)
def test_a_file_of_certificates_that_is_of_no_use_is_refused_with_what_to_do(protocol, file, said):
    with pytest.raises(ValidationError, match=said):
        Settings(kafka_protocol=protocol, kafka_ca=file)
