"""What makes a notice: to mentors about their sessions, to staff about what asks for them. Pure.

A cause that comes again makes the same notice, by its id. Whether it still is of use is judged when it is sent.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.supervision.domain import Alert, Change, Hold, MentorCase, Training
from services.supervision.notices import CHECK_IN_LIFE, LEAD, LINK_LIFE, Decided, Kind, Notice, id_of, new
from shared.contracts import ids
from shared.contracts.assessment import AnswerRegraded, LinkRequested
from shared.contracts.content import TrainingAssigned
from shared.contracts.event import Refused
from shared.contracts.trigger import NudgeRequested

if TYPE_CHECKING:
    from services.supervision.preparations import Preparation

HOLDING = ("confident_miss_on_safety_item", "safety_item_missed")
MOMENTS: dict[str, tuple[Kind, timedelta]] = {
    "nudge": ("nudge", timedelta(hours=5)),
    "last_call": ("last_call", timedelta(minutes=30)),
    "check_in": ("check_in", CHECK_IN_LIFE),
}
ALERT_LIFE, DAY = timedelta(days=3), timedelta(days=1)


def training_id(event: TrainingAssigned) -> UUID:
    return id_of(event.training_id, "training")


def assigned(notice: Notice | None, event: TrainingAssigned, now: datetime, _: object) -> Decided:
    if notice:
        return Refused("told_already")
    return new(event.training_id, "training", "training", now, site_id=event.site_id, to=event.mentor_id, until=event.starts_at,
               about={"training_id": event.training_id, "session_id": event.session_id}), []  # fmt: skip


def nudge_id(event: NudgeRequested) -> UUID:
    return id_of(ids.after(event.session_id, str(event.mentor_id)), event.moment)


def nudged(notice: Notice | None, event: NudgeRequested, now: datetime, _: object) -> Decided:
    if notice:
        return Refused("told_already")
    kind, useful = MOMENTS[event.moment]
    about = {"session_id": event.session_id, "training_id": event.training_id}
    return new(ids.after(event.session_id, str(event.mentor_id)), event.moment, kind, now, site_id=event.site_id,
               to=event.mentor_id, until=now + useful, about=about), []  # fmt: skip


def link_id(event: LinkRequested) -> UUID:
    return id_of(event.mentor_id, f"link/{event.requested_at.isoformat()}")


def link_requested(notice: Notice | None, event: LinkRequested, now: datetime, _: object) -> Decided:
    """Somebody waits for it now; after a day they have asked again."""
    if notice:
        return Refused("told_already")
    return new(event.mentor_id, f"link/{event.requested_at.isoformat()}", "link", now, site_id=event.site_id, to=event.mentor_id,
               until=event.requested_at + DAY, about={"training_id": event.training_id}), []  # fmt: skip


def correction_id(event: AnswerRegraded) -> UUID:
    return id_of(event.training_id, _correction(event))


def regraded(notice: Notice | None, event: AnswerRegraded, now: datetime, _: object) -> Decided:
    """Only where an answer counts as right after all."""
    if notice or not event.correct or event.correct_before:
        return Refused("told_already" if notice else "nothing_to_tell")
    about = {"training_id": event.training_id, "session_id": event.session_id}
    return new(event.training_id, _correction(event), "correction", now, site_id=event.site_id, to=event.mentor_id,
               until=now + LINK_LIFE, about=about), []  # fmt: skip


def _correction(event: AnswerRegraded) -> str:
    return f"correction/{event.module_id}/{event.item_id}/{event.corrected_version}"


def of_plan(before: "Preparation | None", after: "Preparation", now: datetime) -> tuple[Notice, ...]:
    """A session that changed after its mentor had been told of a training for it."""
    if before is None or before.training_id is None or not before.on or after.plan is None or before.starts_at <= now:
        return ()
    status = after.plan.status
    if (after.on and after.starts_at == before.starts_at) or status == "not_held":
        return ()
    kind: Kind = "moved" if after.on else "canceled"
    about: dict[str, Any] = {
        "session_id": after.session_id, "training_id": after.training_id, "starts_at": after.starts_at,
        "was_at": before.starts_at, "revision": after.plan.revision, "status": status,
    }  # fmt: skip
    until = after.starts_at if after.on else before.starts_at
    return (new(after.preparation_id, f"{kind}/{after.plan.revision}", kind, now, site_id=after.site_id, to=after.mentor_id,
                until=max(until, now), about=about),)  # fmt: skip


def of_brief(found: "Preparation", supervisor_id: UUID | None, now: datetime) -> tuple[Notice, ...]:
    """One mail a day for each supervisor, when the first answers are asked for: what it says is looked up then."""
    zone = ZoneInfo(found.plan.time_zone) if found.plan else ZoneInfo("UTC")
    day = found.starts_at.astimezone(zone).date()
    cause = supervisor_id or ids.after(UUID(int=0), found.site_id)
    if found.starts_at <= now:
        return ()
    about = {"day": day, "supervisor_id": supervisor_id, "for": supervisor_id or LEAD, "one": f"briefs/{day}"}
    at = max(now, found.quiz_by or now)
    site, until = found.site_id, found.starts_at
    return (new(cause, f"briefs/{day}", "briefs", now, site_id=site, to=supervisor_id, until=until, about=about, at=at),)


def of_case(case: MentorCase) -> Iterator[Notice]:
    """Who is asked to act on an alert is told once for each time it is raised, passed on, becomes theirs, or becomes urgent.

    What asks for attention is told of once its place in the week is known; those in one list are one mail an hour. The on-call
    number reads no mail: where it is asked first, the supervisor is told all the same.
    """
    for change in case.changes:
        if (alert := change.alert) is None or change.kind == "seen":  # that somebody looked asks nobody anew
            continue
        session, starts_at = case.session(alert.session_id), _start(case, alert.session_id)
        on = session is None or session.on
        if change.kind == "raised" and alert.rule in HOLDING and on and starts_at and starts_at > change.at:
            yield new(alert.alert_id, "hold", "hold", change.at, site_id=case.site_id, to=case.mentor_id,
                      until=starts_at, about={"session_id": alert.session_id})  # fmt: skip
        if _asks(alert):
            yield _to_staff(case, change, alert)


def _start(case: MentorCase, session_id: UUID | None) -> datetime | None:
    """By the plan; an answer may come before it, and knows a start, too."""
    if session := case.session(session_id):
        return session.starts_at
    told: list[Training | Hold] = [*case.history.trainings, *case.history.holds]
    return min((one.starts_at for one in told if one.session_id == session_id), default=None)


def _to_staff(case: MentorCase, change: Change, alert: Alert) -> Notice:
    urgent = "/urgent" if alert.severity == "urgent" else ""
    kind: Kind = "escalation" if alert.escalated_at else "alert"
    first = alert.supervisor_id if alert.with_role in ("supervisor", "on_call") else None
    to = alert.with_person if alert.escalated_at else first
    until = max(change.at + ALERT_LIFE, _start(case, alert.session_id) or change.at)
    whom = f"/{to}" if to and kind == "alert" else ""  # who takes a mentor over has been told of nothing yet
    in_list = alert.place == "grouped" and alert.severity != "urgent" and kind == "alert" and alert.supervisor_id
    about = {
        "alert_id": alert.alert_id, "mentor_id": case.mentor_id, "session_id": alert.session_id, "with_role": alert.with_role,
        "for": to or LEAD, "one": f"grouped/{alert.rule}" if in_list else None,
    }  # fmt: skip
    name = f"{alert.with_role}{whom}/{alert.raised_at.isoformat()}{urgent}"
    return new(alert.alert_id, name, kind, change.at, site_id=case.site_id, to=to, until=until, about=about)


def _asks(alert: Alert) -> bool:
    waits = alert.state == "open" and alert.snoozed_until is None and alert.place_at is None
    somebody = alert.with_role in ("supervisor", "back_up", "site_lead") or (
        alert.with_role == "on_call" and not alert.escalated_at
    )
    return waits and alert.severity != "info" and somebody
