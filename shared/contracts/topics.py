"""The one list of topics, with owners and settings; `jitt topics apply` makes the broker match it."""

from dataclasses import dataclass, field
from datetime import timedelta

DAYS_14 = int(timedelta(days=14).total_seconds() * 1000)
COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": str(6 * 3_600_000),
    "max.compaction.lag.ms": str(12 * 3_600_000),
    "delete.retention.ms": str(7 * 86_400_000),
}
KEPT = {"cleanup.policy": "delete", "retention.ms": str(DAYS_14), "max.message.bytes": str(512 * 1024)}


@dataclass(frozen=True, slots=True)
class Topic:
    """`partitions` in production; an embedded or single broker uses `small`. Partition counts never change."""

    name: str
    owner: str
    partitions: int
    small: int
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def compacted(self) -> bool:
        return self.settings.get("cleanup.policy") == "compact"


def events(service: str) -> Topic:
    return Topic(f"{service}.events", service, 24, 6, KEPT)


TOPICS = (
    events("trigger"),
    events("content"),
    events("assessment"),
    events("supervision"),
    Topic("content.catalog", "content", 6, 6, COMPACTED | {"max.message.bytes": str(512 * 1024)}),
    Topic("supervision.roster", "supervision", 6, 6, COMPACTED),
    Topic("supervision.sites", "supervision", 6, 6, COMPACTED),
    Topic("supervision.alerts", "supervision", 12, 6, KEPT),
)


def inbound(publisher: str) -> Topic:
    """A publisher's own topic: only its principal may write there."""
    return Topic(f"in.{publisher}", "trigger", 1, 1, KEPT | {"message.timestamp.type": "LogAppendTime"})
