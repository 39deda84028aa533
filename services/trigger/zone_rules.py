"""Which rules of the time zones our sessions were planned with. Where a zone's have changed, its sessions are planned anew.

Looked at when a worker starts: new rules come with a new release, or with the machine's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.trigger.messages import RulesChanged, RulesRead
from shared.contracts.event import Sweep

THE_ONE = "zones"
SIDE_BY_SIDE = timedelta(days=1)  # workers with older rules may still run: what starts within a day of a change looks again


@dataclass(frozen=True, slots=True)
class Rules:
    """`digest`: of the zone's file; `changed_at`: None as long as there was no other."""

    digest: str
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ZoneRules:
    zones: Mapping[str, Rules]
    id: str = THE_ONE


def read(state: ZoneRules | None, event: RulesRead, now: datetime, _: object) -> tuple[ZoneRules, list[Sweep]]:
    """Zones that are seen for the first time have nothing to be compared with. One that is gone keeps its last rules."""
    known = state.zones if state else {}
    found = {zone: _now(known.get(zone), digest, now) for zone, digest in event.rules.items()}
    changed = tuple(zone for zone, rules in found.items() if rules.changed_at and now - rules.changed_at < SIDE_BY_SIDE)
    zones = {**known, **found}
    after = state if state and state.zones == zones else ZoneRules(zones)
    return after, [Sweep("session", RulesChanged(time_zones=changed))] if changed else []


def _now(before: Rules | None, digest: str, now: datetime) -> Rules:
    if before is None:
        return Rules(digest)
    return before if before.digest == digest else Rules(digest, now)
