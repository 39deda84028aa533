"""What is done from the command line is written down where every command opens its database, and nobody can change it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from deploy import cli
from shared import operating, retention
from shared.contracts import ids
from shared.messaging import store_operated
from shared.operating import REFERENCES, Command, described
from shared.running import Running
from tests.supervision.builders import MENTOR, SITE, SUPERVISOR
from tests.supervision.conftest import Jitt
from tests.supervision.console import an_afternoon, signed_in, words
from tests.supervision.test_commands import ADD, DANA, HEADER, MARCUS

ID = UUID(int=7)
EAST_STAFF = {ref: ids.supervisor("east", ref) for ref in ("m1", "dana", "lee")}
OLD = """
INSERT INTO operated (at, site_id, operator, command, about) VALUES (now() - make_interval(days => $1), '', $2, 'export', '{}')
"""
# Words in a parameter's name that may mean a person, and those that say which by themselves: an id, or an address of no site's.
PERSONAL = ("mentor", "mentee", "person", "who", "supervisor", "delegate", "lead", "staff", "learner")
SAY_IT_THEMSELVES = {"person_id", "mentor_zone"}


async def log(running: Running) -> list[tuple[str, str, list[UUID]]]:
    async with running.connection() as conn:
        found = await store_operated.list_last(conn, "", None, 50)
    assert {one["operator"] for one in found} == {operating.operator()}
    return [(one["command"], one["site_id"], one["about"]) for one in reversed(found)]


async def test_every_command_is_written_down_with_its_site_and_whom_it_names(
    jitt: Jitt, running: Running, tmp_path: Path
) -> None:
    await jitt(*ADD)
    file = tmp_path / "people.csv"
    file.write_text(HEADER + MARCUS + DANA)
    await jitt("import", "people", file, "--site", SITE, "--dry-run")
    await jitt("import", "people", file, "--site", SITE, "--json")
    await jitt("link", "--record", "--site", SITE, "--mentor", "marcus")
    await jitt("link", "--revoke", "--site", SITE, "--mentor", "marcus")
    failed = await jitt("link", "--site", SITE, "--mentor", "nobody")
    assert failed.exit_code == 1
    assert await log(running) == [
        ("site add", SITE, []), ("import people --dry-run", SITE, []), ("import people", SITE, []),
        ("link --record", SITE, [MENTOR]), ("link --revoke", SITE, [MENTOR]), ("link", SITE, [ids.mentor(SITE, "nobody")]),
    ]  # fmt: skip


async def test_no_name_and_no_reference_is_written_down(jitt: Jitt, running: Running) -> None:
    await jitt(*ADD)
    await jitt("link", "--record", "--site", SITE, "--mentor", "canary-ref")
    async with running.connection() as conn:
        rows = [str(dict(row)) for row in await conn.fetch("SELECT * FROM operated")]
    assert len(rows) == 2 and not [row for row in rows if "canary" in row or "555" in row]


async def test_what_cannot_be_written_down_is_not_done(jitt: Jitt, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_operated, "NOTE", "INSERT INTO operated (site_id, operator, command) VALUES ($1, $2, $3)")
    refused = await jitt(*ADD)
    assert refused.exit_code == 1
    async with running.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM site") == 0


@pytest.mark.parametrize("statement", ["UPDATE operated SET command = 'x'", "DELETE FROM operated", "TRUNCATE operated"])
async def test_the_service_itself_cannot_change_it(jitt: Jitt, running: Running, statement: str) -> None:
    await jitt(*ADD)
    async with running.connection() as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement)
    assert len(await log(running)) == 1


async def test_it_is_kept_for_three_years_and_nothing_younger_than_a_year_ever_goes(running: Running) -> None:
    async with running.connection() as conn:
        for days in (1, 200, 500, 1_200):
            await conn.execute(OLD, days, operating.operator())
    assert {kept.table: rows async for kept, rows in retention.run(running)} == {"operated": 1}
    async with running.connection() as conn:
        assert await conn.fetchval("SELECT forget_operated(1, 100)") == 1
    assert len(await log(running)) == 2


async def test_a_site_lead_sees_what_was_done_about_whom_and_nothing_of_another_site(running: Running) -> None:
    day = await an_afternoon(running)
    await day.mentor("tom", "Tom Okafor")
    async with running.connection() as conn:
        for site, command in ((SITE, "export"), ("westfield", "erase person")):
            await store_operated.note(conn, [site], "ann@host-1", command, [ids.mentor(SITE, "tom"), ID])
    async with signed_in(running, "priya") as priya:
        shown = words((await priya.get("/audit")).text)
        assert "ann@host-1 jitt export Tom Okafor" in shown and "erase" not in shown
        for chosen, there in (({"mentor": str(ids.mentor(SITE, "tom"))}, True), ({"mentor": str(uuid4())}, False)):
            assert ("jitt export" in (await priya.get("/audit", params=chosen)).text) is there


async def test_a_command_that_names_two_sites_stands_on_the_page_of_each(jitt: Jitt, running: Running) -> None:
    await an_afternoon(running)
    await jitt("token", "add", "district", "--site", SITE, "--site", "westfield", "--scope", "alerts:read", "--site", SITE)
    assert [(command, site) for command, site, _ in await log(running)] == [("token add", SITE), ("token add", "westfield")]
    async with signed_in(running, "priya") as priya:
        assert words((await priya.get("/audit")).text).count("jitt token add") == 1


@pytest.mark.parametrize(("given", "found"), [
    ({"who": "m1", "site": "east", "role": ""}, (("east",), [ids.mentor("east", "m1"), EAST_STAFF["m1"]])),
    ({"who": "m1", "site": "east", "role": "site_lead"}, (("east",), [EAST_STAFF["m1"]])),
    ({"who": str(ID), "site": "", "role": ""}, ((), [ID])),
    ({"person": "dana", "delegate": "lee", "site": "east"}, (("east",), [EAST_STAFF["dana"], EAST_STAFF["lee"]])),
    ({"training_id": ID, "site": "", "session": ""}, ((), [ID])),
    ({"person": "dana@example.org", "site": ""}, ((), [])),
    ({"site": ["east", "west"], "who": "m1", "role": "mentor"},
     (("east", "west"), [ids.mentor("east", "m1"), ids.mentor("west", "m1")])),
], ids=["both", "role", "id", "staff", "training", "address", "two sites"])  # fmt: skip
def test_what_a_command_is_about_is_what_it_names(given: dict[str, Any], found: tuple[tuple[str, ...], list[UUID]]) -> None:
    assert described("x", given) == Command("x", found[0], tuple(found[1]))


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if isinstance(command, TyperGroup):
        for name, one in command.commands.items():
            yield from commands(one, (*path, name))
    else:
        yield " ".join(path), command


def unknown(command: Any) -> set[str]:
    """Parameters that may name a person, and of which nobody says whose id they make."""
    return {
        f"{name}: {one.name}"
        for name, found in commands(command) for one in found.params
        if any(word in str(one.name).split("_") for word in PERSONAL) and str(one.name) not in {*REFERENCES, *SAY_IT_THEMSELVES}
    }  # fmt: skip


def test_whom_a_command_names_is_known_for_every_one_there_is() -> None:
    cli.add_commands()
    assert len(list(commands(get_command(cli.app)))) > 80
    assert unknown(get_command(cli.app)) == set()
    twin = typer.Typer()
    twin.command("greet")(lambda old_mentor: None)
    twin.command("part")(lambda site: None)
    assert unknown(get_command(twin)) == {"greet: old_mentor"}


def test_a_member_of_staff_is_known_by_the_id_that_the_site_makes() -> None:
    assert described("absence set", {"person": "dana", "site": SITE}).about == (SUPERVISOR,)
