"""Every table of every schema, tried as a page's role: a caller has the rows of its own sites, and cannot write any other's."""

import asyncpg
import pytest

from deploy import topology
from shared import db, row_security
from shared.access import NOBODY, Scope
from shared.row_security import Table
from tests.access.conftest import ROWS
from tests.conftest import at_database

ELSEWHERE = "another site"
CHANGE = "UPDATE {0} SET site_id = site_id WHERE site_id <> $1"
DELETE = "DELETE FROM {0} WHERE site_id <> $1"
MOVE = "UPDATE {0} SET site_id = $2 WHERE site_id = $1"
COPY = """
INSERT INTO {0} OVERRIDING SYSTEM VALUE
SELECT (jsonb_populate_record(NULL::{0}, to_jsonb(r) || jsonb_build_object('site_id', $2::text))).* FROM {0} r
WHERE site_id = $1 LIMIT 1
"""


def rules_of(service):
    return row_security.read_rules(db.MESSAGING, topology.migrations(service))


async def tables_of(owner, service) -> list[Table]:
    await owner.execute(f"SET search_path = {service}")
    return await row_security.list_tables(owner)


async def a_site(owner, table):
    """The one with the most rows; none where all belong to nobody's, which only the door may open."""
    found = await owner.fetch(f"SELECT site_id, count(*) AS rows FROM {table} WHERE site_id <> '' GROUP BY 1 ORDER BY 2 DESC, 1")
    return (found[0]["site_id"], found[0]["rows"]) if found else (None, 0)


async def leaks(owner, page, service, table, rules):
    """What a caller of one site can do with the rows of others, in words."""
    site, rows = await a_site(owner, table.name)
    if site is None:
        return [] if table.name in rules.opens else [f"{table.name}: its rows are of no site"]
    may, found = row_security.privileges(table, rules), []
    async with page(service, Scope("supervisor", frozenset({site}))) as conn:
        if "SELECT" in may and rules.shows.get(table.name) != "true":
            visible = await conn.fetchval(f"SELECT count(*) FROM {table.name}")
            found += [f"{table.name}: sees {visible} rows instead of {rows}"] if visible != rows else []
        for statement, what in ((CHANGE, "UPDATE"), (DELETE, "DELETE")):
            if what in may:
                done = await conn.execute(statement.format(table.name), site)
                found += [f"{table.name}: {done}"] if done != f"{what} 0" else []
        for statement, what in ((COPY, "INSERT"), (MOVE, "UPDATE")):
            if what in may:
                found += [f"{table.name}: {what} of {ELSEWHERE}"] if await succeeds(conn, statement, table.name, site) else []
    return found


async def succeeds(conn, statement, table, site):
    attempt = conn.transaction()
    await attempt.start()
    try:
        await conn.execute(statement.format(table), site, ELSEWHERE)
    except asyncpg.UniqueViolationError:
        return True
    except asyncpg.InsufficientPrivilegeError:
        return False
    finally:
        await attempt.rollback()
    return True


@pytest.mark.parametrize("service", topology.NAMES)
async def test_every_table_is_of_a_site_or_says_what_pages_may_do_with_it(owner, service):
    tables, rules = await tables_of(owner, service), rules_of(service)
    silent = [table.name for table in tables if not table.of_site and table.name not in rules.may]
    assert silent == [], f"say in services/{service}/migrations/web.toml what pages may do with these: nothing at all is \"\""
    named = {*rules.may, *rules.shows, *rules.opens}
    assert named - {table.name for table in tables} == set(), "web.toml speaks of tables that are no more"


@pytest.mark.parametrize("service", topology.NAMES)
async def test_a_caller_of_one_site_has_no_row_of_another(owner, page, service):
    rules = rules_of(service)
    tables = [table for table in await tables_of(owner, service) if table.of_site]
    assert all(table.forced for table in tables)
    assert [leak for table in tables for leak in await leaks(owner, page, service, table, rules)] == []


@pytest.mark.parametrize("service", topology.NAMES)
async def test_until_somebody_is_known_there_is_no_row_of_a_site_but_those_that_tell_who_it_is(owner, page, service):
    rules = rules_of(service)
    shown = {*rules.opens, *(name for name, rows in rules.shows.items() if "{role} = ''" in rows or rows == "true")}
    async with page(service, NOBODY) as conn:
        seen = {table.name for table in await tables_of(owner, service)
                if table.of_site and "SELECT" in row_security.privileges(table, rules)
                and await conn.fetchval(f"SELECT count(*) FROM {table.name}")}  # fmt: skip
    assert seen <= shown
    assert service != "supervision" or {"person", "console_session"} <= seen


async def test_a_mentor_has_their_own_rows(owner, page):
    tables, rules = await tables_of(owner, "assessment"), rules_of("assessment")
    mentor = await owner.fetchval("SELECT mentor_id FROM training")
    async with page("assessment", Scope("mentor", mentor=mentor)) as conn:
        for table in tables:
            if table.of_mentor and "SELECT" in row_security.privileges(table, rules):
                own = await owner.fetchval(f"SELECT count(*) FROM {table.name} WHERE mentor_id = $1", mentor)
                assert await conn.fetchval(f"SELECT count(*) FROM {table.name}") == own, table.name
        assert 0 < await conn.fetchval("SELECT count(*) FROM training") < ROWS


async def test_a_policy_that_is_gone_is_noticed(owner, page):
    rules = rules_of("supervision")
    table = next(one for one in await tables_of(owner, "supervision") if one.name == "contact")
    await owner.execute("ALTER POLICY pages ON contact USING (true)")
    try:
        found = await leaks(owner, page, "supervision", table, rules)
    finally:
        await owner.execute(f"ALTER POLICY pages ON contact USING ({row_security.policies(table, rules)['pages']})")
    assert len(found) == 5
    assert await leaks(owner, page, "supervision", table, rules) == []


async def test_migrating_again_leaves_the_policies_alone(owner, network):
    before = await owner.fetch("SELECT oid FROM pg_policy ORDER BY oid")
    assert len(before) > 60
    await db.migrate(network, topology.NAMES, topology.migrations)
    assert await owner.fetch("SELECT oid FROM pg_policy ORDER BY oid") == before


async def test_a_table_of_a_newer_version_is_guarded_by_itself(owner, network, page):
    await owner.execute("CREATE TABLE trigger.twin (site_id text NOT NULL, said text)")
    try:
        await owner.execute("INSERT INTO trigger.twin VALUES ('east', 'a'), ('west', 'b')")
        await db.migrate(network, ["trigger"], topology.migrations)
        async with page("trigger", Scope("publisher/sis", frozenset({"east"}))) as conn:
            assert [row["said"] for row in await conn.fetch("SELECT said FROM twin")] == ["a"]
    finally:
        await owner.execute("DROP TABLE trigger.twin")


async def test_a_site_whose_name_is_odd_is_one_site(page):
    odd = frozenset({'{east,west}', 'a"b\\c', "NULL", "east,west", ""})
    async with page("trigger", Scope("publisher/sis", odd)) as conn:
        told = await conn.fetchval("SELECT current_setting('jitt.sites')::text[]")
    assert frozenset(told) == odd


@pytest.mark.parametrize("statement", [
    "SET row_security = off; SELECT * FROM mentor_case", "ALTER TABLE mentor_case DISABLE ROW LEVEL SECURITY",
    "SET ROLE supervision", "DROP POLICY pages ON mentor_case", "CREATE TABLE mine (a int)", "TRUNCATE mentor_case",
    "SELECT * FROM trigger.session", "SELECT * FROM outbox", "SELECT * FROM webhook",
])  # fmt: skip
async def test_pages_cannot_free_themselves(page, statement):
    async with page("supervision", Scope("supervisor", frozenset({"text-1"}))) as conn:
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.PostgresError)) as refused:
            await conn.execute(statement)
        assert refused.value.sqlstate in ("42501", "0A000") or "permission denied" in str(refused.value)


async def test_a_worker_and_a_process_of_an_older_version_have_all_rows(owner, network):
    dsn = at_database(db.service_dsn("supervision"), network.rpartition("/")[2])
    conn = await asyncpg.connect(dsn, timeout=10)
    try:
        assert await conn.fetchval("SELECT count(*) FROM supervision.mentor_case") == ROWS
        assert await conn.execute("UPDATE mentor_case SET status = status") == f"UPDATE {ROWS}"
    finally:
        await conn.close()
