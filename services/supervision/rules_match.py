"""Rules about a match that goes on: sessions that are missed, talks that are due, clearances that end, and goodbyes. Pure.

Each holds for a while by the clock alone; `instants` tells when to look again.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.supervision.cadence import next_contact_due
from services.supervision.claims import Claim
from services.supervision.domain import MentorCase, Session
from shared.contracts.supervision import Match, Severity

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
STREAKS = (2, 4)  # missed in a row: asked at the second, and again at the fourth
LONGEST_STREAK = 8  # beyond it the first are forgotten, so nothing new is said
OVERDUE = 7 * DAY
GOODBYE = "goodbye"
ENDS_SOON = 14 * DAY
ASKED_AFTER = 30 * DAY  # the end of a match that had none
LATELY = 90 * DAY
EXPIRY_LOOKS = (30, 7)  # days before a clearance ends


def sessions_missed_in_a_row(case: MentorCase, now: datetime) -> Iterator[Claim]:
    """Missed sessions come before a match that ends early (docs/evidence.md L13, L14). A day off of the site is nobody's miss."""
    missed = missed_in_a_row(case, now)
    if case.enrolled and len(missed) >= STREAKS[0]:
        marks = [n for n in STREAKS if n <= len(missed)] if len(missed) <= LONGEST_STREAK else []
        evidence = frozenset(f"{n}/{missed[n - 1].session_id}" for n in marks)
        facts = {"missed": str(len(missed)), "sessions": ",".join(str(s.session_id) for s in missed)}
        yield Claim("sessions", evidence, "attention", None, None, case.time_zone, facts)


def support_contact_overdue(case: MentorCase, now: datetime) -> Iterator[Claim]:
    """Staff who keep in touch is what holds a match together (docs/evidence.md L10, L11)."""
    due = contact_due(case, now)
    if due and due <= now:
        facts = {"due_since": due.isoformat()} | ({"last_talk": talks[-1].isoformat()} if (talks := case.talked_at) else {})
        severe: Severity = "attention" if now - due >= OVERDUE else "info"
        evidence = frozenset({f"{severe}/{due.isoformat()}"})
        yield Claim("match", evidence, severe, None, None, case.time_zone, facts)


def clearance_expiring(case: MentorCase, now: datetime) -> Iterator[Claim]:
    """Signed off in time, a plan that rests on it can stay."""
    for function, until in sorted(case.granted.items()):
        days = None if function in case.history.revoked else _days_left(until, now)
        if until and days and (session := _using(case, function, now)):
            evidence = frozenset(f"{function}/{until.isoformat()}/{look}" for look in EXPIRY_LOOKS if look >= days)
            facts = {"function": function, "until": until.isoformat()}
            yield Claim(function, evidence, "info", session.session_id, session.starts_at, case.time_zone, facts)


def ending_without_goodbye(case: MentorCase, now: datetime) -> Iterator[Claim]:
    """How a match ends is what stays (docs/evidence.md L13): it takes a session of its own, planned in time."""
    for match in case.matches if case.enrolled else ():
        when = _ending(case, match, now)
        if when and not any(_is_goodbye(session, match, now) for session in case.history.sessions):
            facts = {"started_on": match.started_on, "when": when} | ({"ends_on": match.ends_on} if match.ends_on else {})
            subject = match.mentee_ref or match.started_on
            yield Claim(subject, frozenset({f"{subject}/{when}"}), "attention", None, None, case.time_zone, facts)


def _ending(case: MentorCase, match: Match, now: datetime) -> str | None:
    """soon, or over; None while there is nothing to do yet, and where it was over before jitt knew of it."""
    ends_at = _end(case, match)
    if ends_at is None:
        return "soon" if match.closing else None
    if ends_at > now:
        return "soon" if match.closing or ends_at - now <= ENDS_SOON + DAY else None
    known = case.history.known_since is None or ends_at > case.history.known_since
    return "over" if known and now - ends_at <= ASKED_AFTER else None


def _end(case: MentorCase, match: Match) -> datetime | None:
    """The end of its last day."""
    if match.ends_on is None:
        return None
    return datetime.combine(date.fromisoformat(match.ends_on) + DAY, time(), ZoneInfo(case.time_zone)).astimezone(UTC)


def _is_goodbye(session: Session, match: Match, now: datetime) -> bool:
    of_match = None in (session.mentee_ref, match.mentee_ref) or session.mentee_ref == match.mentee_ref
    return session.activity == GOODBYE and session.on and of_match and session.starts_at > now - LATELY


def missed_in_a_row(case: MentorCase, now: datetime) -> list[Session]:
    """The newest sessions that did not take place, back to the last that did or to a day off of the site; in time order."""
    found: list[Session] = []
    happened = {said.session_id: said.happened for said in case.history.check_ins}
    for session in sorted(case.history.sessions, key=lambda s: (s.starts_at, s.session_id), reverse=True):
        if session.starts_at > now or session.status == "moved_away":
            continue
        if not _missed(session, happened.get(session.session_id)) or session.session_id in case.history.called_off:
            break
        found.append(session)
    return found[::-1]


def _missed(session: Session, happened: bool | None) -> bool:
    """The mentor was there, so their word comes first; where nobody has said anything it took place."""
    if happened is not None:
        return not happened
    return session.status in ("cancelled", "not_held")


def contact_due(case: MentorCase, now: datetime) -> datetime | None:
    known_since = case.history.known_since
    if not case.enrolled or case.status == "left" or known_since is None:
        return None
    return next_contact_due(case.match_began_on(now), case.talked_at, now, time_zone=case.time_zone, known_since=known_since)


def instants(case: MentorCase, now: datetime) -> Iterator[datetime]:
    """When time alone may change what these rules say; some have passed."""
    if case.enrolled and case.status != "left":
        missing = any(alert.live and alert.rule == sessions_missed_in_a_row.__name__ for alert in case.alerts)
        for session in case.history.sessions:
            if session.starts_at > now and (missing or not session.on):
                yield session.starts_at
        if due := contact_due(case, now):
            yield from (due, due + OVERDUE)
        for match in case.matches:
            if ends_at := _end(case, match):
                yield from (ends_at - ENDS_SOON - DAY, ends_at, ends_at + ASKED_AFTER + SECOND)
        for function, until in case.granted.items():
            if until and until > now and _using(case, function, now):
                yield from (*(until - look * DAY for look in EXPIRY_LOOKS), until)


def _days_left(until: datetime | None, now: datetime) -> int | None:
    """How many days before the end this is, as the looks count: 30 or 7; None before them, and once it has ended."""
    if until is None or until <= now:
        return None
    return next((look for look in reversed(EXPIRY_LOOKS) if until - now <= look * DAY), None)


def _using(case: MentorCase, function: str, now: datetime) -> Session | None:
    coming = [s for s in case.coming(now) if function in s.required]
    return min(coming, key=lambda s: (s.starts_at, s.session_id), default=None)
