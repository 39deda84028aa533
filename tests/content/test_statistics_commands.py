"""`jitt content stats` as authors type it: what it prints, and what it keeps to itself."""

import json

import pytest_asyncio

from deploy.local import stack as local
from services.content import publishing
from services.content.app import SERVICE
from tests.conftest import at_database
from tests.content.answering import MODULE, a_report, a_try, an_end
from tests.content.building import a_module
from tests.content.test_commands import jitt
from tests.driving import deliver


@pytest_asyncio.fixture
async def network(stack: local.Stack, database):
    """A command's environment, where thirty mentors have missed q1 and nine have answered q2."""
    running = await database(SERVICE)
    await publishing.publish(running, [a_module()], "run 1")
    await deliver(
        running,
        *(a_try(chosen=("a",), correct=False, seconds=30) for _ in range(30)),
        *(a_try(attempt=2, correct=n < 6) for n in range(12)),
        *(an_end(False, n % 2 == 0, n % 3 == 0) for n in range(30)),
        *(a_report("wrong") for _ in range(3)),
        *(a_try("q2") for _ in range(9)),
    )
    async with running.connection() as conn:
        name = await conn.fetchval("SELECT current_database()")
    return {"JITT_POSTGRES": at_database(stack.postgres, name)}


async def test_the_table_has_a_line_for_each_question_with_figures_and_says_what_to_do(network):
    answer = await jitt("stats", **network)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].split() == ["question", "version", "answers", "right", "again", "fit", "seconds", "reports"]
    assert lines[1].split() == [MODULE, "q1", "en", "1", "30", "0%", "50%", "-", "30", "3"]
    assert answer.out.count(f"{MODULE} q1 (en, version 1): A bad day, number 1") == 1
    assert "  Most miss it: 100% of the first tries.\n  Is the right answer really right" in answer.out
    assert "Mentors say that something is off: wrong (3)." in answer.out
    assert f"{MODULE} q2" not in answer.out
    assert "2 more questions have fewer than 10 answers." in answer.out


async def test_a_narrow_terminal_cuts_no_name(network):
    narrow = await jitt("stats", COLUMNS="60", **network)
    assert f"{MODULE} q1  en 1" in narrow.out and "…" not in narrow.out.partition("\n\n")[0]


async def test_programs_get_figures_only_where_ten_stand_behind_them(network):
    found = {each["item_id"]: each["figures"] for each in json.loads((await jitt("stats", MODULE, "--json", **network)).out)}
    assert found["q2"] is None and found["q3"] is None
    assert (found["q1"]["answered"], found["q1"]["right"], found["q1"]["recovered"]) == (30, 0, 50)
    assert found["q1"]["flags"][0] == {"code": "reported", "options": []}
    assert found["q4"]["answered"] == 30


async def test_flagged_leaves_out_what_does_well(network):
    found = json.loads((await jitt("stats", "--flagged", "--json", **network)).out)
    assert [each["item_id"] for each in found] == ["q1"]
    assert (await jitt("stats", "--flagged", "--locale", "es", **network)).code == 1


async def test_a_version_needs_its_module_and_language(network):
    short = await jitt("stats", "--version", "1", **network)
    assert (short.code, "Name both" in short.err) == (2, True)
    assert MODULE in (await jitt("stats", MODULE, "--locale", "en", "--version", "1", **network)).out
    none = await jitt("stats", MODULE, "--locale", "en", "--version", "2", **network)
    assert (none.code, f"There is no module {MODULE} in en, version 2." in none.err) == (1, True)


async def test_without_answers_it_says_when_figures_appear(stack, database):
    running = await database(SERVICE)
    await publishing.publish(running, [a_module()], "run 1")
    async with running.connection() as conn:
        name = await conn.fetchval("SELECT current_database()")
    answer = await jitt("stats", JITT_POSTGRES=at_database(stack.postgres, name))
    assert (answer.code, answer.out) == (0, "No question has 10 answers yet.\n")
