"""A session's story as JSON: what its site said, what is planned, what has happened and why. The same for HTTP and commands."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.trigger import moments, plans, store, store_copies, store_holidays, store_imports
from services.trigger.copies import Training
from services.trigger.holidays import HolidayCalendar, warnings_of
from services.trigger.moments import MOMENTS, Moment, Moved, Slot, Timing
from services.trigger.policy import DEFAULT, Policy
from services.trigger.session import NO_HISTORY, Decision, Described, Mark, Outcome, Said, Session, Turn
from services.trigger.speaking import function_of
from services.trigger.stages import stage
from services.trigger.zones import clock_changes
from shared.contracts.site import Stage
from shared.contracts.trigger import Need
from shared.running import Running

STATES: dict[Outcome, Literal["fired", "skipped", "dropped"]] = {
    Outcome.FIRED: "fired",
    Outcome.SKIPPED: "skipped",
    Outcome.DROPPED: "dropped",
}
LONGEST = timedelta(days=800)  # of a story, where its clock changes are looked for


class MomentTold(BaseModel):
    moment: Moment
    state: Literal["waiting", "fired", "skipped", "dropped"]
    at: datetime | None = Field(None, description="when it comes or was to come; empty: it was never going to")
    acted_at: datetime | None = None
    why: str | None = None
    moved: Moved | None = Field(None, description="why it does not come just when the policy says")


class DecisionTold(BaseModel):
    at: datetime
    available: bool
    reason: str
    arm: str
    policy_version: int
    vocabulary_version: int
    needs: tuple[Need, ...] = Field(description="largest first; empty: nothing was asked for")
    recall_only: bool
    stage: Stage | None = None
    session_no: int | None = None
    assumed: tuple[str, ...] = Field((), description="facts that nobody told us, and that were given a safe default")
    training_id: UUID | None = Field(None, description="what was asked for; a mentor's sessions on one day share one")


class TrainingTold(BaseModel):
    """What became of the request for a training."""

    assigned_at: datetime | None = None
    completed_at: datetime | None = None
    nothing_suitable: bool = False


class TurnTold(BaseModel):
    """One mentor's part in the session."""

    mentor_id: UUID
    moments: list[MomentTold]
    decision: DecisionTold | None


class AnnouncementTold(BaseModel):
    """One thing that the site said of the session, the last twenty at most."""

    said: Said
    revision: int
    at: datetime | None = Field(None, description="when it came; empty: it was the first, whose time is not kept")
    starts_at: datetime | None = None
    changed: tuple[str, ...] = Field((), description="names of the fields that it changed")
    refused: str | None = Field(None, description="why it does not count; empty: it was taken")


class ClockChangeTold(BaseModel):
    """The clocks change between the story's first time and its last."""

    at: datetime
    time_zone: str
    wall: datetime = Field(description="what the clocks show just before, without an offset")
    minutes: int = Field(description="forward; negative: back")


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
    stage_assumed: bool = Field(False, description="nobody told us the stage: it is counted from the first session we know")
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
    mentor_zone: str | None = Field(None, description="whose clock the quiet hours go by")
    training: TrainingTold | None = None
    source: str | None = Field(None, description="which kind of imported file spoke of it; empty: it came by HTTP or Kafka")
    announcements: list[AnnouncementTold] = Field([], description="oldest first; empty: the site spoke of it once")
    clock_changes: list[ClockChangeTold] = []


@dataclass(frozen=True, slots=True)
class Around:
    """What a story needs besides its session."""

    policy: Policy = DEFAULT
    training: Training | None = None
    source: str | None = None
    stage_assumed: bool = False
    holidays: HolidayCalendar | None = None


async def find_story(running: Running, id: UUID) -> Story | None:
    session = await store.find_session(running.pool, id)
    return story(session, await _around(running, session)) if session else None


async def _around(running: Running, session: Session) -> Around:
    told = session.described
    if told is None:
        return Around()
    key, before = (session.site_id, session.policy_version), (told.starts_at, told.mentor_id, session.id, told.mentee_ref or "")
    async with running.connection() as conn:
        policies = await store_copies.load_policies(conn, [key]) if session.policy_version else {}
        mentor = (await store_copies.load_mentors(conn, [told.mentor_id])).get(told.mentor_id)
        history = (await store.load_history(conn, [before])).get(before, NO_HISTORY)
        trainings = await store_copies.load_trainings(conn, [session.training_id]) if session.training_id else {}
        mentors = [told.mentor_id, *(turn.mentor_id for turn in session.earlier)]
        source = await store_imports.find_source(conn, session.id, mentors)
        holidays = await store_holidays.find_calendar(conn, session.site_id)
    training = next(iter(trainings.values()), None)
    return Around(policies.get(key, DEFAULT), training, source, stage(told, mentor, history)[1], holidays)


def story(session: Session, around: Around) -> Story:
    told = session.described
    now = _now(session, told, around) if told else None
    return Story(
        session_id=session.id,
        site_id=session.site_id,
        status=session.status.value,
        **(_of_site(told) if told else {}),
        stage=session.stage,
        stage_assumed=around.stage_assumed,
        session_no=session.session_no,
        quiz_by=session.quiz_by,
        plan=session.plan,
        policy_version=session.policy_version,
        waiting_for=session.waiting.missing.value if session.waiting else None,
        cancellation_id=session.verdict.cancellation_id if session.verdict else None,
        warnings=[*(told.warnings if told else ()), *session.warnings, *warnings_of(session, around.holidays)],
        now=now,
        earlier=[_turn(turn) for turn in session.earlier],
        mentor_zone=session.mentor_zone or None,
        training=_training(around.training),
        source=around.source,
        announcements=[AnnouncementTold(**asdict(one)) for one in session.announcements],
        clock_changes=list(_clock_changes(session, told, now)) if told and now else [],
    )


def ahead(session: Session, told: Described, timing: Timing) -> Iterator[MomentTold]:
    """What is still to come, and what will not, when nothing changes any more."""
    place, happened = plans.slot(told, session.mentor_zone), {mark.moment for mark in session.marks}
    for mark in plans.outlook(session, told, timing).marks:
        if mark.moment in happened:
            continue
        if mark.at is None:
            yield MomentTold(moment=mark.moment, state="dropped", why=mark.why)
        else:
            moved = moments.moved(mark.moment, mark.at, place, timing)
            yield MomentTold(moment=mark.moment, state="waiting", at=mark.at, moved=moved)


def in_order(told: list[MomentTold]) -> list[MomentTold]:
    return sorted(told, key=lambda one: MOMENTS.index(one.moment))


def _now(session: Session, told: Described, around: Around) -> TurnTold:
    return TurnTold(mentor_id=told.mentor_id, moments=_moments(session, told, around), decision=_decision(session.decision))


def _moments(session: Session, told: Described, around: Around) -> list[MomentTold]:
    timing, place = around.policy.timing_of(told.activity), plans.slot(told, session.mentor_zone)
    found = [mark_told(mark) for mark in session.marks]
    for one in found:
        if one.at and one.at == _planned(one.moment, session, place, timing):
            one.moved = moments.moved(one.moment, one.at, place, timing)
    return in_order([*found, *ahead(session, told, timing)])


def _planned(moment: Moment, session: Session, place: Slot, timing: Timing) -> object:
    """When it comes by the plan of now; a mark from before the session was moved has another time."""
    return moments.coming(moment, place, timing, session.quiz_by) if session.quiz_by else None


def mark_told(mark: Mark) -> MomentTold:
    return MomentTold(moment=mark.moment, state=STATES[mark.outcome], at=mark.at, acted_at=mark.acted_at, why=mark.why)


def _turn(turn: Turn) -> TurnTold:
    moments = in_order([mark_told(mark) for mark in turn.marks])
    return TurnTold(mentor_id=turn.mentor_id, moments=moments, decision=_decision(turn.decision))


def _decision(decision: Decision | None) -> DecisionTold | None:
    return DecisionTold(**asdict(decision)) if decision else None


def _training(training: Training | None) -> TrainingTold | None:
    if training is None:
        return None
    return TrainingTold(
        assigned_at=training.assigned_at, completed_at=training.completed_at, nothing_suitable=training.nothing_suitable
    )


def _of_site(told: Described) -> dict[str, Any]:
    return {
        "starts_at": told.starts_at,
        "time_zone": told.time_zone,
        "minutes": told.minutes,
        "activity": told.activity,
        "function": function_of(told.activity) or None,
        "revision": told.revision,
    }


def _clock_changes(session: Session, told: Described, now: TurnTold) -> Iterator[ClockChangeTold]:
    """From the story's first time to the last that is to come, on the session's clock and on the mentor's."""
    coming = [told.starts_at, *(m.at for m in now.moments if m.at)]
    times = [*coming, *(a.starts_at for a in session.announcements if a.starts_at)]
    place = plans.slot(told, session.mentor_zone)
    since, until = max(min(times), told.starts_at - LONGEST), min(max(coming), told.starts_at + LONGEST)
    for zone in dict.fromkeys((place.zone, place.mentor_zone)):
        for change in clock_changes(zone, since, until):
            minutes = int(change.by.total_seconds() // 60)
            yield ClockChangeTold(at=change.at, time_zone=zone.key, wall=change.wall, minutes=minutes)
