"""A mentor says that something is off with a question: one tap, no words, taken back as easily. Pure.

The authors learn which question it is, never who said so; nobody's result changes by it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.assessment.messages import ItemReportSent, ItemReportTakenBack
from shared.contracts import ids
from shared.contracts.assessment import ItemReported, ReportKind
from shared.contracts.event import Event, Refused


@dataclass(frozen=True, slots=True)
class Report:
    """What one mentor says of one question of one training. `kind` None: it was taken back."""

    training_id: UUID
    number: int
    site_id: str
    mentor_id: UUID
    module_id: str
    locale: str
    version: int
    item_id: str
    kind: ReportKind | None = None

    @property
    def id(self) -> UUID:
        return report_id(self.training_id, self.number)


Decided = tuple[Report, list[Event]] | Refused


def report_id(training_id: UUID, number: int) -> UUID:
    return ids.after(training_id, f"report/{number}")


def sent(report: Report | None, event: ItemReportSent, now: datetime, _: None) -> Decided:
    """The last tap counts: one of another kind takes back the one before."""
    if report and report.kind == event.kind:
        return Refused("already_reported")
    before = [_told(report, report.kind, now, withdrawn=True)] if report and report.kind else []
    this = Report(
        training_id=event.training_id,
        number=event.number,
        site_id=event.site_id,
        mentor_id=event.mentor_id,
        module_id=event.module_id,
        locale=event.locale,
        version=event.version,
        item_id=event.item_id,
        kind=event.kind,
    )
    return this, [*before, _told(this, event.kind, now)]


def taken_back(report: Report | None, event: ItemReportTakenBack, now: datetime, _: None) -> Decided:
    if report is None or report.kind is None:
        return Refused("not_reported")
    return replace(report, kind=None), [_told(report, report.kind, now, withdrawn=True)]


def _told(report: Report, kind: ReportKind, now: datetime, *, withdrawn: bool = False) -> ItemReported:
    return ItemReported(
        mentor_id=report.mentor_id,
        site_id=report.site_id,
        training_id=report.training_id,
        module_id=report.module_id,
        version=report.version,
        locale=report.locale,
        item_id=report.item_id,
        kind=kind,
        withdrawn=withdrawn,
        at=now,
    )
