"""Statements whose names cannot be parameters: the server puts them in, and quotes them."""

from asyncpg import Connection


async def run(conn: Connection, statement: str, *words: str) -> None:
    await conn.execute(await named(conn, statement, *words))


async def named(conn: Connection, statement: str, *words: str) -> str:
    """As the server's format() describes: %I a name, %L a literal, %s as it is."""
    placeholders = ", ".join(f"${n + 2}::text" for n in range(len(words)))
    return str(await conn.fetchval(f"SELECT format($1::text, {placeholders})", statement, *words))
