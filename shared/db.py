"""Postgres: connections that cannot hang, which errors are passing, and migrations (plain SQL, locked, checksummed)."""

import asyncio
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from os import environ
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
from asyncpg import Connection, Pool

from shared import row_security
from shared.settings import settings
from shared.statements import named, run

__all__ = ["named"]  # used from here by whoever has a connection from here
SECONDS = 8
WEB = "_web"  # what the name of a service's role for its pages ends in
TRANSIENT_STATES = ("08", "53", "57P", "40001", "40P01", "25006", "0A000")
TIMEOUT_STATES = ("57014", "55P03")
DATA_STATES = ("22", "23")
TOO_LONG = (asyncpg.TransactionTimeoutError, asyncpg.IdleInTransactionSessionTimeoutError)  # why the server ended a connection
# InternalClientError: the server ended the connection while it was idle, and the next statement finds it in two states at once
LOST = (OSError, TimeoutError, asyncio.IncompleteReadError, asyncpg.InterfaceError, asyncpg.InternalClientError)
MESSAGING = Path(__file__).parent / "messaging" / "migrations"
MIGRATION_LOCK = 4_711_2026
ROLE_LIMITS = {"lock_timeout": "3s", "statement_timeout": "8s", "transaction_timeout": "20s",
               "idle_in_transaction_session_timeout": "20s",
               "tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3",  # a host that is gone
               "tcp_user_timeout": "25s"}
GRANTS = (  # a service's role reaches its own schema only, and does not own it
    "GRANT USAGE ON SCHEMA %1$I TO %1$I",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %1$I TO %1$I",
    "REVOKE INSERT, UPDATE, DELETE ON %1$I.migration FROM %1$I",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %1$I TO %1$I",
    "GRANT USAGE ON SCHEMA %1$I TO %2$I",
)
APPEND_ONLY = """
SELECT relname FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND obj_description(oid, 'pg_class') = 'append only'
"""


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration run did to one schema."""

    schema: str
    applied: tuple[str, ...]


class ChangedMigration(Exception):
    """A migration file that was applied has other content now. Restore it, and put the change into a new file."""


def service_dsn(service: str, login: str = "") -> str:
    """JITT_TRIGGER_POSTGRES and so on where set; else the owner's address with the service's own role and password.

    With `login` WEB, that of its pages: JITT_TRIGGER_WEB_POSTGRES, else the same address with the web role.
    """
    role = service + login
    if own := environ.get(f"JITT_{role.upper()}_POSTGRES"):
        return own
    parts = urlsplit(environ.get(f"JITT_{service.upper()}_POSTGRES") or settings().postgres)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(role_password(role))}@{host}"))


def role_password(role: str) -> str:
    return hmac.new(settings().db_key.get_secret_value().encode(), role.encode(), sha256).hexdigest()[:32]


async def connect(dsn: str, application: str, **options: str) -> Connection:
    """`options` are settings of Postgres for this session. A server that does not answer is no timeout of anybody's work."""
    named = {"application_name": application} | options
    try:
        return await asyncpg.connect(dsn, timeout=5, command_timeout=SECONDS, server_settings=named)
    except TimeoutError as error:
        raise ConnectionError("Postgres does not answer") from error


async def open_pool(dsn: str, application: str, size: int = 8, *, least: int = 1, **how: Any) -> Pool:
    """With `least` 0 nothing is connected before it is needed, so that Postgres may be away; else raises when it is."""
    return await asyncpg.create_pool(dsn, min_size=least, max_size=size, timeout=5, command_timeout=SECONDS, reset=_as_it_was,
                                     server_settings={"application_name": application}, **how)


async def _as_it_was(conn: Connection) -> None:
    """Between two users of a connection: asyncpg ends an open transaction, and of ours only the scope of pages outlives
    one, which their pool compares with the next user's. To have Postgres reset the session would be a round trip for each use."""


async def close_pool(pool: Pool) -> None:
    """A frozen server would keep `close` waiting for ever."""
    try:
        await asyncio.wait_for(pool.close(), 5)
    except TimeoutError:
        pool.terminate()


def is_data_error(error: BaseException) -> bool:
    """The rows themselves are refused (classes 22 and 23, or asyncpg cannot encode them): bisect to find which."""
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(DATA_STATES)
    return isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)


def is_timeout(error: BaseException) -> bool:
    """A statement, a lock or the whole transaction took too long: two in a row halve the batch."""
    if isinstance(error, asyncpg.PostgresError):
        return error.sqlstate in TIMEOUT_STATES or isinstance(error.__cause__, TOO_LONG)
    lost = error.__context__ if isinstance(error, asyncpg.InterfaceError) else None  # the transaction's exit finds it closed
    return isinstance(error, TimeoutError) or (lost is not None and isinstance(lost.__cause__, TOO_LONG))


def is_transient(error: BaseException) -> bool:
    """Worth running the whole transaction again: lost connections, restarts, deadlocks, no room, a stale plan."""
    if is_data_error(error):
        return False
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(TRANSIENT_STATES)
    return isinstance(error, LOST)


def is_locked(error: BaseException) -> bool:
    """Somebody else had a row or a table for longer than our `lock_timeout`: an erasure, or a large batch. They will end."""
    return isinstance(error, asyncpg.LockNotAvailableError)


async def migrate(owner_dsn: str, services: Iterable[str], folder: Callable[[str], Path]) -> list[Migrated]:
    """Makes each service's role, schema and tables. Two runs at once wait for each other; a second run changes nothing."""
    conn = await asyncpg.connect(owner_dsn, timeout=5)
    try:
        await conn.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        return [await _migrate_schema(conn, service, folder(service)) for service in services]
    finally:
        await conn.close()


def _files(folder: Path) -> list[tuple[str, str]]:
    """(name, text) of the messaging tables' and the service's own migrations, in order."""
    return sorted((file.name, file.read_text()) for file in (*MESSAGING.glob("*.sql"), *folder.glob("*.sql")))


async def _migrate_schema(conn: Connection, schema: str, folder: Path) -> Migrated:
    web = schema + WEB
    for role in (schema, web):
        await _ensure_role(conn, role, schema)
    for statement in ("CREATE SCHEMA IF NOT EXISTS %I", "REVOKE ALL ON SCHEMA %I FROM PUBLIC", "SET search_path = %I"):
        await run(conn, statement, schema)
    await conn.execute("CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, sha256 text NOT NULL, "
                       "at timestamptz NOT NULL DEFAULT now())")
    done = {row["name"]: row["sha256"] for row in await conn.fetch("SELECT name, sha256 FROM migration")}
    applied = [name for name, text in _files(folder) if await _apply(conn, name, text, done)]
    for statement in GRANTS:
        await run(conn, statement, schema, web)
    await row_security.guard(conn, schema, web, row_security.read_rules(MESSAGING, folder))
    for row in await conn.fetch(APPEND_ONLY):
        await run(conn, "REVOKE UPDATE, DELETE, TRUNCATE ON %I FROM %I, %I", row["relname"], schema, web)
    return Migrated(schema, tuple(applied))


async def _apply(conn: Connection, name: str, text: str, done: dict[str, str]) -> bool:
    checksum = sha256(text.encode()).hexdigest()
    if name in done:
        if done[name] != checksum:
            raise ChangedMigration(f"{name} was applied with other content")
        return False
    record = "INSERT INTO migration (name, sha256) VALUES ($1, $2)"
    if text.startswith("-- no-transaction"):
        await conn.execute(text)
        await conn.execute(record, name, checksum)
    else:
        async with conn.transaction():
            await conn.execute(text)
            await conn.execute(record, name, checksum)
    return True


async def _ensure_role(conn: Connection, role: str, schema: str) -> None:
    if not await conn.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await run(conn, "CREATE ROLE %I LOGIN", role)
    await run(conn, "ALTER ROLE %I PASSWORD %L", role, role_password(role))
    await run(conn, "ALTER ROLE %I SET search_path = %I", role, schema)
    for name, value in ROLE_LIMITS.items():
        await run(conn, "ALTER ROLE %I SET %I = %L", role, name, value)
