"""Trigger's commands, as somebody types them."""

import asyncio

import typer
from typer.testing import CliRunner, Result

from services.trigger import (
    commands,
    commands_days,
    commands_feeds,
    commands_import,
    commands_policy,
    commands_session,
    commands_sheet,
)

MODULES = (commands, commands_days, commands_feeds, commands_import, commands_policy, commands_session, commands_sheet)


async def jitt(*words: str) -> Result:
    """In a thread: the command has an event loop of its own."""
    return await asyncio.to_thread(invoke, *words)


def invoke(*words: str) -> Result:
    app, import_app = typer.Typer(pretty_exceptions_enable=False), typer.Typer()
    app.add_typer(import_app, name="import")
    for module in MODULES:
        module.add_to(app, import_app)
    return CliRunner().invoke(app, list(words))
