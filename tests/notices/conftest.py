"""A site with people, on a database of its own, and a mail server that keeps what it takes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.supervision.app import SERVICE
from tests.conftest import Database
from tests.notices.server import Kept, serving
from tests.notices.town import Town, build


@pytest.fixture
async def town(database: Database) -> Town:
    return await build(await database(SERVICE))


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "kept.jsonl")


@pytest.fixture
async def port(kept: Kept) -> AsyncIterator[int]:
    async with serving(kept) as found:
        yield found
