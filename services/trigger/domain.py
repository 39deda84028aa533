"""What happens to a session: told, moved, cancelled, held, due. Pure: nothing here waits, reads or draws.

A session's winner is the greater of (revision, source_updated_at, order received). A session that others may know of is
published whole each time its plan changes.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from services.trigger import plans, sharing
from services.trigger.assigning import assigned
from services.trigger.copies import Training
from services.trigger.messages import Awaited, CancellationUndone, DaysCancelled, PolicyChanged, RulesChanged, ZoneChanged
from services.trigger.moments import Moment, too_late
from services.trigger.session import Described, Facts, Missing, Outcome, Session, Status, Turn, Verdict, Waiting
from services.trigger.speaking import moved_away, published, reminder, training_overdue
from services.trigger.zones import by_the_wall, find_zone
from shared.contracts.event import Due, Event, Refused
from shared.contracts.site import SessionCancelled, SessionHeld, SessionScheduled
from shared.contracts.vocabulary import vocabulary

GIVEN_UP = timedelta(days=1)  # after the start
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=10)
UNKNOWN_FOCUS = "unknown_focus"  # skills that nobody trains were left out
SAME_REVISION = "changed_without_revision"

Decided = tuple[Session, list[Event]] | Refused


def scheduled(session: Session | None, event: SessionScheduled, now: datetime, facts: Facts) -> Decided:
    told = described(event, facts)
    if isinstance(told, Refused):
        return told
    if session is None:
        return announced(Session(facts.session_id, event.site_id), told, now, facts)
    if session.described and _older(told, session.described):
        return Refused("stale_revision")
    if session.verdict and session.verdict.revision >= told.revision:
        return _after_the_last_word(session, session.verdict, told, now, facts)
    if not session.verdict and not session.lost and session.described and _same(told, session.described):
        return (session if told == session.described else replace(session, described=told)), []
    session, events = _passed_on(_warned(session, told), told, now)
    session, more = announced(replace(session, verdict=None, lost=None), told, now, facts)
    return session, events + more


def cancelled(session: Session | None, event: SessionCancelled, now: datetime, facts: Facts) -> Decided:
    """Also before we ever heard of it: kept, so that it counts whenever the session comes."""
    return _concluded(session, event.site_id, Verdict(Status.CANCELLED, event.revision), now, facts)


def held(session: Session | None, event: SessionHeld, now: datetime, facts: Facts) -> Decided:
    status = Status.HELD if event.held else Status.NOT_HELD
    return _concluded(session, event.site_id, Verdict(status, event.revision, event.minutes), now, facts)


def due(session: Session, _: Due, now: datetime, facts: Facts) -> Decided:
    """Looks again for a fact it waits for; acts on or skips, in order, every moment that has come."""
    events: list[Event] = []
    if session.waiting and session.described and session.waiting.at <= now:
        session, events = announced(session, session.described, now, facts)
    while session.next and session.described and session.next.at <= now:
        session, more = acted(session, session.described, now, facts)
        events += more
    return session, events


def woken(session: Session | None, _: Awaited, now: datetime, facts: Facts) -> Decided:
    """What it waited for is there: planned as if announced now, or it goes on waiting for something else."""
    if session is None or session.described is None or session.waiting is None:
        return Refused("not_waiting")
    return announced(session, session.described, now, facts)


def replanned(session: Session | None, _: PolicyChanged | ZoneChanged, now: datetime, facts: Facts) -> Decided:
    """A plan for what has not fired, by the facts of now. Others hear of it only when it changes what they know."""
    if session is None or session.described is None or session.status is not Status.PLANNED or session.next is None:
        return Refused("nothing_to_plan")
    return _anew(session, session.described, now, facts)


def by_new_rules(session: Session | None, event: RulesChanged, now: datetime, facts: Facts) -> Decided:
    """The wall clock stays; the instant that it means moves, and with it the plan."""
    if session is None or session.described is None or session.status not in (Status.PLANNED, Status.WAITING):
        return Refused("nothing_to_plan")
    known, zone = session.described, find_zone(session.described.time_zone)
    starts_at = by_the_wall(known.wall, zone, known.starts_at) if zone else known.starts_at
    if starts_at == known.starts_at and session.mentor_zone not in event.time_zones:
        return Refused("starts_as_before")
    told = replace(known, starts_at=starts_at)
    if session.next is None:
        return replace(session, described=told), []
    return _anew(session, told, now, facts)


def cancelled_with_its_day(session: Session | None, event: DaysCancelled, now: datetime, facts: Facts) -> Decided:
    """At the revision that the site has told, so that a higher one brings it back, as after any cancellation."""
    if session is None or session.described is None or session.status not in (Status.PLANNED, Status.WAITING):
        return Refused("nothing_to_cancel")
    told = session.described
    if facts.cancellation is None or not facts.cancellation.means(session.id, told.revision):
        return Refused("told_since")
    verdict = Verdict(Status.CANCELLED, told.revision, cancellation_id=event.cancellation_id)
    return _said_last(replace(session, verdict=verdict), told, now, facts, [])


def brought_back(session: Session | None, event: CancellationUndone, now: datetime, facts: Facts) -> Decided:
    """Planned as if announced now, unless its site has had another word on it since."""
    verdict = session.verdict if session else None
    if session is None or session.described is None or verdict is None or verdict.cancellation_id != event.cancellation_id:
        return Refused("told_since")
    return announced(replace(session, verdict=None), session.described, now, facts)


def described(event: SessionScheduled, facts: Facts) -> Described | Refused:
    """An activity that is not in the vocabulary is refused, never guessed; one out of scope is planned, and alerted on."""
    words, told = vocabulary(), facts.told
    if event.activity not in words.activities and event.activity not in words.scope_3:
        return Refused("unknown_activity")
    assert told is not None, "a scheduled session comes with what the door made of it"
    if isinstance(told.start, Refused):
        return told.start
    focus = tuple(skill for skill in event.focus if skill in words.skills) if event.focus else ()
    warnings = told.start.warnings
    return Described(
        mentor_id=told.mentor_id,
        mentee_ref=told.mentee_ref,
        starts_at=told.start.at,
        wall=told.start.wall,
        time_zone=event.time_zone,
        minutes=event.minutes,
        activity=event.activity,
        focus=focus,
        mode=event.mode,
        match_stage=event.match_stage,
        revision=event.revision,
        source_updated_at=event.source_updated_at,
        warnings=warnings if len(focus) == len(event.focus) else (*warnings, UNKNOWN_FOCUS),
    )


def announced(session: Session, told: Described, now: datetime, facts: Facts) -> tuple[Session, list[Event]]:
    """Plans the session's moments and tells everyone, or waits for the mentor or the site that it names."""
    missing = Missing.SITE if facts.site is None else Missing.MENTOR if facts.mentor is None else None
    if missing:
        return waits(replace(session, described=told, next=None), told, missing, now), []
    session = plans.anew(session, told, now, facts)
    return session, [published(session, told, now)]


def waits(session: Session, told: Described, missing: Missing, now: datetime) -> Session:
    """Looks again after 10 s, doubling to 10 min, until a day after the start."""
    before = session.waiting
    last = told.starts_at + GIVEN_UP
    if now >= last:
        return replace(session, waiting=None, lost=missing)
    tries = before.tries + 1 if before else 1
    wait = min(FIRST_WAIT * 2 ** min(tries - 1, 10), LONGEST_WAIT)
    return replace(session, waiting=Waiting(missing, before.since if before else now, min(now + wait, last), tries))


def acted(session: Session, told: Described, now: datetime, facts: Facts) -> tuple[Session, list[Event]]:
    """One moment, done or skipped, and what the session waits for after it."""
    assert session.next is not None, "no moment has come"
    moment, timing = session.next.moment, facts.policy.timing_of(told.activity)
    late = too_late(moment, session.next.at, now, plans.slot(told, session.mentor_zone), timing)
    if moment is Moment.ASSIGN:
        session, events = assigned(session, told, now, facts, late)
    else:
        why, events = ("too_late", []) if late else effect(session, told, moment, facts)
        session = plans.marked(session, Outcome.SKIPPED if why else Outcome.FIRED, now, why)
    return plans.settled(session, told, now, timing), events


def effect(session: Session, told: Described, moment: Moment, facts: Facts) -> tuple[str | None, list[Event]]:
    """Why there is nothing to do, or what the moment leads to. A quiz deadline that was met leads to nothing."""
    if moment is Moment.CHECK_IN:
        return None, [reminder(session, told, moment)]
    request = session.done(Moment.ASSIGN)
    if request is None or request.outcome is not Outcome.FIRED:
        return "nothing_requested", []
    if why := settled_already(facts.training) or sharing.why_silent(session, moment, facts):
        return (None if moment is Moment.QUIZ_BY and why == "completed" else why), []
    if moment is not Moment.QUIZ_BY:
        return None, [reminder(session, told, moment)]
    if facts.training and facts.training.assigned_at:
        return None, [training_overdue(session, told, facts.training.assigned_at)]
    return "nothing_assigned", []


def settled_already(training: Training | None) -> str | None:
    """Why a mentor has nothing left to do, or None."""
    if training and training.completed_at:
        return "completed"
    return "nothing_suitable" if training and training.nothing_suitable and not training.assigned_at else None


def _concluded(session: Session | None, site_id: str, verdict: Verdict, now: datetime, facts: Facts) -> Decided:
    session = session or Session(facts.session_id, site_id)
    known, before = session.described, session.verdict
    if (known and verdict.revision < known.revision) or (before and verdict.revision < before.revision):
        return Refused("stale_revision")
    if before == verdict:
        return session, []
    if before and before.status is Status.CANCELLED and before.revision == verdict.revision:
        if verdict.status is Status.CANCELLED:  # with its day; now it is said of this session alone, and stays
            return replace(session, verdict=verdict), []
        if not (before.cancellation_id and verdict.status is Status.HELD):
            return Refused("cancelled")
    session = replace(session, verdict=verdict)
    return _said_last(session, known, now, facts, []) if known else (session, [])


def _after_the_last_word(session: Session, verdict: Verdict, told: Described, now: datetime, facts: Facts) -> Decided:
    """Only a higher revision revives a session; what was told late of an ended one still completes what we know of it."""
    if session.described and session.described.revision == told.revision:
        return Refused(verdict.status.value)
    session, events = _passed_on(session, told, now)
    return _said_last(replace(session, described=told), told, now, facts, events)


def _said_last(session: Session, told: Described, now: datetime, facts: Facts, events: list[Event]) -> Decided:
    """The site's last word stands: what is left of the plan, told to everyone."""
    if session.quiz_by is None:  # we never planned it
        session = plans.in_time(plans.known_as(session, told, facts), told, now, facts.policy.timing_of(told.activity))
    session = plans.concluded(replace(session, plan=session.plan + 1), told, now, facts.policy.timing_of(told.activity))
    return session, [*events, published(session, told, now)]


def _anew(session: Session, told: Described, now: datetime, facts: Facts) -> tuple[Session, list[Event]]:
    assert session.described is not None, "only what was planned is planned anew"
    planned = plans.anew(session, told, now, facts)
    before = (session.described.starts_at, session.quiz_by, session.stage, session.session_no)
    if (told.starts_at, planned.quiz_by, planned.stage, planned.session_no) == before:
        return replace(planned, plan=session.plan), []
    return planned, [published(planned, told, now)]


def _older(told: Described, known: Described) -> bool:
    if told.revision != known.revision:
        return told.revision < known.revision
    return bool(told.source_updated_at and known.source_updated_at and told.source_updated_at < known.source_updated_at)


def _same(told: Described, known: Described) -> bool:
    return replace(told, revision=known.revision, source_updated_at=known.source_updated_at) == known


def _warned(session: Session, told: Described) -> Session:
    known = session.described
    changed = known is not None and told.revision == known.revision and SAME_REVISION not in session.warnings
    return replace(session, warnings=(*session.warnings, SAME_REVISION)) if changed else session


def _passed_on(session: Session, told: Described, now: datetime) -> tuple[Session, list[Event]]:
    """A session that moves to another mentor ends for the first; one that comes back takes up where it was left."""
    known = session.described
    if known is None or known.mentor_id == told.mentor_id:
        return session, []
    left = Turn(known.mentor_id, session.marks, session.decision)
    turn = next((t for t in session.earlier if t.mentor_id == told.mentor_id), Turn(told.mentor_id, (), None))
    kept = tuple(t for t in session.earlier if t.mentor_id not in (known.mentor_id, told.mentor_id))
    heard = session.plan > 0
    ended = replace(session, plan=session.plan + 1) if heard else session
    passed = replace(ended, marks=turn.marks, decision=turn.decision, earlier=(*kept, left), next=None, waiting=None)
    return passed, [moved_away(ended, known, now)] if heard else []
