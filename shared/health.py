"""Health that tells the truth: when each loop of a worker last came round, and whether the tables are what this code wants.

A round that failed and said so counts as one: a restart mends no server that is away. Only a poll must have succeeded.
"""

from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from asyncpg import Pool

from shared.db import MESSAGING

SILENT_SECONDS = 60.0
SERVICES = Path(__file__).parent.parent / "services"
APPLIED = "SELECT name FROM migration"


class Pulse:
    """When loops last came round, by name. A loop's first beat is its start."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def beat(self, loop: str) -> None:
        self._at[loop] = monotonic()

    def ages(self) -> dict[str, float]:
        """Seconds since each loop's last round."""
        return {loop: monotonic() - at for loop, at in self._at.items()}


def too_old(ages: Mapping[str, float], limit: float = SILENT_SECONDS) -> str:
    """"" when every loop came round within `limit` seconds, else a sentence that names the others."""
    return "; ".join(f"{loop}: last came round {age:.0f} s ago" for loop, age in ages.items() if age > limit)


def wanted_migrations(service: str) -> frozenset[str]:
    """The names of all that this code was written for; newer ones in the database do no harm."""
    files = (*MESSAGING.glob("*.sql"), *(SERVICES / service / "migrations").glob("*.sql"))
    return frozenset(file.name for file in files)


async def why_not_ready(pool: Pool, wanted: frozenset[str]) -> str:
    """"" when Postgres answers and has the tables of this version, else a sentence."""
    try:
        rows: list[Any] = await pool.fetch(APPLIED, timeout=2)
    except Exception as error:
        return f"Postgres: {type(error).__name__}"
    missing = sorted(wanted - {row["name"] for row in rows})
    return f"run `jitt migrate` first: {', '.join(missing)} not applied" if missing else ""
