"""Supervision on a fresh database, and its commands as somebody types them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from services.supervision import commands, commands_subscribers, commands_tokens, commands_webhooks
from services.supervision.app import SERVICE
from shared import db
from shared.running import Running
from tests.conftest import Database, at_database

Jitt = Callable[..., Awaitable[Result]]


@pytest.fixture
async def running(database: Database) -> Running:
    return await database(SERVICE)


@pytest.fixture
async def jitt(running: Running, monkeypatch: pytest.MonkeyPatch) -> Jitt:
    """Types a command, in a thread of its own as a process would be."""
    async with running.connection() as conn:
        name = await conn.fetchval("SELECT current_database()")
    monkeypatch.setenv("JITT_SUPERVISION_POSTGRES", at_database(db.service_dsn("supervision"), name))
    app, import_app = typer.Typer(), typer.Typer()
    app.add_typer(import_app, name="import")
    for module in (commands, commands_subscribers, commands_tokens, commands_webhooks):
        module.add_to(app, import_app)
    return lambda *words: asyncio.to_thread(CliRunner().invoke, app, [str(word) for word in words])
