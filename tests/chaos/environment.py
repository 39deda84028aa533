"""What a part of the run may set for itself and for the processes that it starts."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from shared.settings import settings


@contextmanager
def own_environment() -> Iterator[None]:
    """No setting of jitt's from outside, so never servers that somebody uses; and what is set inside ends with it."""
    before = {name: os.environ.pop(name) for name in _ours()}
    settings.cache_clear()
    try:
        yield
    finally:
        for name in _ours():
            del os.environ[name]
        os.environ.update(before)
        settings.cache_clear()


def _ours() -> list[str]:
    return [name for name in os.environ if name.startswith("JITT_")]
