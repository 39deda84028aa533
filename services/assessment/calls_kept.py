"""Calls for help that the database could not take: one small file each in the web process's home, until it takes them.

A file holds ids only, and is on the disk before anybody is told that the call waits. Delivered under the id of its form, a call
counts once, whatever is killed meanwhile.
"""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal
from uuid import UUID

import structlog
from pydantic import BaseModel, ValidationError

from shared.security import Link
from shared.settings import Settings

FOLDER = "calls"
Kind = Literal["now", "can_wait"]
log = structlog.get_logger()


class Call(BaseModel):
    """Who asked stands in the link that was read; its epoch says later whether it had been revoked. `id`: of what it opens."""

    opens: Literal["training", "check_in"]
    id: UUID
    mentor_id: UUID
    epoch: int
    kind: Kind
    request_id: UUID

    @property
    def link(self) -> Link:
        return Link(self.opens, self.id, self.mentor_id, self.epoch)


def keep(settings: Settings, call: Call) -> None:
    """On the disk when this returns. Raises OSError when it cannot be."""
    folder = settings.home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=folder, suffix=".part", delete=False, encoding="utf-8") as file:
        file.write(call.model_dump_json())
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(_path(settings, call.request_id, call.kind))
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def waits(settings: Settings, request_id: UUID, kind: Kind) -> bool:
    return _path(settings, request_id, kind).exists()


def waiting(settings: Settings) -> list[Call]:
    """The oldest first."""
    files = sorted((settings.home / FOLDER).glob("*.json"), key=lambda file: (file.stat().st_mtime, file.name))
    return [call for file in files if (call := _read(file))]


def forget(settings: Settings, call: Call) -> None:
    _path(settings, call.request_id, call.kind).unlink(missing_ok=True)


def _read(file: Path) -> Call | None:
    """What cannot be read is set aside, so that it is said once and holds up no other."""
    try:
        return Call.model_validate_json(file.read_bytes())
    except FileNotFoundError:  # another process of this home was faster
        return None
    except OSError as error:  # it may be readable later
        log.error("kept_call_unreadable", file=file.name, error=type(error).__name__)
        return None
    except ValidationError:
        log.error("kept_call_unreadable", file=file.name)
        file.replace(file.with_suffix(".unreadable"))
        return None


def _path(settings: Settings, request_id: UUID, kind: Kind) -> Path:
    return settings.home / FOLDER / f"{request_id}.{kind}.json"
