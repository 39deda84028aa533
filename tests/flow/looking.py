"""Looks for words everywhere in a network: every row of every table as text, every record of every topic, every file."""

from collections.abc import AsyncIterator, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer

from deploy import topology
from shared.settings import settings
from tests.flow.running import awaited

TABLES = """
SELECT schemaname AS schema, tablename AS name FROM pg_tables WHERE schemaname = ANY($1) ORDER BY 1, 2
"""
SERVERS = ("kafka", "postgres")  # their own files: deleted rows and old segments are theirs to overwrite


def in_tables(words: Iterable[str]) -> dict[str, set[str]]:
    """schema.table -> which of the words stand in it, in bytes too."""
    return awaited(_in_tables(list(words)))


def in_topics(words: Iterable[str]) -> dict[str, set[str]]:
    """topic -> which of the words stand in a key, a value or a header that is still there."""
    return awaited(_in_topics(list(words)))


def in_files(home: Path, words: Iterable[str]) -> dict[str, set[str]]:
    """Logs, kept calls, mails, pictures of the state: whatever a service wrote into its home."""
    found: dict[str, set[str]] = {}
    for file in home.rglob("*"):
        top = file.relative_to(home).parts[0]
        if top not in SERVERS and file.is_file():
            _note(found, str(file.relative_to(home)), file.read_bytes(), words)
    return found


def last_values(topic: str, key: str) -> list[bytes | None]:
    """What a topic says of a key, in order."""
    return awaited(_last_values(topic, key))


async def _in_tables(words: list[str]) -> dict[str, set[str]]:
    conn = await asyncpg.connect(settings().postgres, timeout=10)
    found: dict[str, set[str]] = {}
    try:
        for row in await conn.fetch(TABLES, list(topology.NAMES)):
            rows = BytesIO()
            await conn.copy_from_table(row["name"], schema_name=row["schema"], output=rows)
            text = rows.getvalue()
            as_bytes = [word for word in words if word.encode().hex().encode() in text]  # bytea is written in hex
            name = f"{row['schema']}.{row['name']}"
            _note(found, name, text, words)
            if as_bytes:
                found.setdefault(name, set()).update(as_bytes)
    finally:
        await conn.close()
    return found


async def _in_topics(words: list[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    async for record in _records():
        _note(found, record.topic, b"\n".join([record.key or b"", record.value or b"", *(v for _, v in record.headers)]), words)
    return found


async def _last_values(topic: str, key: str) -> list[bytes | None]:
    return [record.value async for record in _records() if record.topic == topic and record.key == key.encode()]


async def _records() -> AsyncIterator[Any]:
    options = {"bootstrap_servers": settings().kafka, "auto_offset_reset": "earliest", "isolation_level": "read_committed"}
    async with AIOKafkaConsumer(**options) as asked:
        names = sorted(name for name in await asked.topics() if not name.startswith("__"))
    async with AIOKafkaConsumer(*names, fetch_max_wait_ms=10, **options) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=100)).values():
                for record in records:
                    yield record


def _note(found: dict[str, set[str]], where: str, text: bytes, words: Iterable[str]) -> None:
    if here := {word for word in words if word.encode() in text}:
        found.setdefault(where, set()).update(here)
