"""A sender that is killed at any moment loses no mail and doubles none; and the twins that would are found out.

A short form: `python -m tests.notices.kills` does it two hundred times, at three kinds of server.
"""

from pathlib import Path

from services.supervision.app import SERVICE
from tests.conftest import Database
from tests.notices.kills import kill_senders


async def test_twenty_kills_lose_nothing_and_double_nothing(database: Database, tmp_path: Path) -> None:
    found = await kill_senders(await database(SERVICE), tmp_path, "reports", 20, seed=1)
    assert (found.lost, found.doubled, found.told_twice) == (0, 0, 0), found
    assert found.had > 0, "no kill came between the server's having a mail and our noting it: the proof would be of nothing"


async def test_a_sender_that_notes_nothing_before_it_sends_is_found_out(database: Database, tmp_path: Path) -> None:
    found = await kill_senders(await database(SERVICE), tmp_path, "plain", 8, seed=2, twin="notes_nothing")
    assert found.doubled > 0


async def test_a_sender_that_takes_a_claim_for_the_deed_is_found_out(database: Database, tmp_path: Path) -> None:
    found = await kill_senders(await database(SERVICE), tmp_path, "drops", 8, seed=3, twin="never_again")
    assert found.lost > 0
