"""An alert's life inside its mentor's case: raised, updated, taken, passed on, snoozed, closed. Pure.

`reviewed` compares what the rules claim now with the alerts at hand, so the same facts in any order end in the same alerts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.supervision import budget, deadlines, rules, rules_match
from services.supervision.budget import Ask
from services.supervision.claims import Claim
from services.supervision.domain import REMEMBERED_HANDLED, WEEK, Alert, Change, MentorCase, PassedWhy, Seen, With
from services.supervision.rules import BY_NAME, RULES, Rule
from shared.contracts import ids
from shared.contracts.event import Event
from shared.contracts.supervision import (
    AlertAcknowledged,
    AlertEscalated,
    AlertPlaced,
    AlertRaised,
    AlertResolved,
    AlertSeen,
    AlertSnoozed,
)

Told = tuple[MentorCase, list[Event]]
Line = Mapping[With, UUID | None]  # who stands where in the line; a role that nobody has is passed over
RANK = ("info", "attention", "urgent")
AFTER_LEAVING = ("safeguarding_button_pressed", "confident_miss_on_safety_item", "safety_item_missed", "mentor_asked_to_talk")


def reviewed(case: MentorCase, now: datetime) -> Told:
    """Every rule in turn; each sees the alerts that the ones before it have opened or closed."""
    events: list[Event] = []
    for rule in RULES:
        case, told = _matched(case, rule, now)
        events += told
    review_at = _next_look(case, now)
    return (case if review_at == case.review_at else replace(case, review_at=review_at)), events


def _matched(case: MentorCase, rule: Rule, now: datetime) -> Told:
    over = case.status == "left" and rule.name not in AFTER_LEAVING
    claims = {} if over else {claim.subject: claim for claim in rule.holds(case, now)}
    live = {alert.subject: alert for alert in case.alerts if alert.live and alert.rule == rule.name}
    events: list[Event] = []
    for subject, claim in claims.items():
        case, told = _updated(case, live[subject], claim, now) if subject in live else _raised(case, rule, claim, now)
        events += told
    for subject, alert in live.items():
        if (rule.lifts or over) and subject not in claims:
            case, told = resolved(case, alert, now, how="left" if over else _why_lifted(case, alert, now))
            events += told
    return case, events


def _raised(case: MentorCase, rule: Rule, claim: Claim, now: datetime) -> Told:
    fresh = claim.evidence - _handled(case, rule)
    if not fresh:
        return case, []
    by = rule.acknowledge_by(claim, now)
    alert = Alert(
        alert_id=ids.after(case.mentor_id, f"{rule.name}/{claim.subject}/{min(fresh)}"),
        mentor_id=case.mentor_id,
        site_id=case.site_id,
        supervisor_id=case.supervisor_id,
        session_id=claim.session_id,
        rule=rule.name,
        rule_version=rule.version,
        subject=claim.subject,
        severity=rules.severity(claim, now),
        with_role=_first(case, rule, claim, now),
        facts=claim.facts,
        evidence=tuple(sorted(fresh)),
        raised_at=now,
        acknowledge_by=by,
        escalate_at=by,
    )
    alert = _asking(alert, now)
    return put(case, alert, "raised", now), [said_raised(alert, now)]


def _updated(case: MentorCase, alert: Alert, claim: Claim, now: datetime) -> Told:
    """Later facts update the one open alert. New evidence opens it again for somebody who had only taken note."""
    rule = BY_NAME[alert.rule]
    fresh = claim.evidence - _handled(case, rule)
    unseen = bool(fresh - set(alert.evidence))
    again = unseen and alert.state == "acknowledged"
    raised_at = now if again else alert.raised_at
    new = replace(
        alert,
        session_id=claim.session_id,
        severity=rules.severity(claim, raised_at),
        facts=claim.facts,
        evidence=tuple(sorted({*alert.evidence, *fresh})),
        raised_at=raised_at,
    )
    if again:
        new = replace(
            new, state="open", with_role=_first(case, rule, claim, now), acknowledged_at=None, acknowledged_by=None,
            escalated_at=None, asked_at=None, place=None, with_person=None, seen=(), passed_why=None,
        )  # fmt: skip
    elif new.state == "open" and not new.escalated_at and new.with_role != "digest":
        new = replace(new, with_role=_first(case, rule, claim, raised_at))
    new = _asking(new, now)
    by = rule.acknowledge_by(claim, new.asked_at or raised_at)
    if by and new.state == "open" and not new.escalated_at and new.with_role != "digest" and by != alert.acknowledge_by:
        new = replace(new, acknowledge_by=by, escalate_at=by if not new.snoozed_until else max(by, new.snoozed_until))
    if new == alert:
        return case, []
    worth_saying = unseen or RANK.index(new.severity) > RANK.index(alert.severity)
    return put(case, new, "reopened" if again else "updated", now), [said_raised(new, now)] if worth_saying else []


def _first(case: MentorCase, rule: Rule, claim: Claim, now: datetime) -> With:
    """No supervisor known: the site lead, then the on-call number. That one at once where nobody works in time any more."""
    if rule.digest:
        return "digest"
    if rule.margin is not None and case.enrolled and deadlines.nobody_works_before(claim, now, rule.margin):
        return "on_call"
    return "supervisor" if case.supervisor_id else "site_lead"


def _asking(alert: Alert, now: datetime) -> Alert:
    """An alert that comes to ask for attention gets its place in the supervisor's week; what is urgent needs none.

    One that somebody has taken asks for nothing any more.
    """
    asks = alert.severity == "attention" and alert.with_role == "supervisor" and alert.state == "open"
    if asks and not alert.asked_at:
        return replace(alert, asked_at=now, place_at=budget.place_at(now))
    return alert if alert.severity == "attention" or not alert.place_at else replace(alert, asked_at=None, place_at=None)


def placed(case: MentorCase, alert: Alert, asks: Iterable[Ask], now: datetime) -> Told:
    """On its own, in a list with others of its kind, or for Monday."""
    assert alert.asked_at
    place = budget.place(Ask(alert.alert_id, alert.rule, alert.asked_at), asks)
    new = replace(alert, place=place, place_at=None)
    if place == "digest":
        new = replace(quiet(new), with_role="digest")
    return put(case, new, "placed", now), [AlertPlaced(**_common(new, now), place=place)]


def _handled(case: MentorCase, rule: Rule) -> set[str]:
    start = f"{rule.name}:"
    return {one.removeprefix(start) for one in case.history.handled if one.startswith(start)}


def _why_lifted(case: MentorCase, alert: Alert, now: datetime) -> str:
    if how := BY_NAME[alert.rule].how:
        return how
    session = case.session(alert.session_id)
    return "session_over" if session is None or not session.on or session.starts_at <= now else "lifted"


def _next_look(case: MentorCase, now: datetime) -> datetime | None:
    """When time alone can change what is claimed: a session that lacks a clearance becomes the next within a week, for one."""
    coming = case.coming(now) if case.enrolled else []
    if not any(case.lack(function, s.starts_at) for s in coming for function in s.required):
        coming = [s for s in coming if any(a.live and a.session_id == s.session_id for a in case.alerts)]
    instants = {at for s in coming for at in (s.starts_at - WEEK, s.starts_at)}
    return min((at for at in (*instants, *rules_match.instants(case, now)) if at > now), default=None)


def put(case: MentorCase, alert: Alert, kind: str, now: datetime) -> MentorCase:
    """The case with this alert in its new state, and a line in the live feed."""
    others = tuple(one for one in case.alerts if one.alert_id != alert.alert_id)
    change = Change(alert.alert_id, alert.supervisor_id, kind, now, alert)
    return replace(case, alerts=(*others, alert), changes=(*case.changes, change))


def resolved(
    case: MentorCase,
    alert: Alert,
    now: datetime,
    *,
    how: str,
    by: UUID | None = None,
    note: str | None = None,
    contact_id: UUID | None = None,
) -> Told:
    """Closed. What a person has dealt with raises nothing again; what lifted by itself may come back."""
    ending: dict[str, Any] = {"resolved_at": now, "resolved_by": by, "how": how, "note": note, "contact_id": contact_id}
    closed = replace(quiet(alert), state="resolved", **ending)
    if by:
        handled = (*case.history.handled, *(f"{alert.rule}:{one}" for one in alert.evidence))
        case = replace(case, history=replace(case.history, handled=handled[-REMEMBERED_HANDLED:]))
    return put(case, closed, "resolved", now), [AlertResolved(**_common(closed, now), by=by, how=how)]


def reopened(case: MentorCase, alert: Alert, now: datetime) -> Told:
    """As it was before a contact that was undone. Where a newer alert is open by now, that one takes its evidence over."""
    told = {f"{alert.rule}:{one}" for one in alert.evidence}
    handled = tuple(one for one in case.history.handled if one not in told)
    case = replace(case, history=replace(case.history, handled=handled))
    if any(a.live and (a.rule, a.subject) == (alert.rule, alert.subject) for a in case.alerts):
        return case, []
    nothing: dict[str, Any] = dict.fromkeys(("resolved_at", "resolved_by", "how", "note", "contact_id"))
    back = replace(alert, state="acknowledged" if alert.acknowledged_at else "open", **nothing)
    back = back if alert.acknowledged_at else replace(back, escalate_at=waits_for(alert, now))
    return put(case, back, "reopened", now), [said_raised(back, now)]


def waits_for(alert: Alert, now: datetime) -> datetime | None:
    """The escalation an open alert waits for: its deadline, or at once when that has passed; None at the end of the line."""
    if not alert.escalated_at:
        return alert.acknowledge_by
    return now if BY_NAME[alert.rule].after(alert.with_role) else None


def quiet(alert: Alert) -> Alert:
    return replace(alert, escalate_at=None, snoozed_until=None, place_at=None)


def seen(case: MentorCase, alert: Alert, by: UUID, now: datetime) -> Told:
    """Nothing waits for it, and nothing stops: only whoever takes an alert answers for it."""
    new = replace(alert, seen=(*alert.seen, Seen(by, now, alert.with_role)))
    return put(case, new, "seen", now), [AlertSeen(**_common(new, now), by=by, with_role=alert.with_role)]


def taken(case: MentorCase, alert: Alert, by: UUID, now: datetime) -> Told:
    new = replace(quiet(alert), state="acknowledged", acknowledged_at=now, acknowledged_by=by)
    return put(case, new, "acknowledged", now), [AlertAcknowledged(**_common(new, now), by=by)]


def let_go(case: MentorCase, alert: Alert, now: datetime) -> Told:
    back = replace(alert, state="open", acknowledged_at=None, acknowledged_by=None, escalate_at=waits_for(alert, now))
    return put(case, back, "reopened", now), [said_raised(back, now)]


def snoozed(case: MentorCase, alert: Alert, until: datetime, now: datetime, by: UUID) -> Told:
    """Quiet for a while. Escalation waits as long, but never beyond the session's start."""
    session = case.session(alert.session_id)
    limit = min(until, session.starts_at) if session and session.starts_at > now else until
    later = max(alert.escalate_at, limit) if alert.escalate_at else None
    new = replace(alert, snoozed_until=until, escalate_at=later)
    return put(case, new, "snoozed", now), [AlertSnoozed(**_common(new, now), until=until, by=by)]


def next_in_line(alert: Alert, line: Line) -> With | None:
    """For whom somebody stands: the on-call number always is there."""
    rule = BY_NAME[alert.rule]
    role = rule.after(alert.with_role)
    while role in ("back_up", "site_lead") and not line.get(role):
        role = rule.after(role)
    return role


def escalated(case: MentorCase, alert: Alert, line: Line, now: datetime, why: PassedWhy = "deadline") -> Told:
    """To the next in line. At the end it stays open, for ever."""
    rule, role = BY_NAME[alert.rule], next_in_line(alert, line)
    if role is None or role == "digest":
        return put(case, replace(quiet(alert), with_role=role or alert.with_role), "updated", now), []
    again = now + rule.step if rule.after(role) else None
    to = line.get(role)
    new = replace(alert, with_role=role, with_person=to, escalated_at=now, escalate_at=again, snoozed_until=None, place_at=None,
                  passed_why=why)  # fmt: skip
    return put(case, new, "escalated", now), [AlertEscalated(**_common(new, now), to=to, to_role=role, why=why)]


def came_due(case: MentorCase, line: Line, asks: Iterable[Ask], now: datetime) -> Told:
    """Acts on every alert's clocks that have come."""
    events: list[Event] = []
    for alert in case.alerts:
        if not alert.live:
            continue
        if alert.place_at and alert.place_at <= now:
            case, told = placed(case, alert, asks, now)
            events += told
        elif alert.escalate_at and alert.escalate_at <= now:
            case, told = escalated(case, alert, line, now)
            events += told
        elif alert.snoozed_until and alert.snoozed_until <= now:
            case = put(case, replace(alert, snoozed_until=None), "returned", now)
    return case, events


def with_supervisor(case: MentorCase, now: datetime) -> MentorCase:
    """Open alerts follow the mentor to the supervisor of now, unless they went up the line already.

    One that asked a site's lead, as no supervisor was known, first gets its place in the week of whom it asks now.
    """
    for alert in case.alerts:
        if alert.live and alert.supervisor_id != case.supervisor_id:
            direct = alert.with_role in ("supervisor", "site_lead") and not alert.escalated_at
            role: With = ("supervisor" if case.supervisor_id else "site_lead") if direct else alert.with_role
            case = put(case, _asking(replace(alert, supervisor_id=case.supervisor_id, with_role=role), now), "updated", now)
    return case


def find(alerts: Iterable[Alert], alert_id: UUID) -> Alert | None:
    return next((alert for alert in alerts if alert.alert_id == alert_id), None)


def said_raised(alert: Alert, now: datetime) -> AlertRaised:
    return AlertRaised(**_common(alert, now), facts=dict(alert.facts), acknowledge_by=alert.acknowledge_by)


def _common(alert: Alert, now: datetime) -> dict[str, Any]:
    names = ("alert_id", "mentor_id", "site_id", "rule", "rule_version", "severity", "supervisor_id", "session_id")
    return {name: getattr(alert, name) for name in names} | {"at": now}
