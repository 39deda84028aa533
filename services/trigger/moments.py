"""The moments of a session: when each comes, how far it gives way to quiet hours, and how late it may still happen.

Moments count on the session's clock; quiet hours are the mentor's. Only what is asked for is computed.
"""

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from shared.values import value_object

LAST_CHANCE = timedelta(minutes=15)  # before the start: nothing is assigned later, and no quiz is due later
HALF_A_DAY = timedelta(hours=12)
BEFORE_QUIET = timedelta(minutes=30)
BEFORE_DEADLINE = timedelta(hours=2)  # a reminder that would meet the deadline comes this much before it

Moved = Literal["quiet_hours", "deadline", "announced_late"]
Days = Annotated[int, Field(ge=1, le=14)]
Short = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(hours=23))]


class Moment(StrEnum):
    ASSIGN = "assign"
    NUDGE = "nudge"
    QUIZ_BY = "quiz_by"
    LAST_CALL = "last_call"
    CHECK_IN = "check_in"


MOMENTS = tuple(Moment)  # in their order


@value_object(frozen=True, slots=True)
class Timing:
    """A site's choice. `assign_days` keeps the wall clock; the others count back from the start, check_in from the end."""

    assign_days: Days = 1
    nudge: Short = timedelta(hours=5)
    quiz_by: Short = timedelta(hours=3)
    last_call: Short = timedelta(minutes=30)
    check_in: Short = timedelta(minutes=15)
    quiet_from: time = time(21)
    quiet_to: time = time(7)
    reminder_grace: Short = timedelta(minutes=20)
    check_in_grace: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=7))] = timedelta(days=1)

    def faults(self) -> list[str]:
        """What contradicts itself, each in a sentence that says what to do."""
        said = []
        if not self.nudge > self.quiz_by > LAST_CHANCE:
            said.append("The reminder must come before the quiz is due, and the quiz at least 15 minutes before the session.")
        if quiet_length(self) > timedelta(hours=16):
            said.append("Quiet hours may last 16 hours at most: otherwise no time of the day is left to write to a mentor.")
        return said


@value_object(frozen=True, slots=True)
class Slot:
    """When and where a session happens, and on which clock its mentor sleeps."""

    starts_at: datetime
    minutes: int
    zone: ZoneInfo
    mentor_zone: ZoneInfo


@value_object(frozen=True, slots=True)
class Dropped:
    """A moment that will not happen, and why."""

    why: str


QUIET = Dropped("quiet_hours")
NO_ROOM = Dropped("no_room")


def assign(slot: Slot, timing: Timing) -> datetime:
    return awake(days_before(slot, timing), slot.mentor_zone, timing)


def days_before(slot: Slot, timing: Timing) -> datetime:
    """The same wall clock: a skipped hour goes forward, of a doubled hour it is the first, a skipped day gives the day before."""
    local = slot.starts_at.astimezone(slot.zone) - timedelta(days=timing.assign_days)
    at = local.astimezone(UTC)
    return at if at < slot.starts_at - HALF_A_DAY else local.replace(fold=1).astimezone(UTC)


def quiz_by(slot: Slot, timing: Timing) -> datetime:
    return awake(slot.starts_at - timing.quiz_by, slot.mentor_zone, timing)


def nudge(slot: Slot, timing: Timing, quiz_by: datetime) -> datetime:
    at = awake(slot.starts_at - timing.nudge, slot.mentor_zone, timing)
    return at if at < quiz_by else awake(quiz_by - BEFORE_DEADLINE, slot.mentor_zone, timing)


def last_call(slot: Slot, timing: Timing) -> datetime | Dropped:
    at = slot.starts_at - timing.last_call
    return QUIET if quiet_since(at.astimezone(slot.mentor_zone), timing) else at


def check_in(slot: Slot, timing: Timing) -> datetime:
    """Waits for the end of quiet hours."""
    at = slot.starts_at + timedelta(minutes=slot.minutes) + timing.check_in
    since = quiet_since(at.astimezone(slot.mentor_zone), timing)
    return _end(since + quiet_length(timing), at, timing) if since else at


def coming(moment: Moment, slot: Slot, timing: Timing, quiz_by: datetime) -> datetime | Dropped:
    """When a moment comes by the plan; `quiz_by` as it was planned for this session."""
    match moment:
        case Moment.ASSIGN:
            return assign(slot, timing)
        case Moment.NUDGE:
            return nudge(slot, timing, quiz_by)
        case Moment.QUIZ_BY:
            return quiz_by
        case Moment.LAST_CALL:
            return last_call(slot, timing)
        case Moment.CHECK_IN:
            return check_in(slot, timing)


def asked_for(moment: Moment, slot: Slot, timing: Timing) -> datetime:
    """Where the policy puts a moment, before anything gives way to anything."""
    match moment:
        case Moment.ASSIGN:
            return days_before(slot, timing)
        case Moment.NUDGE:
            return slot.starts_at - timing.nudge
        case Moment.QUIZ_BY:
            return slot.starts_at - timing.quiz_by
        case Moment.LAST_CALL:
            return slot.starts_at - timing.last_call
        case Moment.CHECK_IN:
            return slot.starts_at + timedelta(minutes=slot.minutes) + timing.check_in


def moved(moment: Moment, at: datetime, slot: Slot, timing: Timing) -> Moved | None:
    """Why a moment comes at another time than the policy puts it; None: just then."""
    asked = asked_for(moment, slot, timing)
    if at == asked:
        return None
    if at > asked and moment is not Moment.CHECK_IN:
        return "announced_late"
    return "quiet_hours" if quiet_since(asked.astimezone(slot.mentor_zone), timing) else "deadline"


def too_late(moment: Moment, at: datetime, now: datetime, slot: Slot, timing: Timing) -> bool:
    """Whether a moment that has come is not worth acting on any more. The quiz's deadline always is."""
    match moment:
        case Moment.ASSIGN:
            return now >= slot.starts_at - LAST_CHANCE
        case Moment.NUDGE | Moment.LAST_CALL:
            return now - at > timing.reminder_grace
        case Moment.CHECK_IN:
            return now - at > timing.check_in_grace
        case Moment.QUIZ_BY:
            return False


def awake(at: datetime, zone: ZoneInfo, timing: Timing) -> datetime:
    """`at`, or 30 minutes before the quiet hours that it falls into."""
    since = quiet_since(at.astimezone(zone), timing)
    return _instants(since)[0] - BEFORE_QUIET if since else at


def quiet_since(local: datetime, timing: Timing) -> datetime | None:
    """When the quiet hours around `local` began, on the same clock; None outside them."""
    clock, begin, end = local.time(), timing.quiet_from, timing.quiet_to
    overnight = begin > end
    if begin == end or (end <= clock < begin if overnight else not begin <= clock < end):
        return None
    since = local.replace(hour=begin.hour, minute=begin.minute, second=0, microsecond=0, fold=0)
    return since - timedelta(days=1) if overnight and clock < end else since


def _end(ends: datetime, at: datetime, timing: Timing) -> datetime:
    """The first time after `at` that the clock shows `ends` and it is quiet no more."""
    later = [one for one in _instants(ends) if one >= at and not quiet_since(one.astimezone(ends.tzinfo), timing)]
    return later[0] if later else ends.astimezone(UTC)


def _instants(local: datetime) -> list[datetime]:
    """What a wall clock can mean on the night of a clock change, the earlier first; on every other the same twice."""
    return sorted(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def quiet_length(timing: Timing) -> timedelta:
    """On the wall clock."""
    begin, end = (timedelta(hours=t.hour, minutes=t.minute) for t in (timing.quiet_from, timing.quiet_to))
    return (end - begin) % timedelta(days=1)
