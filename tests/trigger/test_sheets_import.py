"""A file of sessions imported again and again, on a real Postgres: what is told, what is not, and what a killed run leaves."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from typer.testing import Result

from shared.contracts import ids
from shared.contracts.supervision import MentorEnrolled
from shared.running import Running
from tests.conftest import at_database
from tests.driving import deliver, outgoing
from tests.trigger.building import CHICAGO
from tests.trigger.sheets import HEADERS
from tests.trigger.typed import invoke, jitt

DAY = datetime.now(UTC).date() + timedelta(days=20)
WAITS_FOR_A_LOCK = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
MANY = 10_000  # rows: a second or more of work, to be killed in


@pytest_asyncio.fixture
async def running(eastfield: Running) -> Running:
    await deliver(eastfield, enrolled("lee"))
    return eastfield


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sessions.csv"


def enrolled(ref: str) -> MentorEnrolled:
    mentor = ids.mentor("eastfield", ref)
    return MentorEnrolled(mentor_id=mentor, site_id="eastfield", supervisor_id=None, time_zone=CHICAGO, revision=1)


def saved(file: Path, *rows: str, headers: str = HEADERS) -> Path:
    file.write_text("\n".join((headers, *rows, "")))
    return file


def row(n: int, at: str = "16:00", mentor: str = "dana", activity: str = "check_in") -> str:
    return f"b-{n},{mentor},{DAY + timedelta(days=n % 50)},{at},45,{activity}"


async def imported(file: Path, *words: str, site: str = "eastfield") -> Result:
    return await jitt("import", "sessions", str(file), "--site", site, *words)


def last_line(result: Result) -> str:
    return result.stdout.splitlines()[-1]


async def sessions(running: Running) -> list[tuple[object, ...]]:
    rows = await running.pool.fetch("SELECT id, status, mentor_id, activity, revision FROM session ORDER BY id")
    return [tuple(row) for row in rows]


async def test_a_file_imported_twice_makes_its_sessions_once(running: Running, file: Path) -> None:
    saved(file, *(row(n) for n in range(1_200)))
    assert last_line(await imported(file)) == "1,200 sessions planned, 0 unchanged."
    first, told = await sessions(running), len(await outgoing(running))
    again = await imported(file)
    assert (again.exit_code, last_line(again)) == (0, "0 sessions planned, 1,200 unchanged.")
    assert (await sessions(running), len(await outgoing(running))) == (first, told)
    assert {row[0] for row in first} == {ids.session("eastfield", f"b-{n}") for n in range(1_200)}


async def test_what_moved_changed_or_was_cancelled_is_told_and_nothing_else(running: Running, file: Path) -> None:
    headers = HEADERS + ",status"
    await imported(saved(file, *(row(n) + "," for n in range(5)), headers=headers))
    now = (row(0), row(1, "17:00"), row(2, activity="first_meeting"), row(3), row(4, mentor="lee"))
    done = await imported(saved(file, *(f"{one},{'cancelled' if one == row(3) else ''}" for one in now), headers=headers))
    assert last_line(done) == "0 sessions planned, 1 moved, 2 changed, 1 canceled, 1 unchanged."
    found = {one[0]: one[1:] for one in await sessions(running)}
    dana, lee = ids.mentor("eastfield", "dana"), ids.mentor("eastfield", "lee")
    assert [found[ids.session("eastfield", f"b-{n}")] for n in range(5)] == [
        ("planned", dana, "check_in", 1),
        ("planned", dana, "check_in", 2),
        ("planned", dana, "first_meeting", 2),
        ("cancelled", dana, "check_in", 1),
        ("planned", lee, "check_in", 2),
    ]
    kept = await running.pool.fetch("SELECT mentor_id FROM imported WHERE session_ref = 'b-4'")
    assert [tuple(one) for one in kept] == [(lee,)]  # so that it goes when lee is erased


async def test_a_dry_run_says_what_would_happen_and_does_nothing(running: Running, file: Path) -> None:
    done = await imported(saved(file, row(1), row(2, "25:00")), "--dry-run")
    assert (done.exit_code, last_line(done)) == (0, "An import would say: 1 session planned, 0 unchanged.")
    assert "Line 3, time: there is no such time of day" in done.stdout
    assert await sessions(running) == []


async def test_one_wrong_row_holds_all_back_until_the_rest_is_asked_for(running: Running, file: Path) -> None:
    saved(file, row(1), row(2, "25:00"), row(1), row(3))
    refused = await imported(file)
    assert (refused.exit_code, await sessions(running)) == (1, [])
    assert "4 rows: 2 can be imported, 2 cannot." in refused.stdout
    assert "Nothing was imported. Mend what is wrong, or add --partial" in refused.stderr
    rest = await imported(file, "--partial")
    assert (rest.exit_code, last_line(rest)) == (0, "2 sessions planned, 0 unchanged.")
    assert len(await sessions(running)) == 2


async def test_what_only_earlier_files_had_is_kept_and_counted_unless_the_file_is_complete(running: Running, file: Path) -> None:
    await imported(saved(file, *(row(n) for n in range(10))))
    kept = await imported(saved(file, *(row(n) for n in range(9))))
    assert "1 session to come from earlier files is not in this one and is kept." in kept.stdout
    assert last_line(kept) == "0 sessions planned, 9 unchanged."
    gone = await imported(file, "--complete")
    assert (gone.exit_code, last_line(gone)) == (0, "0 sessions planned, 1 canceled, 9 unchanged.")
    assert [one[0] for one in await sessions(running) if one[1] == "cancelled"] == [ids.session("eastfield", "b-9")]
    back = await imported(saved(file, *(row(n) for n in range(10))), "--complete")
    assert last_line(back) == "1 session planned, 9 unchanged."


async def test_when_more_than_a_fifth_would_vanish_somebody_is_asked_for_the_number(running: Running, file: Path) -> None:
    await imported(saved(file, *(row(n) for n in range(10))))
    saved(file, *(row(n) for n in range(7)), row(99))
    before = await sessions(running)
    for words in ((), ("--yes-cancel", "2")):
        stopped = await imported(file, "--complete", *words)
        assert stopped.exit_code == 1
        assert "would cancel 3 of the 10 sessions to come" in stopped.stderr
        assert "add --yes-cancel 3." in stopped.stderr
        assert await sessions(running) == before
    done = await imported(file, "--complete", "--yes-cancel", "3")
    assert (done.exit_code, last_line(done)) == (0, "1 session planned, 3 canceled, 7 unchanged.")


async def test_a_source_cancels_only_what_it_said_itself_and_never_what_has_been(running: Running, file: Path) -> None:
    await imported(saved(file, row(1), row(2)), "--source", "north")
    await imported(saved(file, *(row(n) for n in range(3, 10)), f"past,dana,{DAY - timedelta(days=90)},16:00,45,check_in"))
    done = await imported(saved(file, *(row(n) for n in range(3, 9))), "--complete")
    assert last_line(done) == "0 sessions planned, 1 canceled, 6 unchanged."
    assert sum(one[1] == "cancelled" for one in await sessions(running)) == 1


async def test_mentors_whom_nobody_knows_are_pointed_out_and_their_sessions_wait(running: Running, file: Path) -> None:
    done = await imported(saved(file, row(1), row(2, mentor="dnaa"), row(3, mentor="dnaa")))
    assert done.exit_code == 0
    assert 'Line 3, mentor: nobody of this reference is known yet ("dnaa").' in done.stdout
    assert sorted(str(one[1]) for one in await sessions(running)) == ["planned", "waiting", "waiting"]


async def test_programs_get_the_same_in_json(running: Running, file: Path) -> None:
    done = await imported(saved(file, row(1), row(2, "25:00")), "--json", "--partial")
    answer = json.loads(done.stdout)
    assert (answer["imported"], answer["rows"], answer["wrong_rows"], answer["planned"]) == (True, 2, 1, 1)
    assert answer["read"] == "UTF-8, separated by commas, 6 columns, headers on line 1"
    assert [(one["column"], one["rows"], one["first"][0]["line"]) for one in answer["errors"]] == [("time", 1, 3)]


async def test_neither_values_nor_references_are_kept_where_they_are_not_needed(running: Running, file: Path) -> None:
    await imported(saved(file, row(1), row(2, "half past four")), "--partial")
    tables = await running.pool.fetch("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'trigger'")
    for table in tables:
        rows = str([tuple(one) for one in await running.pool.fetch(f'SELECT t::text FROM "{table["name"]}" t')])
        assert "half past" not in rows, table["name"]
        assert "b-1" not in rows or table["name"] == "imported", table["name"]
        assert "dana" not in rows, table["name"]


async def test_a_run_that_was_killed_half_way_is_finished_by_the_next_and_nothing_is_lost_or_doubled(
    running: Running, file: Path
) -> None:
    saved(file, *(row(n) for n in range(MANY)))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.cli", "import", "sessions", str(file), "--site", "eastfield",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(120):
            while not await running.pool.fetchval("SELECT count(*) FROM imported"):
                assert process.returncode is None, "it ended before it could be killed"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    half = await running.pool.fetchval("SELECT count(*) FROM imported")
    assert 0 < half < MANY, "it was not killed in the middle"
    rest = await imported(file)
    assert (rest.exit_code, last_line(rest)) == (0, f"{MANY - half:,} sessions planned, {half:,} unchanged.")
    assert {one[0] for one in await sessions(running)} == {ids.session("eastfield", f"b-{n}") for n in range(MANY)}
    assert await running.pool.fetchval("SELECT count(*) FROM session WHERE revision = 1") == MANY
    told = [event.session_id for event in await outgoing(running) if event.TYPE == "trigger.session_planned.v1"]
    assert (len(told), len(set(told))) == (MANY, MANY)


async def test_a_run_that_was_killed_before_it_wrote_down_what_it_told_does_no_harm(running: Running, file: Path) -> None:
    await imported(saved(file, *(row(n) for n in range(700))))
    first, told = await sessions(running), len(await outgoing(running))
    await running.pool.execute("DELETE FROM imported WHERE revision = 1")
    assert last_line(await imported(file)) == "700 sessions planned, 0 unchanged."
    assert (await sessions(running), len(await outgoing(running))) == (first, told)
    assert last_line(await imported(file)) == "0 sessions planned, 700 unchanged."


async def test_a_file_that_is_saved_while_it_is_imported_stops_that_and_the_next_run_takes_what_is_new(
    running: Running, file: Path
) -> None:
    """The import stands at a locked table with chunks still to read."""
    saved(file, *(row(n) for n in range(5_000)))
    async with running.connection() as conn:
        async with conn.transaction():
            await conn.execute("LOCK TABLE imported IN EXCLUSIVE MODE")
            importing = asyncio.create_task(imported(file))
            async with asyncio.timeout(60):
                while not await running.pool.fetchval(WAITS_FOR_A_LOCK):
                    assert not importing.done(), importing.result().output
            saved(file, *(row(n, "17:00") for n in range(5_000)))
        stopped = await importing
    assert (stopped.exit_code, "sessions.csv was changed while it was read" in stopped.stderr) == (1, True)
    assert (await imported(file)).exit_code == 0
    fives = "SELECT count(*) FROM session WHERE wall::time = '17:00'"
    assert await running.pool.fetchval(fives) == await running.pool.fetchval("SELECT count(*) FROM session") == 5_000


async def test_what_could_not_be_told_is_not_written_down_as_told(running: Running, file: Path) -> None:
    saved(file, *(row(n) for n in range(700)))
    name = await running.pool.fetchval("SELECT current_database()")
    owner = await asyncpg.connect(at_database(os.environ["JITT_POSTGRES"], name))
    await owner.execute("ALTER TABLE trigger.session RENAME TO away")
    failed = await imported(file)
    await owner.execute("ALTER TABLE trigger.away RENAME TO session")
    await owner.close()
    assert (failed.exit_code, "Run `jitt migrate`" in failed.stderr) == (1, True)
    assert await running.pool.fetchval("SELECT count(*) FROM imported") == 0
    assert last_line(await imported(file)) == "700 sessions planned, 0 unchanged."


async def test_a_site_that_nobody_knows_is_refused(running: Running, file: Path) -> None:
    done = await imported(saved(file, row(1)), site="westfield")
    assert (done.exit_code, "Nothing is known of the site “westfield” yet" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ((), "Say whose sessions these are"),
        (("--site", "eastfield", "--partial", "--complete"), "leave out --partial"),
        (("--site", "eastfield", "--zone", "America/Chicago"), "--zone is for a dry run"),
        (("--dry-run", "--zone", "Nowhere"), "is no time zone"),
        (("--dry-run", "--zone", "America/Chicago", "--dates", "md"), "--dates is mdy"),
        (("--dry-run", "--zone", "America/Chicago", "--encoding", "utf-9"), "There is no encoding “utf-9”"),
        (("--dry-run", "--zone", "America/Chicago", "--activity", "chek_in"), "Did you mean check_in?"),
        (("--dry-run", "--zone", "America/Chicago", "--source", "North Office"), "small letters, digits and hyphens"),
        (("--dry-run", "--zone", "America/Chicago", "--minutes", "3"), "at least 5 minutes"),
    ],
)
def test_wrong_words_get_one_sentence_and_exit_code_2(file: Path, words: tuple[str, ...], what: str) -> None:
    done = invoke("import", "sessions", str(saved(file, row(1))), *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert what in done.stderr


def test_a_look_needs_no_network_and_a_file_without_headers_is_never_tried(file: Path) -> None:
    look = invoke("import", "sessions", str(saved(file, row(1))), "--dry-run", "--zone", "America/Chicago")
    assert (look.exit_code, last_line(look)) == (0, "1 row, and every one can be imported.")
    saved(file, row(1), headers="a,b,c,d,e,f")
    unknown = invoke("import", "sessions", str(file), "--dry-run", "--zone", "America/Chicago")
    assert (unknown.exit_code, "No row of headers was found" in unknown.stderr) == (2, True)


def test_the_columns_are_printed_for_a_file_to_start_from(file: Path) -> None:
    saved(file, row(1), headers="Nr.,mentor,date,time,minutes,Was")
    printed = invoke("import", "sessions", str(file), "--print-columns")
    assert (printed.exit_code, 'mentor = "mentor"' in printed.stdout) == (0, True)
    assert '# Not recognized: "Nr.", "Was"' in printed.stdout
