"""Two sites, their staff and enough mentors for every test to have one of its own; all invented, entered by commands."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from uuid import UUID

from deploy.network import Network, wait_until_ready
from shared.contracts import ids
from tests.flow.commands import jitt

LAKESIDE, HARBOR = "lakeside", "harbor"
KAFKA_PUBLISHER, WEB_PUBLISHER = "lakeside-bus", "lakeside-web"
COLUMNS = "ref,role,name,email,phone,supervisor_ref,time_zone,locale,match_started_on,cleared"
STAFF = "dana,supervisor,Dana Ortiz,,,,,,,\nomar,supervisor,Omar Haddad,,,,,,,"
FIRST = ("Ada", "Bruno", "Celia", "Dario", "Edith", "Felix", "Greta", "Hugo")
LAST = ("Abernathy", "Bellweather", "Castellane", "Drummond", "Ellington")
STEPS = ("--reporting-step", "Call the state line yourself, today.", "--reporting-step", "Then tell the staff on call.")
NUMBERS = ("--phone", "555 555 0100", "--hotline-label", "State line", "--hotline", "800 555 0199", "--on-call", "555 555 0101")


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A mentor in the first weeks of a match; Dana's, and at Lakeside, unless a test says otherwise."""

    ref: str
    name: str
    site: str = LAKESIDE
    locale: str = "en"

    @property
    def id(self) -> UUID:
        return ids.mentor(self.site, self.ref)

    def row(self, today: datetime) -> str:
        until = f"{today + timedelta(days=365):%Y-%m-%d}"
        cleared = f"base:{until};goal_setting_support:{until};safety_plan_awareness:{until}"
        return f"{self.ref},mentor,{self.name},,,dana,,{self.locale},{today:%Y-%m-%d},{cleared}"


SPANISH = Newcomer("marisol", "Marisol Vega", locale="es")


@dataclass(slots=True)
class Town:
    network: Network
    folder: Path
    token: str
    newcomers: Iterator[Newcomer]

    def crash(self, service: str) -> None:
        """kill -9, and the same service again; returns when it answers and reads."""
        self.network.children[service].kill()
        self.network.start(service)
        wait_until_ready(self.network, service)


def settle(network: Network, folder: Path) -> Town:
    jitt("content", "publish")
    mentors = [Newcomer(f"{first}-{last}".lower(), f"{first} {last}") for last, first in product(LAST, FIRST)]
    _site(LAKESIDE, "America/Chicago", [*mentors, SPANISH], folder)
    _site(HARBOR, "Australia/Sydney", [Newcomer("ines", "Ines Farrow", HARBOR)], folder)
    jitt("publisher", "add", KAFKA_PUBLISHER, "--site", LAKESIDE, "--kafka")
    jitt("topics", "apply")
    added = jitt("publisher", "add", WEB_PUBLISHER, "--site", LAKESIDE)
    token = next(line for line in added.splitlines() if line.startswith("jitt_"))
    return Town(network, folder, token, iter(mentors))


def _site(site: str, zone: str, mentors: list[Newcomer], folder: Path) -> None:
    jitt("site", "add", site, "--name", site.title(), "--zone", zone, *NUMBERS, *STEPS)
    file = folder / f"{site}.csv"
    file.write_text("\n".join([COLUMNS, STAFF, *(mentor.row(datetime.now(UTC)) for mentor in mentors), ""]))
    jitt("import", "people", str(file), "--site", site)
