"""What the fuzz of records has found, each as small as it can be."""

from time import thread_time

import pytest

from services.trigger.app import SERVICE as TRIGGER
from services.trigger.tenants import Publisher
from shared.messaging.ingest import PublishersTopics
from shared.messaging.message import Decoded, Message, Unreadable
from tests.fuzz.fragments import Dice, text_of
from tests.fuzz.records import STRUCTURED, Example, examples, whole

READ = PublishersTopics(TRIGGER, {"booking": Publisher("booking", frozenset(["lakeside"]), kafka=True, paused=False)})
SCHEDULED = max((one for one in examples("site") if one.type == "site.session_scheduled.v1"), key=lambda one: len(one.fields))


def read(more: str = "", **changes: str) -> Decoded:
    """The example with some fields' JSON texts replaced, and whatever `more` says after them."""
    fields = [(name, changes.get(name.strip('"'), value)) for name, value in SCHEDULED.fields]
    data = text_of(fields)[:-1] + more + "}"
    return READ(whole(Dice(1), Example(SCHEDULED.type, ()), data.encode()).at("in.booking", 0))


def reason(found: Decoded) -> tuple[str, str]:
    assert isinstance(found, Unreadable)
    return found.reason, found.detail


def structured(data: str) -> Decoded:
    envelope = '{"specversion": "1.0", "id": "1", "source": "s", "type": "site.session_scheduled.v1", "data": %s}'
    made = whole(Dice(1), SCHEDULED, (envelope % data).encode())
    return READ(type(made)("", None, made.value, (("content-type", STRUCTURED),)).at("in.booking", 0))


@pytest.mark.parametrize("depth", [190, 900])
def test_a_deep_record_that_seems_to_hold_a_nul_is_judged_at_once(depth: int) -> None:
    """It took 1.6 s at 900 levels: a batch of such records would have taken an hour."""
    began = thread_time()
    read(', "more": ' + "[" * depth + ",".join(['"\\\\u0000"'] * 20_000) + "]" * depth)
    assert thread_time() - began < 0.2


def test_only_an_escape_that_is_not_escaped_itself_is_a_nul() -> None:
    assert isinstance(read(', "more": "\\\\u0000 \\\\\\\\u0000"'), Message)
    for nul in ('"\\u0000"', '"\\\\\\u0000"', '{"a\\u0000": 1}'):
        assert reason(read(f', "more": {nul}')) == ("nul_in_text", "a text contains the character NUL")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-06-01T00:00:00Z"])
@pytest.mark.parametrize("field", ["starts_at", "source_updated_at"])
def test_a_year_that_no_database_can_hold_is_a_reason_and_holds_up_nobody(field: str, at: str) -> None:
    """The whole group of publishers stood still behind one such record."""
    assert reason(read(**{field: f'"{at}"'})) == ("schema", f"{field}: the year must lie between 2 and 9998")


def test_words_about_a_record_cannot_paint_on_a_terminal_and_are_short() -> None:
    made = whole(Dice(1), SCHEDULED, SCHEDULED.data, type="\x1b[2J\x1b[31m" + "x" * 900)
    code, words = reason(READ(made.at("in.booking", 0)))
    assert (code, words.isprintable(), len(words)) == ("unknown_type", True, 500)


def test_data_nested_too_deeply_is_called_that() -> None:
    assert reason(structured("[" * 900 + "]" * 900)) == (
        "schema", "data: nested too deeply, or a text that is not valid Unicode"
    )  # fmt: skip
