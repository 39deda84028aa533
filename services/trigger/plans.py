"""From what is known of a session to what it waits for next. Pure; `now` is an argument."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from services.trigger import moments
from services.trigger.moments import LAST_CHANCE, MOMENTS, Dropped, Moment, Slot, Timing
from services.trigger.session import Described, Facts, Mark, Next, Outcome, Session, Status
from services.trigger.stages import stage
from services.trigger.zones import find_zone

TOO_LATE = Dropped("too_late")
PAST = Dropped("already_past")
UTC_ZONE = ZoneInfo("UTC")


def anew(session: Session, described: Described, now: datetime, facts: Facts) -> Session:
    """A new plan for what has not fired, as if the session were announced now. What has fired stays fired.

    Built in one go: every announced session passes here, and almost always waits for a moment still to come.
    """
    found, _ = stage(described, facts.mentor, facts.history)
    zone, timing = mentor_zone(facts, described), facts.policy.timing_of(described.activity)
    place = slot(described, zone)
    fired = tuple(mark for mark in session.marks if mark.outcome is Outcome.FIRED)
    at = None if fired else moments.assign(place, timing)
    trained_at = at if at and at > now else now
    planned = Session(
        id=session.id,
        site_id=session.site_id,
        described=described,
        plan=session.plan + 1,
        stage=found,
        session_no=facts.history.earlier + 1,
        mentor_zone=zone,
        policy_version=facts.policy.version,
        quiz_by=_deadline(session, described, moments.quiz_by(place, timing), trained_at),
        next=None if trained_at is now else Next(Moment.ASSIGN, trained_at),
        marks=fired,
        decision=session.decision,
        earlier=session.earlier,
        warnings=session.warnings,
        announcements=session.announcements,
    )
    return planned if planned.next else settled(planned, described, now, timing, announced=True)


def known_as(session: Session, described: Described, facts: Facts) -> Session:
    """The session with what the copied facts say about it now."""
    found, _ = stage(described, facts.mentor, facts.history)
    return replace(
        session,
        described=described,
        stage=found,
        session_no=facts.history.earlier + 1,
        mentor_zone=mentor_zone(facts, described),
        policy_version=facts.policy.version,
        waiting=None,
    )


def in_time(session: Session, described: Described, now: datetime, timing: Timing) -> Session:
    """With a quiz_by that is not past already, if the session leaves room for one."""
    at = moments.quiz_by(slot(described, session.mentor_zone), timing)
    return replace(session, quiz_by=at if at > now else described.starts_at - LAST_CHANCE)


def settled(session: Session, described: Described, now: datetime, timing: Timing, announced: bool = False) -> Session:
    """Marks what will not come, and waits for the earliest of what still will."""
    place, quiz_by = slot(described, session.mentor_zone), session.quiz_by or described.starts_at - LAST_CHANCE
    done = {mark.moment for mark in session.marks}
    coming: dict[Moment, datetime | Dropped] = {
        m: moments.coming(m, place, timing, quiz_by) for m in MOMENTS if m not in done and m is not Moment.CHECK_IN
    }
    if announced:
        coming = {m: _not_past(m, at, now, described) for m, at in coming.items()}
    if not _after_assign(coming.get(Moment.NUDGE), session.done(Moment.ASSIGN), coming.get(Moment.ASSIGN)):
        coming[Moment.NUDGE] = moments.NO_ROOM
    if Moment.CHECK_IN not in done and (announced or all(isinstance(at, Dropped) for at in coming.values())):
        at = moments.check_in(place, timing)  # after the session, and so after all the others: worked out when none of them waits
        coming[Moment.CHECK_IN] = _not_past(Moment.CHECK_IN, at, now, described) if announced else at
    dropped = tuple(Mark(m, Outcome.DROPPED, None, now, at.why) for m, at in coming.items() if isinstance(at, Dropped))
    waits = [Next(m, at) for m, at in coming.items() if not isinstance(at, Dropped)]
    return replace(session, marks=session.marks + dropped, next=min(waits, key=lambda n: n.at, default=None))


def concluded(session: Session, described: Described, now: datetime, timing: Timing) -> Session:
    """After the site's last word only a check-in can still come, and only when the session has really taken place."""
    held = session.status is Status.HELD
    took_place = held and now >= described.starts_at
    why = "held_early" if held and not took_place else session.status.value
    marks = tuple(mark for mark in session.marks if mark.outcome is not Outcome.DROPPED)
    done = {mark.moment for mark in marks}
    left = [m for m in MOMENTS if m not in done and not (took_place and m is Moment.CHECK_IN)]
    marks += tuple(Mark(m, Outcome.DROPPED, None, now, why) for m in left)
    session = replace(session, marks=marks, next=None, waiting=None, lost=None)
    return settled(session, described, now, timing, announced=True)


def outlook(session: Session, described: Described, timing: Timing) -> Session:
    """The session when all that is still to come has come on time: when each moment comes, and which will not."""
    while session.next:
        at = session.next.at
        session = settled(marked(session, Outcome.FIRED, at), described, at, timing)
    return session


def marked(session: Session, outcome: Outcome, now: datetime, why: str | None = None) -> Session:
    """The moment that has come, dealt with."""
    assert session.next is not None, "no moment has come"
    mark = Mark(session.next.moment, outcome, session.next.at, now, why)
    return replace(session, marks=(*session.marks, mark), next=None)


def slot(described: Described, mentor_zone: str) -> Slot:
    zone = find_zone(described.time_zone) or UTC_ZONE
    return Slot(described.starts_at, described.minutes, zone, find_zone(mentor_zone) or zone)


def mentor_zone(facts: Facts, described: Described) -> str:
    """The mentor's own, else the site's, else the session's."""
    if facts.mentor and find_zone(facts.mentor.time_zone):
        return facts.mentor.time_zone
    if facts.site and find_zone(facts.site.time_zone):
        return facts.site.time_zone
    return described.time_zone


def _deadline(session: Session, described: Described, at: datetime, trained_at: datetime) -> datetime:
    """One that is past when the training comes is the last chance, unless it has passed for a session that did not move."""
    if at > trained_at:
        return at
    passed = session.done(Moment.QUIZ_BY)
    stays = session.described is not None and session.described.starts_at == described.starts_at
    if session.quiz_by and stays and passed and passed.outcome is Outcome.FIRED:
        return session.quiz_by
    return described.starts_at - LAST_CHANCE


def _not_past(moment: Moment, at: datetime | Dropped, now: datetime, described: Described) -> datetime | Dropped:
    """A moment already past when planned is dropped; a training is still assigned, at once, while there is time for it."""
    if isinstance(at, Dropped) or at > now:
        return at
    if moment is Moment.ASSIGN:
        return now if now < described.starts_at - LAST_CHANCE else TOO_LATE
    return PAST


def _after_assign(nudge: datetime | Dropped | None, assigned: Mark | None, coming: datetime | Dropped | None) -> bool:
    """A reminder that would come before its training, or together with it, is none."""
    if not isinstance(nudge, datetime):
        return True
    if assigned and assigned.outcome is Outcome.FIRED:
        return assigned.acted_at < nudge
    return not isinstance(coming, datetime) or coming < nudge


