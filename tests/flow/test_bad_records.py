"""What nobody can apply is set aside alone, with its reason; its neighbours are applied, and the shell can look and decide."""

import json
from typing import Any

import pytest

from services.trigger.app import SERVICE
from services.trigger.messages import PublisherAdded
from shared.commands import on
from shared.contracts import ids
from tests.flow import kafka
from tests.flow.commands import jitt, typed
from tests.flow.kafka import Record
from tests.flow.running import aside, eventually
from tests.flow.telling import SCHEDULED, TOPIC, binary, in_days, known, post, scheduled, story, structured
from tests.flow.town import HARBOR, LAKESIDE, Newcomer, Town

PLAIN = {"ce_specversion": b"1.0", "ce_id": b"1", "ce_source": b"test", "ce_type": SCHEDULED.encode()}


def _bad(newcomer: Newcomer) -> dict[str, Record]:
    """By the reason that each is to be set aside for."""
    good = scheduled(f"bad-{newcomer.ref}", newcomer, in_days(20))
    too_large = good | {"activity": "x" * 300_000}
    return {
        "schema": Record(b'{"session_ref": "half a rec', tuple(PLAIN.items())),
        "unknown_type": binary(good, type="site.session_dreamed.v1"),
        "not_your_site": binary(good | {"site_id": HARBOR}),
        "tombstone": Record(None, tuple(PLAIN.items())),
        "bad_header": Record(b"{}", tuple((PLAIN | {"ce_subject": b"\xff\xfe"}).items())),
        "too_large": binary(too_large),
        "id_reused": binary(scheduled(f"bad-{newcomer.ref}", newcomer, in_days(21)), id=f"first-{newcomer.ref}"),
    }


@pytest.fixture
def letters(town: Town, newcomer: Newcomer) -> dict[str, dict[str, Any]]:
    """One of each kind between good records; the letters that came of them, by reason."""
    refs = [f"good-{n}-{newcomer.ref}" for n in range(len(_bad(newcomer)) + 1)]
    good = [binary(scheduled(ref, newcomer, in_days(15)), id=f"{ref}") for ref in refs]
    first = binary(scheduled(refs[0], newcomer, in_days(15)), id=f"first-{newcomer.ref}")
    records = [first, *(record for pair in zip(_bad(newcomer).values(), good[1:], strict=True) for record in pair)]
    before = {letter["id"] for letter in _listed()}
    kafka.write(TOPIC, *records)
    known(town, *refs)
    new = eventually(lambda: _since(before, len(_bad(newcomer))), "a letter for every bad record")
    return {letter["reason"]: letter for letter in new}


def test_every_bad_record_is_a_letter_of_its_own_and_its_neighbours_are_applied(
    town: Town, newcomer: Newcomer, letters: dict[str, dict[str, Any]]
) -> None:
    assert set(letters) == set(_bad(newcomer))
    offsets = [int(letters[reason]["where"].rpartition("/")[2]) for reason in _bad(newcomer)]
    assert offsets == list(range(offsets[0], offsets[0] + 2 * len(offsets), 2))
    assert all(letter["principal"] == TOPIC.removeprefix("in.") and letter["detail"] for letter in letters.values())
    assert story(town, ids.session(LAKESIDE, f"bad-{newcomer.ref}")) == {}
    after = f"after-{newcomer.ref}"
    kafka.write(TOPIC, binary(scheduled(after, newcomer, in_days(15))))
    known(town, after)


def test_the_shell_shows_replays_and_skips_letters(newcomer: Newcomer, letters: dict[str, dict[str, Any]]) -> None:
    foreign, half = letters["not_your_site"]["id"], letters["schema"]["id"]
    shown = typed("dead", "show", "trigger", str(half))
    assert bytes.fromhex(json.loads(shown.out)["value_hex"]) == _bad(newcomer)["schema"].value
    again = typed("dead", "replay", "trigger", str(foreign))
    assert (again.code, again.out.strip()) == (
        1, f"0 applied, 1 failed again: letter {foreign}: not_your_site: lakeside-bus may not announce this"
    )  # fmt: skip
    skipped = typed("dead", "skip", "trigger", *(str(letter["id"]) for letter in letters.values()))
    assert (skipped.code, skipped.out.strip()) == (
        0, f"{len(letters)} skipped; 0 that waited behind them were applied, 0 failed again."
    )  # fmt: skip
    assert not {letter["id"] for letter in letters.values()} & {letter["id"] for letter in _listed()}
    gone = typed("dead", "show", "trigger", str(half))
    assert gone.code == 1
    assert gone.err.startswith(f"trigger has no open dead letter {half}.")


def test_a_publisher_whose_topic_nobody_made_keeps_no_other_waiting(town: Town, newcomer: Newcomer) -> None:
    log = town.network.home / "services" / "trigger.log"
    early = PublisherAdded(name="early-bird", sites=(LAKESIDE,), kafka=True)  # as if Kafka had been restored to before it
    aside(on, SERVICE, lambda running: running.submit(early, id="early-bird", source="test"))
    eventually(lambda: "in.early-bird" in log.read_text(), "trigger has seen the new publisher")
    kafka.write(TOPIC, binary(scheduled(f"other-{newcomer.ref}", newcomer, in_days(15))))
    known(town, f"other-{newcomer.ref}")
    assert "in.early-bird: made" in jitt("topics", "apply")
    kafka.write("in.early-bird", binary(scheduled(f"early-{newcomer.ref}", newcomer, in_days(15))))
    known(town, f"early-{newcomer.ref}")


def test_the_web_door_names_what_is_wrong_and_takes_the_event_once_it_is_mended(town: Town, newcomer: Newcomer) -> None:
    event = structured(scheduled(f"mended-{newcomer.ref}", newcomer, in_days(15), activity="homework_halp"))
    wrong = post(town, event, code=422)
    assert (wrong["status"], wrong["reason"]) == ("rejected", "unknown_activity")
    assert "homework_help" in wrong["words"]
    assert post(town, event | {"data": event["data"] | {"activity": "homework_help"}})["status"] == "applied"
    reused = post(town, event | {"data": event["data"] | {"activity": "check_in"}}, code=409)
    assert reused["reason"] == "id_reused"


def _listed() -> list[dict[str, Any]]:
    return list(json.loads(jitt("dead", "list", "--service", "trigger", "--json")))


def _since(before: set[int], many: int) -> list[dict[str, Any]]:
    new = [letter for letter in _listed() if letter["id"] not in before]
    return new if len(new) >= many else []
