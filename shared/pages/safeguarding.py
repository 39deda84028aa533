"""Each site's own numbers, kept as a local file so that the page for emergencies needs no database and no Kafka."""

from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol
from urllib.parse import quote

from pydantic import ValidationError

from shared.contracts.supervision import SiteDescribed

FOLDER = "safeguarding"


class Home(Protocol):
    @property
    def home(self) -> Path: ...


def keep(settings: Home, site: SiteDescribed) -> None:
    """Whole or not at all: a page never reads half a file."""
    path = _path(settings, site.site_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(site.model_dump_json())
    Path(file.name).replace(path)


def find(settings: Home, site_id: str) -> SiteDescribed | None:
    try:
        return SiteDescribed.model_validate_json(_path(settings, site_id).read_bytes())
    except (OSError, ValidationError):
        return None


def address(site_id: str) -> str:
    return f"/talk/{quote(site_id, safe='')}"


def dial(number: str) -> str:
    """What a phone dials: digits, and a leading plus where there is one."""
    digits = "".join(c for c in number if c.isdigit())
    return f"+{digits}" if number.strip().startswith("+") else digits


def _path(settings: Home, site_id: str) -> Path:
    return settings.home / FOLDER / f"{sha256(site_id.encode()).hexdigest()[:40]}.json"
