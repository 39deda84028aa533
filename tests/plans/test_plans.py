"""No statement that runs often reads or sorts a whole table, once the tables hold a million rows.

Looked at twice: with values, as the first runs are planned, and without, as a statement is planned that a connection keeps.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from deploy import topology
from deploy.local.stack import Stack
from shared import db
from shared.access import TELL
from shared.messaging import gauges
from tests.conftest import at_database
from tests.plans import statements
from tests.plans.growing import FEW, MILLION, grow
from tests.plans.statements import Statement

Grown = dict[str, asyncpg.Connection]
TOO_DEAR = 10_000  # half of what reading a million rows costs, in the planner's unit
PLANNING = 25.0  # what Postgres counts for planning anew, at most, in the same unit
SMALL = 1_000  # a table with fewer rows may be read whole
TOGETHER = 500  # keys of a large batch: more rows, each found by index
FEW_KEYS = 5
NULLABLE = re.compile(r"\$(\d+)::[\w\[\]]+ IS NULL")
ONE: dict[str, Callable[[int, int], Any]] = {  # by type, made of a key and of the parameter's place
    "bool": lambda key, n: False,
    "bytea": lambda key, n: sha256(str(key).encode()).digest(),
    "date": lambda key, n: datetime.now(UTC).date(),
    "float8": lambda key, n: 0.5,
    "interval": lambda key, n: timedelta(days=1),
    "jsonb": lambda key, n: "{}",
    "text": lambda key, n: f"text-{key}",
    "timestamp": lambda key, n: datetime.now(UTC).replace(tzinfo=None),
    "timestamptz": lambda key, n: datetime.now(UTC) + timedelta(days=n),
    "uuid": lambda key, n: UUID(md5(str(key).encode(), usedforsecurity=False).hexdigest()),
}
# Values that a parameter's type alone does not tell.
GIVEN: dict[str, dict[int, Any]] = {
    "shared.messaging.gauges.LETTERS": {1: gauges.MOST},
    "shared.messaging.gauges.OUTBOX": {1: gauges.MOST},
    "shared.messaging.gauges.PARKED": {1: gauges.MOST},
    "shared.messaging.gauges.SWEEPS": {1: gauges.MOST},
    "shared.messaging.store.OLD_INBOX": {1: 2_000, 2: 3_000},  # from this page to that one
    "services.supervision.store.OVERDUE_PREPARATIONS": {1: gauges.MOST},
    "services.supervision.store_cases.OVERDUE": {1: gauges.MOST},
    "services.trigger.store.OVERDUE": {1: gauges.MOST},
    "services.supervision.reading.ALERTS_IN_STATE": {3: "open"},
    "services.supervision.reading_feed.CHANGES": {1: "9990", 2: 0, 3: 500},
    "services.supervision.store_webhooks.INSERT": {8: "9990"},
    "services.supervision.store_webhooks.UPDATE": {8: "9990"},
    "services.supervision.reading_feed.OF_SITES": {3: "9990", 4: 0, 5: 200},
}
# Looked at as pages run them but for these: the worker's login runs them, whatever pages may do; or they are rare.
NOT_OF_PAGES = (
    "shared.messaging.gauges.", "services.assessment.store_erasing.", "services.trigger.store_copies.INSIDE",
    "services.supervision.store_accounts.OF_EMAIL",  # an account's first sign-in: lower() may leak, so no index of it
)  # fmt: skip
ALWAYS_ONE = ("services.supervision.store_cases.NEWEST_TRAINING",)  # its caller names at least one of what may be null


@pytest_asyncio.fixture(scope="module")
async def grown(stack: Stack) -> AsyncIterator[Grown]:
    """The owner's connection to each service's schema, grown; all in one database of their own."""
    owner = await asyncpg.connect(stack.postgres)
    name = f"test_plans_{uuid4().hex[:12]}"
    await owner.execute(f'CREATE DATABASE "{name}"')
    dsn = at_database(stack.postgres, name)
    await db.migrate(dsn, topology.NAMES, topology.migrations)
    connections = {schema: await _grown(dsn, schema) for schema in topology.NAMES}
    yield connections
    for conn in connections.values():
        await conn.close()
    await owner.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await owner.close()


async def _grown(dsn: str, schema: str) -> asyncpg.Connection:
    conn = await asyncpg.connect(dsn, server_settings={"search_path": schema, "max_parallel_workers_per_gather": "0"})
    await grow(conn)
    return conn


def test_every_statement_says_how_often_it_runs() -> None:
    there = {statements.constant_of(statement) for statement in statements.found()}
    told = statements.named() | set(statements.SELDOM)
    assert there - told == set(), "say in tests/plans/statements.py how often these run"
    assert told - there == set(), "tests/plans/statements.py speaks of statements that are no more"


def test_statements_are_constants_where_they_can_be_found() -> None:
    assert statements.inside_code() == []


def test_what_is_forgotten_because_it_is_old_is_forgotten_in_small_steps() -> None:
    by_age = [one for one in statements.found() if "DELETE FROM" in one.sql and "interval '" in one.sql]
    assert len(by_age) >= 5
    assert [one.name for one in by_age if "LIMIT" not in one.sql and "ctid" not in one.sql] == []


@pytest.mark.parametrize("statement", statements.hot(), ids=lambda statement: statement.name)
async def test_no_statement_that_runs_often_reads_a_whole_table(grown: Grown, statement: Statement) -> None:
    conn = grown[statement.schema if statement.schema in grown else "trigger"]
    async for how, plan in _plans(conn, statement):
        assert _faults(plan, how, TOO_DEAR) == [], f"{statement.name}, {how}:\n{_drawn(plan)}"


@pytest.mark.parametrize("schema", topology.NAMES)
async def test_row_level_security_keeps_no_page_from_an_index(grown: Grown, schema: str) -> None:
    """All that the pages' role may run at all, as it is planned for a caller of some site."""
    conn = grown[schema]
    async with as_page(conn, schema):
        found = [fault for statement in statements.hot()
                 if statement.schema in (schema, "messaging") and not statement.name.startswith(NOT_OF_PAGES)
                 for fault in await _faults_of_pages(conn, statement)]  # fmt: skip
    assert found == [], "\n".join(found)


@asynccontextmanager
async def as_page(conn: asyncpg.Connection, schema: str) -> AsyncIterator[None]:
    key = UUID(md5(b"1", usedforsecurity=False).hexdigest())
    await conn.execute(TELL, "mentor" if schema == "assessment" else "supervisor", ["text-1"], str(key), str(key))
    await conn.execute(f"SET ROLE {schema}_web")
    try:
        yield
    finally:
        await conn.execute("RESET ROLE")


async def _faults_of_pages(conn: asyncpg.Connection, statement: Statement) -> list[str]:
    try:
        plans = [(how, plan) async for how, plan in _plans(conn, statement)]
    except asyncpg.InsufficientPrivilegeError:
        return []
    return [f"{statement.name}, {how}: {fault}" for how, plan in plans for fault in _faults(plan, how, TOO_DEAR)]


async def test_a_statement_without_an_index_would_be_noticed(grown: Grown) -> None:
    statement = Statement("services.trigger.twin", "SELECT id FROM session WHERE activity = $1")
    found = [_faults(plan, how) async for how, plan in _plans(grown["trigger"], statement)]
    assert all("reads the whole of session" in faults for faults in found)


async def test_a_statement_that_sorts_everything_would_be_noticed(grown: Grown) -> None:
    statement = Statement("services.trigger.twin", "SELECT id FROM session WHERE due_at >= $1 ORDER BY starts_at LIMIT 5")
    found = [_faults(plan, how) async for how, plan in _plans(grown["trigger"], statement)]
    assert all(found)


async def _plans(conn: asyncpg.Connection, statement: Statement) -> AsyncIterator[tuple[str, Any]]:
    """How it is planned with values; and the plan that is kept, unless that is dearer, in which case it is never used."""
    prepared = await conn.prepare(statement.sql)
    types = [parameter.name for parameter in prepared.get_parameters()]
    dearest = 0.0
    for keys in (FEW_KEYS, TOGETHER):
        for values in _values(statement, types, keys):
            plan = json.loads(await conn.fetchval(f"EXPLAIN (FORMAT JSON) {statement.sql}", *values))[0]["Plan"]
            dearest = max(dearest, plan["Total Cost"])
            yield f"with {keys} keys and {values[:4]!s:.150}", plan
    kept = await _kept_plan(conn, statement, types)
    if kept["Total Cost"] <= dearest + PLANNING:
        yield "without values", kept


async def _kept_plan(conn: asyncpg.Connection, statement: Statement, types: list[str]) -> Any:
    nulls = f"({', '.join('NULL' for _ in types)})" if types else ""
    async with conn.transaction():
        await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await conn.execute(f"PREPARE kept AS {statement.sql}")
        found = await conn.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE kept{nulls}")
        await conn.execute("DEALLOCATE kept")
    return json.loads(found)[0]["Plan"]


def _values(statement: Statement, types: list[str], keys: int) -> Iterator[list[Any]]:
    """Of each parameter's type; and null, in every combination, where the statement says that it may be null."""
    given = GIVEN.get(statement.name, {})
    values = [given.get(n, _value(type_, n, keys)) for n, type_ in enumerate(types, 1)]
    nullable = sorted({int(n) - 1 for n in NULLABLE.findall(statement.sql)})
    for nulls in product((False, True), repeat=len(nullable)):
        if not (all(nulls) and nulls and statement.name in ALWAYS_ONE):
            absent = {n for n, null in zip(nullable, nulls, strict=True) if null}
            yield [None if n in absent else value for n, value in enumerate(values)]


def _value(type_: str, n: int, keys: int) -> Any:
    """One that exists, or could; a batch of them for an array."""
    if type_.endswith("[]"):
        return [_one(type_.removesuffix("[]"), key, 0) for key in range(keys)]
    return _one(type_, n, n)


def _one(type_: str, key: int, n: int) -> Any:
    if type_.startswith("int") and type_ != "interval":
        return key + 1
    assert type_ in ONE, f"say what a {type_} may be"
    return ONE[type_](key, n)


def _faults(plan: Any, how: str, too_dear: float = TOO_DEAR) -> list[str]:
    """What is wrong with a plan, in words. Of many keys each may be looked up, whatever that comes to."""
    whole = [f"reads the whole of {name}" for name in _read_whole(plan) if FEW.get(name, MILLION) > SMALL]
    many = how.startswith(f"with {TOGETHER} keys")
    return [*whole, *([f"costs {plan['Total Cost']:,.0f}"] if plan["Total Cost"] > too_dear and not many else [])]


def _drawn(plan: Any, depth: int = 0) -> str:
    on = " ".join(str(plan[key]) for key in ("Relation Name", "Index Name", "Index Cond", "Filter", "Sort Key") if key in plan)
    line = f"{'  ' * depth}{plan['Node Type']} {on} (cost {plan['Total Cost']:,.0f}, {plan['Plan Rows']:,} rows)"
    return "\n".join([line, *(_drawn(part, depth + 1) for part in plan.get("Plans", ()))])


def _read_whole(plan: Any) -> Iterator[str]:
    """Not the first few rows, whichever they are."""
    parts = plan.get("Plans", ())
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    elif plan["Node Type"] != "Limit" or parts[0]["Node Type"] != "Seq Scan" or "Filter" in parts[0]:
        for part in parts:
            yield from _read_whole(part)
