"""Keys are known by ids, and replaced without a loss: what an old one sealed or signed opens until it is taken out."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from deploy.privacy import keys
from services.assessment import handing_out, resealing, store_sealed
from services.assessment.app import SERVICE
from services.assessment.sealing import CannotOpen, seal
from services.supervision import store_webhook_secrets, webhook_secrets
from services.supervision.app import SERVICE as SUPERVISION
from shared import db
from shared.running import Running
from shared.security import Forged, Link, mint_link, read_link
from shared.settings import Settings, settings
from tests.conftest import Database, at_database

MENTOR, TRAINING = UUID(int=7), UUID(int=70)
OLD, NEW = SecretStr("old-secret-old-secret"), SecretStr("new-secret-new-secret")
WEBHOOK = """
INSERT INTO webhook (name, sites, url, secrets, state, added_at, xact, seq, due_at, tries, answer, dead)
VALUES ('crm', '{east}', 'https://crm.example.org', $1, 'active', now(), '0', 0, now(), 0, '', '[]')
"""
PUT = """
INSERT INTO open_answer (training_id, number, site_id, mentor_id, item_id, key_id, sealed, answered_at)
VALUES ($1, $2, 'east', $3, 'q5', '', '', now())
"""


@pytest.fixture
async def running(database: Database) -> Running:
    return await database(SERVICE)


def with_keys(monkeypatch: pytest.MonkeyPatch, **answer_keys: SecretStr) -> None:
    monkeypatch.setattr(settings(), "answer_keys", answer_keys)


async def written(running: Running, *texts: str) -> None:
    async with running.connection() as conn:
        for number, text in enumerate(texts):
            await conn.execute(PUT, TRAINING, number, MENTOR)
            await store_sealed.put(conn, TRAINING, number, seal(text, TRAINING, number))


async def texts(running: Running) -> list[str]:
    return [row["text"] for row in await handing_out.own_words(running, MENTOR)]


async def test_answers_are_sealed_anew_step_by_step_and_the_old_key_is_needed_no_more(running, monkeypatch):
    monkeypatch.setattr(resealing, "STEP", 2)
    with_keys(monkeypatch, k1=OLD)
    await written(running, "one", "two", "three", "four", "five")
    with_keys(monkeypatch, k2=NEW, k1=OLD)
    assert await texts(running) == ["one", "two", "three", "four", "five"]
    assert await resealing.reseal(running) == 5
    assert await resealing.by_key(running) == {"k2": 5}
    with_keys(monkeypatch, k2=NEW)
    assert await texts(running) == ["one", "two", "three", "four", "five"]
    assert await resealing.reseal(running) == 0


async def test_without_the_old_key_nothing_is_changed_and_the_missing_one_is_named(running, monkeypatch):
    with_keys(monkeypatch, k1=OLD)
    await written(running, "one")
    with_keys(monkeypatch, k2=NEW)
    with pytest.raises(CannotOpen, match="k1"):
        await resealing.reseal(running)
    assert await texts(running) == [handing_out.LOST]
    with_keys(monkeypatch, k2=NEW, k1=OLD)
    assert await texts(running) == ["one"]


async def test_the_commands_show_ids_and_count_and_never_a_secret(running, database, monkeypatch):
    with_keys(monkeypatch, k1=OLD)
    await written(running, "one", "two")
    async with running.connection() as conn:
        name = await conn.fetchval("SELECT current_database()")
    monkeypatch.setenv("JITT_ASSESSMENT_POSTGRES", at_database(db.service_dsn("assessment"), name))
    other = await database(SUPERVISION)
    async with other.connection() as conn:
        name = await conn.fetchval("SELECT current_database()")
        await conn.execute(WEBHOOK, f'[{{"sealed": "{webhook_secrets.seal("whsec_1", "crm")}"}}]')
    monkeypatch.setenv("JITT_SUPERVISION_POSTGRES", at_database(db.service_dsn("supervision"), name))
    with_keys(monkeypatch, k2=NEW, k1=OLD)
    shown = json.loads(await typed("show", "--json"))
    assert [(one["id"], one["used"], one["sealed"]) for one in shown if one["name"] == "answers"] == [
        ("k2", "new and old", 0),
        ("k1", "old", 2),
    ]
    assert "2 were sealed anew with the first key of JITT_ANSWER_KEYS." in await typed("rotate", "answers")
    monkeypatch.setattr(settings(), "webhook_keys", {"w2": NEW} | settings().webhook_keys)
    assert "1 were sealed anew with the first key of JITT_WEBHOOK_KEYS." in await typed("rotate", "webhooks")
    monkeypatch.setattr(settings(), "webhook_keys", {"w2": NEW})
    async with other.connection() as conn:
        (secret,) = (await store_webhook_secrets.list_secrets(conn))["crm"]
    assert webhook_secrets.unseal(secret.sealed, "crm") == "whsec_1"
    said = await typed("show")
    for name in keys.KINDS:
        said += await typed("rotate", name)
    assert "cannot be replaced" in said and "JITT_LINK_KEYS" in said
    for secret in (OLD, NEW, settings().id_key, settings().db_key, *settings().link_keys):
        assert secret.get_secret_value() not in said


async def typed(*words: str) -> str:
    result = await asyncio.to_thread(CliRunner().invoke, keys.app, list(words))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_key_that_is_missing_is_named():
    chosen = Settings(answer_keys={"k2": NEW})
    assert [(one.id, one.used, one.sealed) for one in keys.listed(chosen, {"answers": {"k1": 3}}) if one.name == "answers"] == [
        ("k2", "new and old", 0),
        ("k1", "missing", 3),
    ]


def test_a_link_opens_until_the_key_that_signed_it_is_taken_out(monkeypatch):
    now = datetime.now(UTC)
    link = Link("training", TRAINING, MENTOR, 1)
    monkeypatch.setattr(settings(), "link_keys", (OLD,))
    old = mint_link(link, now + timedelta(days=1))
    monkeypatch.setattr(settings(), "link_keys", (NEW, OLD))
    assert read_link(old, now) == link
    new = mint_link(link, now + timedelta(days=1))
    monkeypatch.setattr(settings(), "link_keys", (NEW,))
    assert (read_link(old, now), read_link(new, now)) == (Forged(), link)
