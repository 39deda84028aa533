"""The assign moment: the decision point. What the session needs, what was decided, and the request for content."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.trigger import needs, plans, sharing
from services.trigger.moments import Moment
from services.trigger.needs import Needed, Situation
from services.trigger.session import Decision, Described, Facts, Outcome, Session
from services.trigger.speaking import published
from services.trigger.stages import stage
from shared.contracts import ids
from shared.contracts.event import Event
from shared.contracts.trigger import Arm, ContentRequested, DecisionMade
from shared.contracts.vocabulary import vocabulary

SEND, NOTHING = "send", "none"


def assigned(session: Session, told: Described, now: datetime, facts: Facts, late: bool) -> tuple[Session, list[Event]]:
    """Decides with what is known now; tells the others first when that has changed what they know of the session."""
    session, news = refreshed(session, told, now, facts)
    why = "too_late" if late else unavailable(told, facts)
    ranking = [] if why else needs.ranked(situation(session, told, facts), vocabulary(), facts.policy.constants)
    training_id = sharing.training_of(session, facts)
    decision = replace(
        decided(ranking, why, now, facts),
        stage=session.stage,
        session_no=session.session_no,
        assumed=assumed(told, facts),
        training_id=None if why else training_id,
    )
    events = [*news, decision_made(session, told, decision)]
    if not why:
        events.append(content_requested(session, told, training_id, decision, facts))
    session = plans.marked(session, Outcome.SKIPPED if why else Outcome.FIRED, now, why)
    return replace(session, decision=decision), events


def refreshed(session: Session, told: Described, now: datetime, facts: Facts) -> tuple[Session, list[Event]]:
    """The place of a session in its match is only certain when it is near: others were planned meanwhile."""
    known = plans.known_as(session, told, facts)
    if session.quiz_by and session.quiz_by <= now:
        known = plans.in_time(known, told, now, facts.policy.timing_of(told.activity))
    before = (session.stage, session.session_no, session.quiz_by)
    if (known.stage, known.session_no, known.quiz_by) == before:
        return known, []
    known = replace(known, plan=known.plan + 1)
    return known, [published(known, told, now)]


def unavailable(told: Described, facts: Facts) -> str | None:
    """Why no training can be sent for this session, whatever it needs."""
    if facts.mentor is None or not facts.mentor.active:
        return "mentor_left"
    if facts.site is None or not facts.site.active:
        return "site_closed"
    return "out_of_scope_activity" if told.activity in vocabulary().scope_3 else None


def situation(session: Session, told: Described, facts: Facts) -> Situation:
    return Situation(
        activity=told.activity,
        stage=session.stage,
        mode=told.mode,
        focus=told.focus,
        session_no=session.session_no,
        starts_at=told.starts_at,
        memory=facts.memory,
        clearances=facts.mentor.clearances if facts.mentor else (),
    )


def decided(ranking: list[Needed], why: str | None, now: datetime, facts: Facts) -> Decision:
    return Decision(
        at=now,
        available=why is None,
        reason=why or "due",
        arm=NOTHING if why else SEND,
        policy_version=facts.policy.version,
        vocabulary_version=vocabulary().version,
        needs=tuple(needed.said() for needed in ranking[: needs.LISTED]),
        recall_only=why is None and not needs.worth_a_module(ranking, facts.policy.constants),
    )


def assumed(told: Described, facts: Facts) -> tuple[str, ...]:
    """The facts that nobody told us, and that were given a safe default."""
    return ("stage",) if stage(told, facts.mentor, facts.history)[1] else ()


def decision_made(session: Session, told: Described, decision: Decision) -> DecisionMade:
    return DecisionMade(
        decision_id=ids.after(session.id, f"{Moment.ASSIGN.value}/{told.mentor_id.hex}"),
        session_id=session.id,
        mentor_id=told.mentor_id,
        site_id=session.site_id,
        at=decision.at,
        available=decision.available,
        reason=decision.reason,
        arms=(Arm(name=decision.arm, probability=1.0),),
        arm=decision.arm,
        policy_version=decision.policy_version,
        vocabulary_version=decision.vocabulary_version,
        stage=session.stage,
        session_no=session.session_no,
        activity=told.activity,
        top_need=decision.needs[0].need if decision.needs else None,
        training_id=decision.training_id,
    )


def content_requested(session: Session, told: Described, training_id: UUID, decision: Decision, facts: Facts) -> ContentRequested:
    assert session.quiz_by is not None, "a session that is assigned was planned"
    assert facts.mentor is not None and facts.site is not None, "a session without them is not assigned"
    return ContentRequested(
        request_id=training_id,
        session_id=session.id,
        mentor_id=told.mentor_id,
        site_id=session.site_id,
        starts_at=told.starts_at,
        time_zone=told.time_zone,
        quiz_by=session.quiz_by,
        training_minutes=facts.policy.training_minutes,
        locale=facts.mentor.locale,
        stage=session.stage,
        activity=told.activity,
        mode=told.mode,
        site_variables=facts.site.variables,
        open_safety_skills=needs.open_safety_skills(facts.memory.values()),
        needs=decision.needs if decision.recall_only else needs.asked_for(decision.needs, facts.policy.constants),
        recall_only=decision.recall_only,
        fading=needs.fading(facts.memory, told.starts_at) if decision.recall_only else (),
        returning=needs.returning(facts.memory.values()),
        assumed=assumed(told, facts),
    )
