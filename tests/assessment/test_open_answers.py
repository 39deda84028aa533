"""Open answers are read with a short-lived token, by one person for one training, and every reading is written down."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr

from services.assessment import sealing
from services.assessment.store import SealedAnswer
from shared.security import mint_internal
from shared.settings import settings
from tests.assessment.building import CARDS, OPEN, TRAINING
from tests.assessment.visiting import arrive

DANA = UUID(int=0xD)
PATH = f"/internal/open-answers/{TRAINING}"


def token(subject="open-answers", training_id=TRAINING, seconds=60):
    return mint_internal(subject, training_id, DANA, datetime.now(UTC) + timedelta(seconds=seconds))


async def written(phone, link):
    await arrive(phone.running, OPEN)
    await phone.open(f"/t/{link()}")
    await phone.press("/start")
    for number in range(1, len(CARDS) + 1):
        await phone.press(f"/cards/{number}")
    await phone.press("/questions/1", text="It sounds heavy.")


async def read(phone, bearer):
    return await phone.client.get(PATH, headers={"Authorization": f"Bearer {bearer}"})


async def readings(phone):
    rows = await phone.running.pool.fetch("SELECT training_id, read_by, answers, site_id FROM open_answer_read")
    return [tuple(row) for row in rows]


async def test_a_supervisor_reads_what_was_written_and_leaves_a_line_in_the_audit(phone, link):
    await written(phone, link)
    answer = await read(phone, token())
    assert [(a["item_id"], a["text"]) for a in answer.json()["answers"]] == [("q5", "It sounds heavy.")]
    assert answer.headers["cache-control"] == "no-store"
    assert await readings(phone) == [(TRAINING, DANA, 1, "east")]


@pytest.mark.parametrize(
    ("token_of", "status"),
    [
        (lambda: "", 401),
        (lambda: "nonsense", 401),
        (lambda: token(seconds=-1), 401),
        (lambda: token(subject="other"), 403),
        (lambda: token(training_id=UUID(int=9)), 403),
    ],
)
async def test_any_other_token_reads_nothing_and_leaves_no_line(phone, link, token_of, status):
    await written(phone, link)
    answer = await read(phone, token_of())
    assert answer.status_code == status
    assert "heavy" not in answer.text
    assert await readings(phone) == []


async def test_a_text_sealed_with_a_lost_key_is_missing_instead_of_breaking_the_brief(phone, link):
    await written(phone, link)
    await phone.running.pool.execute("UPDATE open_answer SET key_id = 'gone'")
    assert [a["text"] for a in (await read(phone, token())).json()["answers"]] == [None]


def test_the_first_key_seals_and_an_older_one_still_opens(monkeypatch):
    keys = {"old": SecretStr("first"), "new": SecretStr("second")}
    with_keys(monkeypatch, {"old": keys["old"]})
    old = sealing.seal("before", TRAINING, 1)
    with_keys(monkeypatch, {"new": keys["new"], "old": keys["old"]})
    assert sealing.seal("after", TRAINING, 1).key_id == "new"
    assert sealing.unseal(row(old, 1), TRAINING) == "before"


def test_a_sealed_text_cannot_be_moved_to_another_question():
    sealed = sealing.seal("mine", TRAINING, 1)
    with pytest.raises(sealing.CannotOpen):
        sealing.unseal(row(sealed, 2), TRAINING)
    with pytest.raises(sealing.CannotOpen):
        sealing.unseal(row(sealed, 1), UUID(int=7))


def row(sealed, number):
    return SealedAnswer(number, "q5", sealed.key_id, b64decode(sealed.sealed), datetime.now(UTC))


def with_keys(monkeypatch, keys):
    changed = settings().model_copy(update={"answer_keys": keys})
    monkeypatch.setattr(sealing, "settings", lambda: changed)
