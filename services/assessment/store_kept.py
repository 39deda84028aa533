"""Whether what a kept form concerns stands still behind a record that failed. SQL of the assessment schema."""

from collections.abc import Sequence

from asyncpg import Pool

STANDS = "SELECT EXISTS (SELECT FROM parked WHERE concern = ANY($1::text[]))"


async def stand_still(pool: Pool, concerns: Sequence[str]) -> bool:
    """One of these aggregates, until an operator has mended what failed."""
    return bool(await pool.fetchval(STANDS, concerns))
