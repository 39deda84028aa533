"""The one list of topics, with owners and settings; `jitt topics apply` makes the broker match it."""

from dataclasses import dataclass, field
from datetime import timedelta

DAYS_14 = int(timedelta(days=14).total_seconds() * 1000)
LARGEST = {"max.message.bytes": str(512 * 1024)}
COMPACTED = LARGEST | {
    "cleanup.policy": "compact",
    "segment.ms": str(6 * 3_600_000),
    "max.compaction.lag.ms": str(12 * 3_600_000),
    "delete.retention.ms": str(7 * 86_400_000),
}
KEPT = LARGEST | {"cleanup.policy": "delete", "retention.ms": str(DAYS_14)}
MOST_COPIES = 3


@dataclass(frozen=True, slots=True)
class Topic:
    """`partitions` on a cluster, `small` on a single broker. Partition counts never change."""

    name: str
    owner: str
    partitions: int
    small: int
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def compacted(self) -> bool:
        return self.settings.get("cleanup.policy") == "compact"

    def partitions_on(self, brokers: int) -> int:
        return self.partitions if brokers > 1 else self.small


def copied(brokers: int) -> tuple[int, dict[str, str]]:
    """How many brokers have each partition, and the setting by which all but one must have a record before it counts."""
    copies = min(MOST_COPIES, brokers)
    return copies, {"min.insync.replicas": str(max(1, copies - 1))}


def events(service: str) -> Topic:
    return Topic(f"{service}.events", service, 24, 6, KEPT)


TOPICS = (
    events("trigger"),
    events("content"),
    events("assessment"),
    events("supervision"),
    Topic("content.catalog", "content", 6, 6, COMPACTED),
    Topic("supervision.roster", "supervision", 6, 6, COMPACTED),
    Topic("supervision.sites", "supervision", 6, 6, COMPACTED),
    Topic("supervision.erased", "supervision", 1, 1, COMPACTED),  # for ever: whom a restored database has to erase again
    Topic("supervision.alerts", "supervision", 12, 6, KEPT),
)


def outbound(subscriber: str) -> Topic:
    """A subscriber's own topic: the alerts of its sites, which only its principal may read."""
    return Topic(f"alerts.{subscriber}", "supervision", 1, 1, KEPT)


def inbound(publisher: str) -> Topic:
    """A publisher's own topic: only its principal may write there."""
    return Topic(f"in.{publisher}", "trigger", 1, 1, KEPT | {"message.timestamp.type": "LogAppendTime"})
