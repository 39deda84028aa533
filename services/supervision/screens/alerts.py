"""The alerts page: each alert as a claim with its deadline, who is asked next, and what can be done about it now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.supervision.budget import IN_A_WEEK
from services.supervision.domain import UNDO
from services.supervision.rules import BY_NAME
from services.supervision.screens import alert_words, said, today
from services.supervision.screens.days_off import Card
from services.supervision.screens.facts import SAFETY_RULES, Alert, Staff
from shared.pages import times

STATES = ("open", "acknowledged", "resolved")
EMPTY = {
    "open": "No open alerts.",
    "acknowledged": "No alert is waiting for its talk.",
    "resolved": "Nothing resolved in the last two weeks.",
}
HOW = {
    "talked": "You two talked.",
    "not_needed": "Not needed.",
    "session_over": "The session is over.",
    "left": "It closed by itself: the mentor has left this site.",
    "noted": "",
    "lifted": "It closed by itself: what it said is no longer so.",
    "taken_back": "It closed by itself: the mentor took it back.",
    "corrected": "It closed by itself: a question was wrong and has been corrected.",
}


PLACES = {
    "grouped": "It stands in one list with others of its kind: more came this week than are asked about one by one.",
    "digest": "It waits for Monday’s list: other alerts had come first this week.",
}


@dataclass(frozen=True, slots=True)
class Deadline:
    """Acknowledge by *clock*, or it goes to Priya Nair, site lead."""

    clock: str
    iso: str
    otherwise: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Row:
    id: UUID
    kind: str
    kind_words: str
    since: str
    heading: str
    fact: str
    mentor: str
    brief: str | None
    mentor_href: str
    phone: str
    tel: str
    why: str
    rule: str
    version: int
    place: str  # why it stands where it does
    deadline: Deadline | None
    acknowledge: bool
    pass_to: str | None
    resolve: bool
    must_be_taken: bool
    talk: bool  # a logged talk closes it, and nothing has to be ticked for that
    mentor_id: UUID
    session_id: UUID | None
    news: str  # who has it, who closed it, or where it went
    seen: str  # by whom, and since when
    unseen: bool  # by the viewer


@dataclass(frozen=True, slots=True)
class Group:
    """Several alerts of a rule that are one to their reader."""

    id: str
    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Undo:
    """What the viewer has just taken, which they can take back."""

    words: str
    alerts: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Alerts:
    title: str
    state: str
    tabs: tuple[tuple[str, str, bool], ...]  # words, state, here
    rows: tuple[Row, ...]
    together: tuple[Group, ...]  # what is one line with a list, in the open tab only
    monday: tuple[Row, ...]  # what can wait, in the open tab only
    note: str
    empty: str
    days_off: tuple[Card, ...] = ()  # in the open tab only
    standing_in: str = ""
    undo: Undo | None = None  # in the tab of those that were acknowledged


def page(alerts: Sequence[Alert], state: str, counts: Mapping[str, int], viewer: Staff, now: datetime) -> Alerts:
    rows = [(alert, row(alert, viewer, now)) for alert in alerts]
    can_wait = [one for alert, one in rows if alert.with_role == "digest" and state == "open"]
    together = _together(rows) if state == "open" else ()
    apart = {id(one) for one in can_wait} | {id(one) for group in together for one in group.rows}
    return Alerts(
        title=_title(state, counts),
        state=state,
        tabs=tuple((_tab(name, counts), name, name == state) for name in STATES),
        rows=tuple(one for _, one in rows if id(one) not in apart),
        together=together,
        monday=tuple(can_wait),
        note=note(None),
        empty=EMPTY[state],
        undo=undo(alerts, viewer, now),
    )


def undo(alerts: Sequence[Alert], viewer: Staff, now: datetime) -> Undo | None:
    """The last that the viewer acknowledged, one or several with one tap, for ten minutes."""
    mine = [(a.acknowledged_at, a) for a in alerts if a.state == "acknowledged" and a.taken_by == viewer.id and a.acknowledged_at]
    last = max((at for at, _ in mine), default=None)
    if last is None or now - last > UNDO:
        return None
    together = [alert for at, alert in mine if at == last]
    what = f"an alert about {together[0].mentor.name}" if len(together) == 1 else f"{said.number(len(together))} alerts"
    return Undo(f"You acknowledged {what} {_at(last, now, viewer.zone)}.", tuple(alert.id for alert in together))


def _together(rows: Sequence[tuple[Alert, Row]]) -> tuple[Group, ...]:
    """The rules of which one alert more was put to the others: all that are open, in one list."""
    rules = dict.fromkeys(alert.rule for alert, _ in rows if alert.place == "grouped" and alert.severity != "urgent")
    groups = []
    for rule in rules:
        of_rule = tuple(one for alert, one in rows if alert.rule == rule and alert.place in ("own", "grouped"))
        if len(of_rule) > 1:
            mentors = said.counted(len({one.mentor_id for one in of_rule}), "mentor", "mentors")
            groups.append(Group(rule, f"{said.sentence(mentors)}: {alert_words.together(rule)}", of_rule))
    return tuple(groups)


def note(asked: int | None) -> str:
    """`asked`: of a supervisor's week, how many places are taken."""
    always = "Safety alerts always come through."
    if asked is None:
        return f"{always} Whatever is less urgent waits for Monday’s list."
    return f"{asked} of your {IN_A_WEEK} alerts for this week. Whatever is less urgent waits for Monday’s list. {always}"


def _title(state: str, counts: Mapping[str, int]) -> str:
    count = counts.get(state, 0)
    return f"{count} {state} {'alert' if count == 1 else 'alerts'}" if count else f"No {state} alerts"


def _tab(state: str, counts: Mapping[str, int]) -> str:
    count = counts.get(state, 0) if state != "resolved" else 0
    return f"{said.sentence(state)} {count}" if count else said.sentence(state)


def row(alert: Alert, viewer: Staff, now: datetime) -> Row:
    kind = alert_words.kind(alert)
    has_brief = alert.meeting is not None and alert.meeting.training is not None
    return Row(
        id=alert.id,
        kind=kind,
        kind_words=alert_words.KINDS[kind],
        since=_since(alert, now, viewer.zone),
        heading=alert_words.claim(alert),
        fact=fact(alert, now, viewer.zone),
        mentor=alert.mentor.name,
        brief=f"/briefs/{alert.meeting.training.id}" if has_brief and alert.meeting and alert.meeting.training else None,
        mentor_href=f"/mentors/{alert.mentor.id}",
        phone=alert.mentor.phone,
        tel=said.tel(alert.mentor.phone),
        why=alert_words.why(alert),
        rule=alert.rule,
        version=alert.rule_version,
        place=PLACES.get(alert.place or "", ""),
        deadline=deadline(alert, viewer, now) if alert.state == "open" else None,
        acknowledge=alert.state == "open",
        pass_to=pass_to(alert, viewer),
        resolve=alert.state == "acknowledged" or (alert.state == "open" and not must_be_taken(alert)),
        must_be_taken=alert.state == "open" and must_be_taken(alert),
        talk=alert.state == "acknowledged" and a_talk_is_enough(alert),
        mentor_id=alert.mentor.id,
        session_id=alert.session_id,
        news=news(alert, viewer, now),
        seen=seen(alert, viewer, now),
        unseen=alert.state == "open" and all(one.by != viewer.id for one in alert.seen),
    )


def must_be_taken(alert: Alert) -> bool:
    """Nobody resolves a safety alert that no named person has taken."""
    return alert.severity == "urgent" or alert.rule in SAFETY_RULES


def a_talk_is_enough(alert: Alert) -> bool:
    rule = BY_NAME.get(alert.rule)
    return rule is not None and rule.talk and alert.rule not in SAFETY_RULES


def _since(alert: Alert, now: datetime, zone: str) -> str:
    at, what = alert.raised_at, "Raised"
    if alert.state == "acknowledged" and alert.acknowledged_at:
        at, what = alert.acknowledged_at, "Acknowledged"
    if alert.state == "resolved" and alert.resolved_at:
        at, what = alert.resolved_at, "Resolved"
    return f"{what} {_short(at, now, zone)}"


def _short(at: datetime, now: datetime, zone: str) -> str:
    """2:20 pm; Tuesday, 9:12 am"""
    day = said.day(at, now, zone)
    return times.clock(at, zone) if day == "today" else f"{day}, {times.clock(at, zone)}"


def fact(alert: Alert, now: datetime, zone: str) -> str:
    return said.clipped([_topic(alert), _session(alert, now, zone)])


def _topic(alert: Alert) -> str:
    training = alert.meeting.training if alert.meeting else None
    if alert.rule not in SAFETY_RULES or training is None:
        return ""
    topics = [miss.item.topic for miss in training.misses if miss.first.safety and miss.item]
    return f"{said.sentence(said.listed(topics[:2]))}." if topics else ""


def _session(alert: Alert, now: datetime, zone: str) -> str:
    meeting = alert.meeting
    if meeting is None:
        at = alert.facts.get("session_at")
        return f"The session was {said.when(datetime.fromisoformat(at), now, zone)}." if at else ""
    left = meeting.starts_at - now
    if left < timedelta(0):
        return f"The session was {said.when(meeting.starts_at, now, zone)}."
    soon = f", in {said.span(left)}" if left < timedelta(days=1) else ""
    return f"{today.plan(meeting)}, {said.when(meeting.starts_at, now, zone)}{soon}."


def deadline(alert: Alert, viewer: Staff, now: datetime) -> Deadline | None:
    if alert.acknowledge_by is None:
        return None
    at, otherwise = alert.acknowledge_by, _otherwise(alert, viewer)
    return Deadline(said.moment(at, now, viewer.zone), times.iso(at, viewer.zone), otherwise, at <= now)


def _next(alert: Alert) -> str | None:
    """Who is asked next; nobody stands in the place of a back-up where there is none."""
    rule = BY_NAME.get(alert.rule)
    if rule is None or alert.with_role == "digest":
        return None
    role = rule.after(alert.with_role)
    return rule.after(role) if role == "back_up" and not alert.back_up else role


def _otherwise(alert: Alert, viewer: Staff) -> str:
    match _next(alert):
        case "back_up":
            return f", or it goes to {alert.back_up}."
        case "site_lead":
            return ", or it comes to you." if viewer.leads else f", or it goes to {_leads(viewer)}."
        case "on_call":
            return ", or it goes to the person on call."
        case "digest":
            return ", or it waits for Monday’s list."
    return "."


def _leads(viewer: Staff) -> str:
    return f"{viewer.leads_of_site[0]}, site lead" if viewer.leads_of_site else "the site lead"


def pass_to(alert: Alert, viewer: Staff) -> str | None:
    """The words of the button that hands an open alert on; None where nobody is next in line."""
    role = _next(alert) if alert.state == "open" else None
    if role in (None, "digest") or (role == "site_lead" and viewer.leads):
        return None
    if role == "on_call":
        return "Pass to the person on call"
    name = alert.back_up if role == "back_up" else next(iter(viewer.leads_of_site), None)
    return f"Pass to {said.first_name(name) if name else 'the site lead'} now"


def news(alert: Alert, viewer: Staff, now: datetime) -> str:
    zone = viewer.zone
    if alert.state == "resolved" and alert.resolved_at:
        by = f"{alert.resolved_by} resolved this" if alert.resolved_by else "This was resolved"
        return said.clipped([f"{by} {_at(alert.resolved_at, now, zone)}.", alert.note or HOW.get(alert.how or "", "")])
    if alert.state == "acknowledged" and alert.acknowledged_at:
        return f"{alert.acknowledged_by or 'Somebody'} acknowledged this {_at(alert.acknowledged_at, now, zone)}."
    if alert.escalated_at:
        why = " No message reached who was asked before." if alert.passed_why == "unreached" else ""
        return f"Passed on to {_holder(alert, viewer)}, {_at(alert.escalated_at, now, zone)}.{why}"
    if alert.snoozed_until and alert.snoozed_until > now:
        return f"Snoozed until {said.moment(alert.snoozed_until, now, zone)}."
    if viewer.leads and alert.with_role == "supervisor" and alert.mentor.supervisor_name:
        return f"With {alert.mentor.supervisor_name}."
    return "With the person on call: no working hours are left before the session." if alert.with_role == "on_call" else ""


def seen(alert: Alert, viewer: Staff, now: datetime) -> str:
    """While nobody has taken it: after that, who has it says more."""
    if alert.state != "open" or not alert.seen:
        return ""
    who = [f"{'you' if one.by == viewer.id else one.name} {_at(one.at, now, viewer.zone)}" for one in alert.seen]
    return f"Seen by {said.listed(who)}."


def _holder(alert: Alert, viewer: Staff) -> str:
    if alert.with_role == "site_lead":
        return _leads(viewer)
    if alert.with_role == "back_up":
        return alert.passed_to or "the back-up"
    return "the person on call" if alert.with_role == "on_call" else "Monday’s list"


def _at(at: datetime, now: datetime, zone: str) -> str:
    moment = said.moment(at, now, zone)
    return moment if " at " in moment else f"at {moment}"


def live(change: str, alert: Alert) -> str:
    """One sentence for the page's status line."""
    claim = alert_words.claim(alert)
    match change:
        case "raised" | "reopened" | "returned":
            return f"Live. New: {claim}."
        case "acknowledged":
            return f"Live. {alert.acknowledged_by or 'Somebody'} acknowledged: {claim}."
        case "resolved":
            return f"Live. Resolved: {claim}."
        case "escalated":
            return f"Live. Passed on: {claim}."
        case "placed":
            return f"Live. For Monday’s list: {claim}." if alert.place == "digest" else f"Live. New: {claim}."
    return "" if change == "seen" else f"Live. Changed: {claim}."


def overtaken(alert: Alert, viewer: Staff, now: datetime) -> tuple[str, str]:
    """Heading and sentence of the page that says somebody was faster."""
    said_now = news(alert, viewer, now)
    if alert.state == "acknowledged":
        return f"Already acknowledged by {alert.acknowledged_by or 'somebody else'}. Nothing to do.", said_now
    if alert.state == "resolved":
        return "Already resolved. Nothing to do.", said_now
    return "This alert has changed.", said_now or "Look at it again before you decide."
