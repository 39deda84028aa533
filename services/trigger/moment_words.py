"""The moments of a session in sentences: when each comes or came, or why it does not. Used by stories and by previews."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.trigger.moments import Moment, Moved
from services.trigger.policy_words import span
from services.trigger.stories import MomentTold, TrainingTold
from shared.pages import times

NAMES: dict[Moment, str] = {
    Moment.ASSIGN: "training",
    Moment.NUDGE: "reminder",
    Moment.QUIZ_BY: "quiz deadline",
    Moment.LAST_CALL: "last call",
    Moment.CHECK_IN: "check-in",
}
WHY = {
    "too_late": "its time had passed before we came to it, and it is not sent late",
    "already_past": "its time had passed already when the session was announced or changed",
    "quiet_hours": "it would fall into the mentor's quiet hours",
    "no_room": "there is no room for it between the training and the deadline",
    "completed": "the training was already done",
    "nothing_suitable": "no training fitted this session, so there was nothing to remind of",
    "nothing_requested": "no training had been asked for",
    "nothing_assigned": "no training had reached the mentor",
    "shared": "another session of this mentor on the same day has the same training and reminds of it",
    "cancelled": "the session was canceled",
    "held": "the session was reported as held",
    "not_held": "the session was reported as not held",
    "held_early": "the session was reported as held before it began",
    "mentor_left": "the mentor is not active at this site. If that is wrong, set them active in the people's file and import it",
    "site_closed": "the site is closed",
    "out_of_scope_activity": "what is planned is not for mentors: a professional does it. The supervisor has an alert",
}
MOVED: dict[Moved, str] = {
    "quiet_hours": "moved out of the mentor's quiet hours",
    "deadline": "moved to two hours before the deadline",
    "announced_late": "as the session was announced too late for its usual time",
}
PROMPT = timedelta(minutes=2)  # what is later than this is called late


@dataclass(frozen=True, slots=True)
class Clocks:
    """The session's zone, and the mentor's. `changing`: each time says its offset, as that is not the same for all of them."""

    session: str
    mentor: str
    changing: bool = False

    def when(self, at: datetime) -> str:
        """Thursday, October 21 at 4:00 pm (5:00 pm for the mentor)."""
        said = times.date_clock(at, self.session) + self.offset(at, self.session)
        if not self.differ(at):
            return said
        there, here = at.astimezone(times.known(self.mentor)), at.astimezone(times.known(self.session))
        mentor = times.clock if there.date() == here.date() else times.date_clock
        return f"{said} ({mentor(at, self.mentor)}{self.offset(at, self.mentor)} for the mentor)"

    def differ(self, at: datetime) -> bool:
        return at.astimezone(times.known(self.session)).utcoffset() != at.astimezone(times.known(self.mentor)).utcoffset()

    def offset(self, at: datetime, zone: str) -> str:
        return f" {zone_name(at, zone)}" if self.changing else ""


def zone_name(at: datetime, zone: str) -> str:
    """CST, or its offset where people have no letters for it."""
    name = f"{at.astimezone(times.known(zone)):%Z}"
    return name if name.isalpha() else utc_offset(at, zone)


def utc_offset(at: datetime, zone: str) -> str:
    """UTC-6, UTC+5:30."""
    offset = at.astimezone(times.known(zone)).utcoffset() or timedelta(0)
    hours, minutes = divmod(round(abs(offset).total_seconds() / 60), 60)
    return f"UTC{'-' if offset < timedelta(0) else '+'}{hours}" + (f":{minutes:02}" if minutes else "")


def sentences(told: list[MomentTold], clocks: Clocks, training: TrainingTold | None = None) -> Iterator[str]:
    for one in told:
        yield sentence(one, clocks, training)


def sentence(one: MomentTold, clocks: Clocks, training: TrainingTold | None = None) -> str:
    name = NAMES[one.moment]
    if one.state in ("skipped", "dropped"):
        return _not_sent(one, name, clocks)
    assert one.at is not None, "a moment that comes has a time"
    if one.state == "waiting":
        return f"{_capital(name)}: {clocks.when(one.at)}{_moved(one)}."
    if one.moment is Moment.QUIZ_BY:
        return f"The quiz was due on {clocks.when(one.at)}{_moved(one)}.{_at_the_deadline(one, training)}"
    return f"The {name} went out on {clocks.when(one.at)}{_late(one)}{_moved(one)}."


def why(code: str | None) -> str:
    return WHY.get(code or "", f"its reason is “{code}”")


def _not_sent(one: MomentTold, name: str, clocks: Clocks) -> str:
    if one.at is None:
        return f"No {name}: {why(one.why)}."
    what = "counted for nothing" if one.moment is Moment.QUIZ_BY else "was not sent"
    return f"The {name} on {clocks.when(one.at)} {what}: {why(one.why)}."


def _late(one: MomentTold) -> str:
    late = one.acted_at - one.at if one.acted_at and one.at else timedelta(0)
    return f", {span(late)} late" if late > PROMPT else ""


def _moved(one: MomentTold) -> str:
    return f", {MOVED[one.moved]}" if one.moved else ""


def _at_the_deadline(one: MomentTold, training: TrainingTold | None) -> str:
    if training is None or one.acted_at is None:
        return ""
    if training.completed_at and training.completed_at <= one.acted_at:
        return " The training was done by then."
    if training.completed_at:
        return " The training was not done by then, and the supervisor was told; it was done later."
    return " The training was not done by then, and the supervisor was told."


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
