"""In which order files are run, and by which worker: what takes longest first, and what shares servers by one worker.

A file that needs half a minute must not be the last one, while the other worker has nothing left to do.
"""

from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).parent
TOGETHER = ("flow", "stack", "access")  # the tests of such a folder share servers or a town that take long to start
LONGEST = (*TOGETHER, "browser", "chaos", "receivers", "messaging", "notices", "fuzz", "plans", "orders", "load", "privacy",
           "architecture", "bench", "assessment", "supervision", "trigger", "content", "contracts", "simulation")  # fmt: skip
PLACES = {folder: place for place, folder in enumerate(LONGEST)}


class Folders(LoadScopeScheduling):
    """Workers take one unit after the other, in the order in which they were collected."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # by their number of tests, which says little

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    """What is run by one worker as a whole: a file, or a folder whose tests share something."""
    file = Path(nodeid.split("::", 1)[0])
    return str(file.parent if file.parent.name in TOGETHER else file)


def longest_first(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: PLACES.get(folder_of(item.path), len(PLACES)))


def folder_of(file: Path) -> str:
    """Of the folders in this one; "" for a file that is elsewhere."""
    return file.relative_to(TESTS).parts[0] if file.is_relative_to(TESTS) else ""
