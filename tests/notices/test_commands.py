"""`jitt mail` and `jitt bounce`, as somebody types them."""

import asyncio
import json
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from services.supervision import commands_notices
from shared import db
from shared.settings import settings
from tests.conftest import at_database
from tests.notices.server import Kept
from tests.notices.test_reports import returned, sent
from tests.notices.town import Town


async def jitt(*words: object) -> Result:
    app = typer.Typer()
    commands_notices.add_to(app, app)
    return await asyncio.to_thread(CliRunner().invoke, app, [str(word) for word in words])


async def test_the_mails_of_this_machine_are_listed_and_opened(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JITT_HOME", str(tmp_path))
    settings.cache_clear()
    assert "No mail in" in (await jitt("mail")).output
    await town.happens(town.assigned())
    await town.sender(home=tmp_path).round()
    assert "Marcus Bell <marcus@mail.example>" in (await jitt("mail")).output
    assert "Open the training:" in (await jitt("mail", "1")).output
    assert "<!doctype html>" in (await jitt("mail", "1", "--html")).output
    (told,) = json.loads((await jitt("mail", "--json")).output)
    assert told["subject"].endswith("your short training")
    beyond = await jitt("mail", "2")
    assert beyond.exit_code == 2 and "There is 1 in" in beyond.output
    monkeypatch.undo()
    settings.cache_clear()


async def test_mails_that_came_back_are_taken_in(
    town: Town, kept: Kept, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town.running.connection() as conn:
        name = await conn.fetchval("SELECT current_database()")
    monkeypatch.setenv("JITT_SUPERVISION_POSTGRES", at_database(db.service_dsn("supervision"), name))
    notice_id = await sent(town, port)
    file = tmp_path / "returned.eml"
    file.write_bytes(returned(kept.mails[0].message_id))
    assert f"{notice_id}: noted: bounced 5.1.1" in (await jitt("bounce", file)).output
    assert (await town.one("training")).state == "bounced"
    assert "was noted before" in (await jitt("bounce", file)).output
    file.write_bytes(b"Subject: hello\n\nNothing came back.\n")
    nothing = await jitt("bounce", file)
    assert nothing.exit_code == 1 and "Nothing of this tells of a mail of ours." in nothing.output
    assert (await jitt("bounce", tmp_path / "none")).exit_code == 2
