"""SQL of sealing webhooks' secrets anew."""

from collections.abc import Sequence

from asyncpg import Connection, Record

from services.supervision.store_webhooks import SECRETS
from services.supervision.webhooks import Secret

LIST = "SELECT name, secrets FROM webhook ORDER BY name"
LOCK = "SELECT name, secrets FROM webhook ORDER BY name FOR UPDATE"
PUT = "UPDATE webhook SET secrets = $2::jsonb WHERE name = $1"


async def list_secrets(conn: Connection) -> dict[str, tuple[Secret, ...]]:
    return _secrets(await conn.fetch(LIST))


async def lock_secrets(conn: Connection) -> dict[str, tuple[Secret, ...]]:
    return _secrets(await conn.fetch(LOCK))


async def put(conn: Connection, name: str, secrets: Sequence[Secret]) -> None:
    await conn.execute(PUT, name, SECRETS.dump_json(tuple(secrets)).decode())


def _secrets(rows: Sequence[Record]) -> dict[str, tuple[Secret, ...]]:
    return {row["name"]: SECRETS.validate_json(row["secrets"]) for row in rows}
