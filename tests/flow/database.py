"""Looks into the services' tables, for what no page and no event counts."""

from typing import Any

import asyncpg

from shared.settings import settings
from tests.flow.running import awaited


def rows(query: str, *values: Any) -> list[tuple[Any, ...]]:
    return awaited(_rows(query, *values))


async def _rows(query: str, *values: Any) -> list[tuple[Any, ...]]:
    conn = await asyncpg.connect(settings().postgres, timeout=10)
    try:
        return [tuple(row) for row in await conn.fetch(query, *values)]
    finally:
        await conn.close()
