"""What a notice says to supervisors and site leads, in English like the console: who, until when, and where to look. Pure.

No mail says why: a result may stand in an inbox, on a locked screen, in an archive that nobody remembers.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from services.supervision.letter_desk import Desk, Letter, NotNow, NoUse, Written
from services.supervision.letter_facts import Alert, Line
from services.supervision.notices import LEAD, Kind
from services.supervision.screens import said
from shared.pages import times

ON_CALL = "No working hours are left before the session. If you cannot see to it, please ask the person on call."
BETWEEN, SOON = timedelta(hours=1), timedelta(seconds=30)
ASKS = {  # what the mentor said to us, in a word; for every other rule its urgency is all
    "safeguarding_button_pressed": "Please call now",
    "mentor_asked_to_talk": "Asked to talk",
}


def alert(desk: Desk) -> Written:
    if later := _taken(desk) or _quiet(desk) or _told_together(desk):
        return later
    if len(desk.facts.together) > 1:
        return _list(desk)
    found, before = desk.alert, _before(desk)
    word = ASKS.get(found.rule, "Talk first" if found.urgent else "Please look")
    if found.rule in ASKS:
        asks = f"{found.mentor_name} asked to be called."
    elif before:
        asks = f"Please talk with {found.mentor_name} before the session {desk.on(before)}."
    else:
        asks = f"There is something to look at about {found.mentor_name}."
    return Letter(
        subject=_subject(word, found, desk),
        before=(asks, *((ON_CALL,) if found.with_role == "on_call" else _until(desk))),
        label="Open the alert",
        url=_alerts(desk, found),
        after=("The alert says why, once you are signed in.",),
        text=f"{_subject(word, found, desk)}. {' '.join(_until(desk))}".strip(),
    )


def _list(desk: Desk) -> Letter:
    """One mail for all that stand in one list."""
    found = desk.facts.together
    mentors = len({one.mentor_name for one in found})
    subject = f"Please look: {said.counted(mentors, 'mentor', 'mentors')}"
    first = min((one.acknowledge_by for one in found if one.acknowledge_by and one.acknowledge_by > desk.facts.now), default=None)
    return Letter(
        subject=subject,
        before=("There is something to look at about each of them.", *_by(desk, first, "the first")),
        label="Open the list",
        url=f"{desk.console}/alerts#group-{desk.alert.rule}",
        lines=tuple(Line(_subject("", one, desk).removeprefix(": "), f"/alerts#alert-{one.alert_id}") for one in found),
        after=("The alerts say why, once you are signed in.",),
        text=f"{subject}.",
    )


def escalation(desk: Desk) -> Written:
    if later := _taken(desk) or _quiet(desk):
        return later
    found = desk.alert
    since = f"about {found.mentor_name}, open since {_clock(desk, found.raised_at)}"
    word, asks = {
        "asked": ("Passed on", f"Somebody passed on an alert {since}."),
        "unreached": ("Now with you", f"There is an alert {since}, and no message reached whoever was asked before you."),
    }.get(
        found.passed_why or "",
        ("Not acknowledged", f"{found.supervisor_name or 'Nobody'} has not acknowledged an alert {since}."),
    )
    return Letter(
        subject=_subject(word, found, desk),
        before=(asks + " Now it is with you.", *_until(desk)),
        label="Open the alert",
        url=_alerts(desk, found),
        after=("The alert says why, once you are signed in.",),
        text=f"{_subject(word, found, desk)}. Now it is with you.",
    )


def briefs(desk: Desk) -> Written:
    """The day's sessions, by what they wait for."""
    facts = desk.facts
    if not facts.first_at or not (facts.talk or facts.waiting):
        return NoUse("nothing_to_do")
    if later := _told_today(desk):
        return later
    counts = [f"{facts.talk} to talk with"] * bool(facts.talk) + [f"{facts.waiting} waiting"] * bool(facts.waiting)
    subject = f"{said.sentence(_clock(desk, facts.first_at))} and later: {', '.join(counts)}"
    return Letter(
        subject=subject,
        before=("These are the sessions to come today:",),
        label="Open Today",
        url=f"{desk.console}/today",
        lines=facts.lines,
        text=f"{subject}.",
    )


def digest(desk: Desk) -> Written:
    lines = desk.facts.lines
    if not lines:
        return NoUse("nothing_to_do")
    things = said.counted(int(desk.notice.about.get("alerts", len(lines))), "thing", "things")
    own = desk.notice.about.get("of", str(desk.reader.person_id)) == str(desk.reader.person_id)
    whose = () if own else ("It is the list of somebody you stand in for.",)
    return Letter(
        subject=f"This week: {things} that could wait",
        before=("None of this is urgent. Each line opens what it is about.", *whose),
        label="Open the list" if own else "Open Alerts",
        url=f"{desk.console}/{'digest' if own else 'alerts'}",
        lines=lines,
        text=f"This week: {things} that could wait.",
    )


def receiver(desk: Desk) -> Written:
    """A system of the site's own follows alerts, and does not answer any more."""
    if later := desk.quiet(None):
        return later
    about = desk.notice.about
    name, answer = f"“{about['receiver']}”", said.receivers_answer(about.get("answer", ""))
    stopped = "has asked us to send it nothing more about alerts." if about.get("state") == "gone" else (
        f"has taken nothing about alerts for three days{answer}."
    )  # fmt: skip
    return Letter(
        subject=f"A system of your site hears of no alerts: {name}",
        before=(f"Your system {name} {stopped}", "Please tell whoever looks after it. People hear of alerts as before."),
        after=("Once it answers again, whoever runs jitt for you can let it go on. What it has not heard is kept for it.",),
        text=f"A system of your site hears of no alerts: {name}.",
    )


def imported(desk: Desk) -> Written:
    """What became of a list of people that took long, or that did not come in: to whoever sent it."""
    if later := NoUse("no_address") if not desk.reader.email else desk.quiet(None):
        return later
    about = desk.notice.about
    done = about.get("state") == "done"
    subject = "Your list of people is in" if done else "Your list of people did not come in"
    what = "has come in." if done else "could not be brought in. The page says what to do."
    return Letter(
        subject=subject,
        before=(f"The list of people that was sent in on the console {what}",),
        label="Open the import",
        url=f"{desk.console}/imports/{about.get('import_id', '')}",
        text=f"{subject}.",
    )


WRITERS: Mapping[Kind, Callable[[Desk], Written]] = {
    "alert": alert,
    "escalation": escalation,
    "briefs": briefs,
    "digest": digest,
    "receiver": receiver,
    "import": imported,
}


def _quiet(desk: Desk) -> NotNow | None:
    """What is urgent knows no night, nor what has to be answered or talked over before the morning."""
    found = desk.alert
    first = min((at for at in (found.acknowledge_by, found.starts_at) if at), default=None)
    return None if found.urgent else desk.quiet(first)


def _taken(desk: Desk) -> NoUse | None:
    """Somebody was quicker, or it waits for another day or person by now."""
    found = desk.facts.alert
    if found is None or found.state != "open" or found.snoozed:
        return NoUse("taken_already" if found else "unknown_alert")
    if found.with_role != desk.notice.about.get("with_role", found.with_role):
        return NoUse("passed_on")
    return NoUse("asks_somebody_else") if desk.notice.about.get("for", LEAD) not in (str(found.asked), LEAD) else None


def _told_together(desk: Desk) -> NoUse | NotNow | None:
    """Of one list. What came up before its last mail left stood on it; later ones wait for an hour, unless that is too long."""
    twins, now = desk.facts.twins, desk.facts.now
    if twins.sent_at and twins.sent_at >= desk.notice.created_at:
        return NoUse("told_together")
    if twins.under_way:
        return NotNow(now + SOON, "told_together")
    again, by = (twins.sent_at or now) + BETWEEN, desk.alert.acknowledge_by
    return NotNow(again, "told_lately") if twins.sent_at and again > now and (by is None or by > again + BETWEEN) else None


def _told_today(desk: Desk) -> NoUse | NotNow | None:
    """Who stands in for somebody gets one mail about the day, like everybody: it lists the sessions of both."""
    if desk.facts.twins.under_way:
        return NotNow(desk.facts.now + SOON, "told_together")
    return NoUse("told_together") if desk.facts.twins.sent_at else None


def _before(desk: Desk) -> datetime | None:
    starts_at = desk.alert.starts_at
    return starts_at if starts_at and starts_at > desk.facts.now else None


def _subject(word: str, found: Alert, desk: Desk) -> str:
    before = _before(desk)
    return f"{word}: {found.mentor_name}, {desk.when(before)}" if before else f"{word}: {found.mentor_name}"


def _until(desk: Desk) -> tuple[str, ...]:
    if desk.notice.kind == "escalation" or desk.alert.with_role == "on_call":
        return ()
    return _by(desk, desk.alert.acknowledge_by, "it")


def _by(desk: Desk, by: datetime | None, what: str) -> tuple[str, ...]:
    if by is None or by <= desk.facts.now:
        return ()
    return (f"Acknowledge {what} by {_clock(desk, by)}. After that the next in line is asked.",)


def _alerts(desk: Desk, found: Alert) -> str:
    return f"{desk.console}/alerts#alert-{found.alert_id}"


def _clock(desk: Desk, at: datetime) -> str:
    """4:00 pm, or with its day where that is another one."""
    return times.clock(at, desk.reader.zone) if desk.today(at) else desk.when(at)
