"""The leak matrix, for as many requests as a minute allows; `python -m tests.access` asks at length. And its broken twins."""

import asyncpg

from services.supervision import reading
from tests.access.matrix import Matrix, report
from tests.conftest import at_database

REQUESTS = 20_000
SEED = 40


async def opened(matrix: Matrix, table: str, rows: str) -> None:
    """Shows the pages' role of supervision these rows of a table as well."""
    name = await matrix.town.running["supervision"].pool.fetchval("SELECT current_database()")
    conn = await asyncpg.connect(at_database(matrix.postgres, name), server_settings={"search_path": "supervision"})
    try:
        await conn.execute(f"CREATE POLICY twin ON {table} FOR SELECT TO supervision_web USING ({rows})")
    finally:
        await conn.close()


async def closed(matrix: Matrix, table: str) -> None:
    name = await matrix.town.running["supervision"].pool.fetchval("SELECT current_database()")
    conn = await asyncpg.connect(at_database(matrix.postgres, name), server_settings={"search_path": "supervision"})
    try:
        await conn.execute(f"DROP POLICY twin ON {table}")
    finally:
        await conn.close()


def everybodys(statement: str) -> str:
    """Without the caller's site and caseload."""
    assert "c.site_id = $1" in statement
    found = statement.replace("c.site_id = $1", "$1::text IS NOT NULL")
    assert "$2::uuid IS NULL OR" in found
    return found.replace("$2::uuid IS NULL OR", "$2::uuid IS NULL OR true OR")


async def test_nobody_sees_or_changes_what_is_anothers(matrix: Matrix):
    found = await matrix.run(REQUESTS, SEED)
    assert (found.leaks, found.faults) == ([], []), report(matrix, found)
    assert found.answered[200] > REQUESTS // 20
    assert {caller for caller, _ in found.asked} == {caller.name for caller in matrix.callers}


async def test_every_service_table_and_caller_takes_part(matrix: Matrix):
    assert {door.service for door in matrix.doors} == set(matrix.town.running)
    assert len(matrix.doors) > 100
    about = {(whose.site, bool(whose.mentor)) for whose in matrix.canaries.owners.values()}
    assert about == {(site, mentor) for site in ("north", "south") for mentor in (False, True)}


async def test_a_page_that_forgets_whose_mentors_it_shows_is_held_by_the_database_between_sites(matrix, monkeypatch):
    """Between caseloads of one site it is the page itself that looks, and the matrix that notices."""
    monkeypatch.setattr(reading, "MENTORS", everybodys(reading.MENTORS))
    found = await matrix.run(60, SEED, only="/mentors")
    assert found.leaks != []
    assert [leak for leak in found.leaks if leak.split()[2].rstrip(":") not in leak.partition("Whose(")[2]] == []


async def test_a_policy_that_shows_too_much_is_noticed_once_a_page_forgets_too(matrix, monkeypatch):
    monkeypatch.setattr(reading, "MENTORS", everybodys(reading.MENTORS))
    for table in ("mentor_case", "person"):
        await opened(matrix, table, "true")
    try:
        found = await matrix.run(60, SEED, only="/mentors")
    finally:
        for table in ("mentor_case", "person"):
            await closed(matrix, table)
    across = [leak for leak in found.leaks if leak.split()[2].rstrip(":") not in leak.partition("Whose(")[2]]
    assert across != []


async def test_a_write_that_lands_elsewhere_is_noticed(matrix, monkeypatch):
    pool = matrix.town.running["supervision"].pool
    late = "UPDATE contact SET at = at + interval '1 s' WHERE site_id = 'south'"
    monkeypatch.setattr(Matrix, "_one", lambda *_: pool.execute(late))
    found = await matrix.run(4, SEED)
    assert "rows of south changed while north asked: supervision.contact" in found.leaks
