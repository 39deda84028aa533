"""Contacts for each match in the last month that is over, for Prometheus: by site, without what the network's page leaves out."""

import asyncio
import logging
from datetime import UTC, datetime

from prometheus_client import Gauge

from services.supervision import network, reading_network
from services.supervision.network import FEWEST, Count
from shared.running import Running

LOG = logging.getLogger("jitt.supervision.contacts")
ROUND_SECONDS = 3_600.0
AGAIN_SECONDS = 60.0
ALL = ""  # the label of all sites together; no site's id is empty
PER_MATCH = Gauge("jitt_contacts_per_match", "Talks for each match in the last month that is over; site “” is all", ["site"])


async def run(running: Running) -> None:
    """For ever. What cannot be counted is left as it was."""
    while True:
        try:
            await refresh(running, datetime.now(UTC))
            pause = ROUND_SECONDS
        except Exception as error:
            LOG.warning("contacts per match cannot be counted", extra={"error": f"{type(error).__name__}: {error}"})
            pause = AGAIN_SECONDS
        await asyncio.sleep(pause)


async def refresh(running: Running, now: datetime) -> None:
    async with running.connection() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        names = await reading_network.list_sites(conn)
        found = await reading_network.count_contacts(conn, network.chosen("", now))
    told = per_match({site: found.get(site, network.NONE) for site in names})
    PER_MATCH.clear()
    for site, figure in told.items():
        PER_MATCH.labels(site).set(figure)


def per_match(counts: dict[str, Count]) -> dict[str, float]:
    """By site, and of all: none of fewer than ten matches, and none from which such a one could be worked out."""
    whole = network.sum_of(counts)
    out = network.hidden({site: count.of for site, count in counts.items()})
    told = {site: count.many / count.of for site, count in counts.items() if site not in out}
    return told | ({ALL: whole.many / whole.of} if whole.of >= FEWEST else {})
