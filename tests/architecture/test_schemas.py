"""Each service's schema on a real PostgreSQL: rows about a person say whose site it is, and no role sees another's tables."""

from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from deploy import topology
from shared import db
from tests.conftest import at_database

ABOUT_A_PERSON = ["mentor_id", "supervisor_id", "person_id"]
# A receiver of alerts may be of several sites.
WITHOUT_A_SITE = """
SELECT DISTINCT c.table_schema || '.' || c.table_name AS found
FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE t.table_type = 'BASE TABLE' AND c.table_schema = ANY($1) AND c.column_name = ANY($2)
  AND c.table_name <> 'erased'  -- every caller is held to it, whatever sites theirs are
  AND NOT EXISTS (SELECT 1 FROM information_schema.columns s WHERE s.table_schema = c.table_schema
                  AND s.table_name = c.table_name AND s.column_name IN ('site_id', 'sites') AND s.is_nullable = 'NO')
ORDER BY found
"""
TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY($1) ORDER BY 1, 2"
OWNED = "SELECT count(*) FROM pg_tables WHERE tableowner = ANY($1)"
BOUNDLESS = "SELECT count(*) FROM pg_roles WHERE rolname = ANY($1) AND (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole)"


@pytest_asyncio.fixture(scope="module")
async def network(stack):
    """One database with every service's schema, as in production; answers its address for the owner. Tests leave it as it is."""
    name = f"test_network_{uuid4().hex[:12]}"
    async with connected(stack.postgres) as admin:
        await admin.execute(f'CREATE DATABASE "{name}"')
        owner = at_database(stack.postgres, name)
        await db.migrate(owner, topology.NAMES, topology.migrations)
        yield owner
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@asynccontextmanager
async def undone(dsn):
    """A connection whose every change is taken back."""
    async with connected(dsn) as conn:
        changes = conn.transaction()
        await changes.start()
        try:
            yield conn
        finally:
            await changes.rollback()


@asynccontextmanager
async def connected(dsn):
    conn = await asyncpg.connect(dsn, timeout=10)
    try:
        yield conn
    finally:
        await conn.close()


async def test_every_table_about_a_person_says_whose_site_it_is(network):
    async with connected(network) as owner:
        found = await owner.fetch(WITHOUT_A_SITE, list(topology.NAMES), ABOUT_A_PERSON)
        assert [row["found"] for row in found] == []


@pytest.mark.parametrize("columns", ["mentor_id uuid", "person_id uuid, site_id text", "supervisor_id uuid, site text NOT NULL"])
async def test_a_table_that_does_not_is_seen(network, columns):
    async with undone(network) as owner:
        await owner.execute(f"CREATE TABLE trigger.twin ({columns})")
        found = await owner.fetch(WITHOUT_A_SITE, list(topology.NAMES), ABOUT_A_PERSON)
        assert [row["found"] for row in found] == ["trigger.twin"]


@pytest.mark.parametrize("service", topology.NAMES)
async def test_a_role_reaches_the_tables_of_its_own_service_and_no_others(network, service):
    async with connected(network) as owner:
        tables = [tuple(row) for row in await owner.fetch(TABLES, list(topology.NAMES))]
    async with connected(as_role(service, network)) as role:
        reached = [table for table in tables if await can_read(role, *table)]
    assert reached == [table for table in tables if table[0] == service]
    assert {schema for schema, _ in tables} == set(topology.NAMES)


def as_role(service, network, login=""):
    return at_database(db.service_dsn(service, login), network.rpartition("/")[2])


async def can_read(role, schema, table):
    try:
        await role.execute(f'TABLE "{schema}"."{table}"')
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True


@pytest.mark.parametrize("login", ["", db.WEB], ids=["worker", "pages"])
@pytest.mark.parametrize("service", topology.NAMES)
@pytest.mark.parametrize("statement", [
    "INSERT INTO {other}.inbox (id, sha) VALUES (gen_random_uuid(), '')", "DELETE FROM {other}.outbox",
    "CREATE TABLE {other}.mine (id int)", "CREATE TABLE {own}.mine (id int)", "DROP TABLE {own}.inbox",
    "UPDATE {own}.migration SET sha256 = ''", "CREATE TABLE public.mine (id int)", "CREATE SCHEMA mine",
    "ALTER TABLE {own}.inbox ADD COLUMN more int", "SET ROLE {other}",
])
async def test_a_role_changes_neither_another_schema_nor_the_shape_of_its_own(network, service, statement, login):
    other = next(name for name in topology.NAMES if name != service)
    async with undone(as_role(service, network, login)) as role:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await role.execute(statement.format(own=service, other=other))


async def test_a_role_that_was_granted_too_much_is_seen(network):
    async with undone(network) as owner:
        await owner.execute("GRANT USAGE ON SCHEMA supervision TO content")
        await owner.execute("GRANT SELECT ON supervision.person TO content")
        await owner.execute("SET LOCAL ROLE content")
        assert await can_read(owner, "supervision", "person")


async def test_no_role_of_a_service_owns_a_table_or_may_make_databases_and_roles(network):
    async with connected(network) as owner:
        roles = [name + login for name in topology.NAMES for login in ("", db.WEB)]
        assert await owner.fetchval(OWNED, roles) == 0
        assert await owner.fetchval(BOUNDLESS, roles) == 0
