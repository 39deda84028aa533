"""The one list of services: what runs, with which address. Everything that needs all services asks here."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.service import Service  # whoever asks for names only need not wait for it

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Deployed:
    name: str
    port: int


SERVICES = (
    Deployed("trigger", 8101),
    Deployed("content", 8102),
    Deployed("assessment", 8103),
    Deployed("supervision", 8104),
)
NAMES = tuple(deployed.name for deployed in SERVICES)


def service(name: str) -> "Service":
    """The service's wiring, imported only when it is needed."""
    found: Service = import_module(f"services.{name}.app").SERVICE
    return found


def migrations(name: str) -> Path:
    return ROOT / "services" / name / "migrations"
