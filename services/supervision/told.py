"""What the feeds tell systems of a change: ids and codes, as they stood at that moment. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter

from services.supervision.domain import Alert
from shared.contracts import ids
from shared.contracts.supervision import Severity

State = Literal["open", "acknowledged", "resolved"]
WEBHOOKS = UUID("6a697474-0000-8000-8000-000000000001")  # the cause that ids of webhooks follow from


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in the feed: a transaction's number and a row's. Rows of a transaction come in the order of their numbers."""

    xact: int
    seq: int

    def __str__(self) -> str:
        return f"{self.xact}.{self.seq}"


@dataclass(frozen=True, slots=True)
class Sees:
    """What a reader of the feed may see: these sites, and of them only one supervisor's mentors, unless that is None.

    `stands_in`: and those of the supervisors whom this one stands in for.
    """

    sites: tuple[str, ...]
    caseload: UUID | None = None
    stands_in: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What is kept with a change."""

    rule: str
    rule_version: int
    severity: Severity
    state: State
    session_id: UUID | None
    supervisor_id: UUID | None
    facts: Mapping[str, str]


TOLD = TypeAdapter(Told)


def document(a: Alert | None) -> str | None:
    """What is kept with a change of this alert."""
    if a is None:
        return None
    told = Told(a.rule, a.rule_version, a.severity, a.state, a.session_id, a.supervisor_id, a.facts)
    return TOLD.dump_json(told).decode()


@dataclass(frozen=True)
class Change:
    """`caseload`: whose mentor it is now, which may be another supervisor than at the change. `handed`: to whom, as a back-up, an
    alert about this mentor was handed on."""

    cursor: Cursor
    kind: str
    alert_id: UUID
    mentor_id: UUID
    site_id: str
    at: datetime
    caseload: UUID | None
    told: Told
    handed: tuple[UUID, ...] = ()

    @cached_property
    def text(self) -> str:
        """What streams say of it: written once, for however many listen."""
        return news(self).model_dump_json()

    def seen_by(self, who: Sees) -> bool:
        for_whom = (who.caseload, *who.stands_in)
        mine = who.caseload is None or self.caseload in for_whom or any(one in self.handed for one in for_whom)
        return self.site_id in who.sites and mine


class AlertNews(BaseModel):
    """One change of an alert: ids and codes only."""

    change: str = Field(
        description="raised, seen, placed, updated, acknowledged, escalated, snoozed, returned, resolved, reopened; "
        "later versions may add more"
    )
    alert_id: UUID
    rule: str
    rule_version: int
    severity: Severity
    state: State
    mentor_id: UUID
    site_id: str
    supervisor_id: UUID | None
    session_id: UUID | None
    facts: dict[str, str] = Field(description="ids and codes")
    at: AwareDatetime


class WebhookBody(BaseModel):
    """As Standard Webhooks recommends."""

    type: str
    timestamp: AwareDatetime
    data: AlertNews


def news(change: Change) -> AlertNews:
    told = change.told
    return AlertNews(
        change=change.kind, alert_id=change.alert_id, rule=told.rule, rule_version=told.rule_version, severity=told.severity,
        state=told.state, mentor_id=change.mentor_id, site_id=change.site_id, supervisor_id=told.supervisor_id,
        session_id=told.session_id, facts=dict(told.facts), at=change.at,
    )  # fmt: skip


def webhook_id(name: str, place: Cursor) -> str:
    """The same whenever this change is sent to this receiver."""
    return f"msg_{ids.after(WEBHOOKS, f'{name}/{place}').hex}"


def webhook_body(change: Change) -> bytes:
    """The same bytes whenever it is sent."""
    return WebhookBody(type=f"alert.{change.kind}", timestamp=change.at, data=news(change)).model_dump_json().encode()
