"""How things stand, for Prometheus: what waits, since when, how far behind we are. Bounded statements, one round in ten seconds,
so that nobody who scrapes often is felt."""

from collections.abc import Iterable, Mapping
from time import monotonic
from typing import TYPE_CHECKING

from asyncpg import Connection
from prometheus_client import Gauge

from shared.messaging import store
from shared.running import Running

if TYPE_CHECKING:
    from shared.bus import Subscription

FRESH_SECONDS = 10.0
MOST = 50_000  # nothing is counted further than this
LETTERS = """SELECT reason, count(*) AS letters FROM (
  SELECT reason FROM dead_letter WHERE state IN ('dead', 'parked') ORDER BY id LIMIT $1) AS found GROUP BY reason"""
PARKED = """SELECT count(*) AS keys, coalesce(extract(epoch FROM now() - min(since)), 0)::float8 AS oldest
FROM (SELECT since FROM parked LIMIT $1) AS found"""
OUTBOX = """SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT $1) AS found) AS depth,
  coalesce((SELECT extract(epoch FROM now() - at) FROM outbox ORDER BY id LIMIT 1), 0)::float8 AS oldest"""
SWEEPS = """SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 AS oldest
FROM (SELECT due_at FROM sweep WHERE due_at <= now() ORDER BY due_at LIMIT $1) AS found"""

OPEN = Gauge("jitt_dead_letters_open", "Dead letters that nobody has settled", ["service", "reason"])
PARKED_KEYS = Gauge("jitt_parked_keys", "Aggregates that stand still behind a dead letter", ["service"])
PARKED_OLDEST = Gauge("jitt_parked_oldest_seconds", "How long the longest of them has stood still", ["service"])
OUTBOX_DEPTH = Gauge("jitt_outbox_rows", "Events that wait to be published", ["service"])
OUTBOX_OLDEST = Gauge("jitt_outbox_oldest_seconds", "Age of the oldest of them", ["service"])
OVERDUE = Gauge("jitt_rows_overdue", "Rows that are due and not worked off", ["service", "table"])
OVERDUE_OLDEST = Gauge("jitt_rows_overdue_oldest_seconds", "How long the first of them has been due", ["service", "table"])
SINCE = Gauge("jitt_seconds_since_round", "Since Kafka was polled, and since the relay and clocks came round",
              ["service", "loop"])
LAG = Gauge("jitt_consumer_lag", "Records of this process's partitions that are not applied yet", ["service", "topic"])
PAUSED = Gauge("jitt_publishers_paused", "Publishers that are not listened to", ["service"])


class Gauges:
    """Of one process. Loops and lag are read at each scrape, the tables at most every ten seconds."""

    def __init__(self, running: Running) -> None:
        self.running, self._name = running, running.service.name
        self._read_at = float("-inf")
        clocks = {one.name: one.clock.overdue for one in running.service.handlers if one.clock}
        sweeps = {"sweep": SWEEPS} if any(one.sweeps for one in running.service.handlers) else {}
        self._overdue = clocks | sweeps
        self._reasons: set[str] = set()

    async def refresh(self, ages: Mapping[str, float], subscriptions: "Iterable[Subscription]") -> None:
        """Raises what asyncpg raises when Postgres does not answer; the loops' ages are told all the same."""
        for loop, age in ages.items():
            SINCE.labels(self._name, loop).set(age)
        if monotonic() - self._read_at < FRESH_SECONDS:
            return
        self._read_at = monotonic()
        async with self.running.connection() as conn:
            await self._tables(conn)
            for subscription in subscriptions:
                await self._lag(conn, subscription)
            if self.running.service.publishers:
                known = await self.running.service.publishers(conn)
                PAUSED.labels(self._name).set(sum(one.paused for one in known.values()))

    async def _tables(self, conn: Connection) -> None:
        letters = {row["reason"]: row["letters"] for row in await conn.fetch(LETTERS, MOST)}
        self._reasons.update(letters)
        for reason in self._reasons:  # one that is gone goes down to 0
            OPEN.labels(self._name, reason).set(letters.get(reason, 0))
        parked, outbox = await conn.fetchrow(PARKED, MOST), await conn.fetchrow(OUTBOX, MOST)
        assert parked is not None and outbox is not None
        PARKED_KEYS.labels(self._name).set(parked["keys"])
        PARKED_OLDEST.labels(self._name).set(parked["oldest"])
        OUTBOX_DEPTH.labels(self._name).set(outbox["depth"])
        OUTBOX_OLDEST.labels(self._name).set(outbox["oldest"])
        for table, statement in self._overdue.items():
            await self._due(conn, table, statement)

    async def _due(self, conn: Connection, table: str, statement: str) -> None:
        overdue = await conn.fetchrow(statement, MOST)
        assert overdue is not None
        OVERDUE.labels(self._name, table).set(overdue["rows"])
        OVERDUE_OLDEST.labels(self._name, table).set(overdue["oldest"])

    async def _lag(self, conn: Connection, subscription: "Subscription") -> None:
        """Against our own account of what was applied; a partition that was not fetched from yet is left out."""
        consumer = subscription.subscriber.consumer
        if consumer is None:
            return
        applied = await store.load_offsets(conn, subscription.topics)
        behind = dict.fromkeys(subscription.topics, 0)
        for place in consumer.assignment():
            if (end := consumer.highwater(place)) is not None:
                behind[place.topic] += max(0, end - applied.get((place.topic, place.partition), 0))
        for topic, records in behind.items():
            LAG.labels(self._name, topic).set(records)
