"""What the door answers, as JSON: one result per event, the rejected list, and a session's story."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.trigger.door import Sent, Wrong
from services.trigger.gathering import session_id
from services.trigger.holidays import HolidayCalendar, warnings_of
from services.trigger.moments import Moment
from services.trigger.session import Decision, Mark, Session
from services.trigger.session import Outcome as Came
from services.trigger.speaking import function_of
from services.trigger.store_rejected import Letter, Unknown
from shared.contracts.trigger import Need
from shared.messaging.outcome import Outcome

STATES: dict[Came, Literal["fired", "skipped", "dropped"]] = {
    Came.FIRED: "fired",
    Came.SKIPPED: "skipped",
    Came.DROPPED: "dropped",
}
Became = Literal["applied", "duplicate", "refused", "id_reused", "parked", "failed", "rejected"]
WORDS = {
    "duplicate": "This event had arrived before. Nothing was done twice.",
    "stale_revision": "A newer revision of this session is known already. Nothing was changed.",
    "stale_update": "A newer update of this session is known already. Nothing was changed.",
    "cancelled": "This session was cancelled at this revision. To bring it back, send it with a higher revision.",
    "held": "This session was reported as held at this revision. To change it, send it with a higher revision.",
    "not_held": "This session was reported as not held at this revision. To change it, send it with a higher revision.",
    "id_reused": "This id was used before for another event. Give every event an id of its own.",
    "parked": "Kept: it waits behind an event of the same session that could not be applied. Nothing more to do for you.",
    "failed": "We could not apply this event. It was our fault; it was not accepted. Send it again later with the same id.",
    "unknown_mentor": "Nobody with this reference is enrolled at the site. The session waits for them; check the reference.",
    "unknown_site": "This site is not set up yet. The session waits for it; check the site's id.",
}


class Result(BaseModel):
    """What became of one event."""

    id: str | None = Field(None, description="the event's own id")
    source: str | None = None
    status: Became = Field(description="applied and duplicate are fine; the rest say why in `words`")
    code: int = Field(description="the HTTP status that this event alone would have had")
    reason: str | None = Field(None, description="a code, for programs")
    words: str | None = Field(None, description="the same in a sentence that says what to do")
    session_id: UUID | None = Field(None, description="our id of the session, for GET /v1/sessions/{session_id}")


class Results(BaseModel):
    results: list[Result]


class Receipt(BaseModel):
    id: str
    source: str
    status: Literal["applied", "refused", "set_aside"]
    at: datetime
    reason: str | None = None
    words: str | None = None


class Rejected(BaseModel):
    """A record that was not applied, or a session that waits for someone unknown."""

    kind: Literal["record", "session"]
    at: datetime
    reason: str
    words: str | None = None
    session_id: UUID | None = None


class RejectedList(BaseModel):
    rejected: list[Rejected]


class MomentTold(BaseModel):
    moment: Moment
    state: Literal["waiting", "fired", "skipped", "dropped"]
    at: datetime | None = Field(None, description="when it comes or was to come; empty: it was never going to")
    acted_at: datetime | None = None
    why: str | None = None


class DecisionTold(BaseModel):
    at: datetime
    available: bool
    reason: str
    arm: str
    policy_version: int
    vocabulary_version: int
    needs: tuple[Need, ...] = Field(description="largest first; empty: nothing was asked for")
    recall_only: bool


class TurnTold(BaseModel):
    """One mentor's part in the session."""

    mentor_id: UUID
    moments: list[MomentTold]
    decision: DecisionTold | None


class Story(BaseModel):
    """A session from our side: what is planned, what has happened, and why."""

    session_id: UUID
    site_id: str
    status: str
    starts_at: datetime | None = None
    time_zone: str | None = None
    minutes: int | None = None
    activity: str | None = None
    function: str | None = None
    stage: str
    session_no: int
    quiz_by: datetime | None = None
    revision: int | None = Field(None, description="the site's own")
    plan: int = Field(description="ours: how often what others know of it has changed")
    policy_version: int
    waiting_for: str | None = None
    cancellation_id: UUID | None = Field(None, description="it was cancelled with its day: GET /v1/cancellations")
    warnings: list[str] = Field(
        description="codes: offset_disagrees, skipped_hour, unknown_focus, changed_without_revision, on_a_holiday"
    )
    now: TurnTold | None = Field(description="the mentor who has the session now")
    earlier: list[TurnTold] = Field(description="mentors who had it before")


def result_of(sent: Sent, outcome: Outcome) -> Result:
    code = {"id_reused": 409, "failed": 500}.get(outcome.kind, 202)
    reason = outcome.reason if outcome.kind == "refused" else None if outcome.kind == "applied" else outcome.kind
    return Result(
        id=sent.id,
        source=sent.source,
        status=outcome.kind,
        code=code,
        reason=reason,
        words=WORDS.get(reason or ""),
        session_id=session_id(sent.event),
    )


def rejected(wrong: Wrong) -> Result:
    return Result(id=wrong.id, source=wrong.source, status="rejected", code=wrong.status, reason=wrong.reason, words=wrong.words)


def failed(sent: Sent) -> Result:
    return Result(id=sent.id, source=sent.source, status="failed", code=500, reason="failed", words=WORDS["failed"])


def receipt(id: str, source: str, at: datetime, refused: str | None, letter: Letter | None) -> Receipt:
    if letter:
        return Receipt(id=id, source=source, status="set_aside", at=letter.at, reason=letter.reason, words=WORDS["parked"])
    status: Literal["applied", "refused"] = "refused" if refused else "applied"
    return Receipt(id=id, source=source, status=status, at=at, reason=refused, words=WORDS.get(refused or ""))


def rejected_list(letters: Iterable[Letter], unknown: Iterable[Unknown], limit: int) -> RejectedList:
    found = [Rejected(kind="record", at=x.at, reason=x.reason, words=x.detail or WORDS.get(x.reason)) for x in letters]
    found += [Rejected(kind="session", at=x.at, reason=x.reason, words=WORDS[x.reason], session_id=x.session_id) for x in unknown]
    return RejectedList(rejected=sorted(found, key=lambda one: one.at, reverse=True)[:limit])


def story(session: Session, holidays: HolidayCalendar | None = None) -> Story:
    told = session.described
    now = _turn(told.mentor_id, session.marks, session.decision) if told else None
    if now and session.next:
        now.moments.append(MomentTold(moment=session.next.moment, state="waiting", at=session.next.at))
    return Story(
        session_id=session.id,
        site_id=session.site_id,
        status=session.status.value,
        starts_at=told.starts_at if told else None,
        time_zone=told.time_zone if told else None,
        minutes=told.minutes if told else None,
        activity=told.activity if told else None,
        function=(function_of(told.activity) or None) if told else None,
        stage=session.stage,
        session_no=session.session_no,
        quiz_by=session.quiz_by,
        revision=told.revision if told else None,
        plan=session.plan,
        policy_version=session.policy_version,
        waiting_for=session.waiting.missing.value if session.waiting else None,
        cancellation_id=session.verdict.cancellation_id if session.verdict else None,
        warnings=[*(told.warnings if told else ()), *session.warnings, *warnings_of(session, holidays)],
        now=now,
        earlier=[_turn(turn.mentor_id, turn.marks, turn.decision) for turn in session.earlier],
    )


def _turn(mentor_id: UUID, marks: Iterable[Mark], decision: Decision | None) -> TurnTold:
    moments = [MomentTold(moment=m.moment, state=STATES[m.outcome], at=m.at, acted_at=m.acted_at, why=m.why) for m in marks]
    return TurnTold(mentor_id=mentor_id, moments=moments, decision=DecisionTold(**asdict(decision)) if decision else None)
