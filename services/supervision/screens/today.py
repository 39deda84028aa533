"""Today: one line per session, what to do about it, and a sentence that counts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.supervision.screens import said
from services.supervision.screens.axis import Axis, Kind, axis
from services.supervision.screens.facts import TALK_RULES, Meeting, Miss, Training
from shared.pages import times

Group = Literal["talk", "waiting", "ready", "over", "off"]
NEEDS_TALK_FROM = 3  # misses in one training
HEADINGS: tuple[tuple[Group, str], ...] = (
    ("talk", "Talk first"),
    ("waiting", "Waiting for the training"),
    ("ready", "Ready"),
    ("over", "Already started"),
    ("off", "Canceled"),
)


@dataclass(frozen=True, slots=True)
class Status:
    kind: Kind
    word: str
    group: Group


@dataclass(frozen=True, slots=True)
class Line:
    """One session as Today lists it."""

    id: UUID
    clock: str
    starts_at: datetime
    name: str
    plan: str
    status: Status
    fact: str
    href: str
    brief: bool
    tel: str


@dataclass(frozen=True, slots=True)
class Section:
    group: Group
    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Today:
    title: str
    date: str
    summary: tuple[str, str, str]  # before, strong, after
    sections: tuple[Section, ...]
    axis: Axis | None


def status(meeting: Meeting, now: datetime) -> Status:
    if meeting.status in ("cancelled", "moved_away"):
        return Status("idle", "Canceled", "off")
    found = _asks_for_a_talk(meeting) or _training(meeting)
    if meeting.starts_at <= now and found.group != "talk":
        return Status(found.kind, found.word, "over")
    return found


def _asks_for_a_talk(meeting: Meeting) -> Status | None:
    if meeting.holds:
        return Status("hold", "Talk first", "talk")
    if meeting.open_rules & TALK_RULES:
        return Status("talk", "Asked to talk", "talk")
    if needs_a_talk(meeting):
        return Status("talk", "Needs a talk", "talk")
    return None


def needs_a_talk(meeting: Meeting) -> bool:
    """Certain and wrong, or a third miss, until a contact about this session is logged."""
    if meeting.training is None or _answered(meeting, meeting.training):
        return False
    misses = meeting.training.misses
    return len(misses) >= NEEDS_TALK_FROM or any(miss.certain for miss in misses)


def _answered(meeting: Meeting, training: Training) -> bool:
    """A talk logged before the last answer says nothing about it."""
    contact, last = meeting.contact, training.last_answer_at
    return contact is not None and contact.outcome in ("talked", "not_needed") and (last is None or contact.at >= last)


def _training(meeting: Meeting) -> Status:
    training = meeting.training
    if training is None:
        word = "No training was due" if meeting.nothing_suitable else "No training yet"
        return Status("idle", word, "ready")
    if training.completed_at:
        return Status("ready", "Late, ready" if training.late else "Ready", "ready")
    if training.opened_at or training.answers:
        return Status("going", "In progress", "waiting")
    return Status("idle", "Not started", "waiting")


def fact(meeting: Meeting, found: Status, now: datetime, zone: str) -> str:
    """One or two short sentences under the status."""
    if found.group == "off":
        return "No training is needed."
    if found.group == "talk":
        return said.clipped([_why_talk(meeting), _progress(meeting, now, zone), _contact(meeting, now, zone)])
    if found.group == "over":
        return f"Started at {times.clock(meeting.starts_at, zone)}."
    if found.group == "waiting":
        return said.clipped([_starts_soon(meeting, now), _progress(meeting, now, zone)])
    return said.clipped([_ready(meeting), _contact(meeting, now, zone)])


def _why_talk(meeting: Meeting) -> str:
    misses = meeting.training.misses if meeting.training else ()
    safety = [miss for miss in misses if miss.first.safety]
    if safety:
        others = sum(miss.certain for miss in misses if not miss.first.safety)
        named = f"Missed a safety question: {topic(safety[0])}." if safety[0].item else "Missed a safety question."
        return said.clipped([named, f"Was certain on {said.number(others)} other{'s' * (others > 1)}." if others else ""])
    if meeting.held:
        return f"Not cleared for {said.listed(map(said.function, meeting.held))} until you two have talked."
    if "safeguarding_button_pressed" in meeting.open_rules:
        return "Pressed “Call me now”."
    if meeting.open_rules & TALK_RULES:
        return "Asked for a call."
    certain = [miss for miss in misses if miss.certain]
    if certain:
        return f"Was certain, and missed {topic(certain[0])}." if certain[0].item else "Was certain, and missed a question."
    return missed(misses)


def topic(miss: Miss) -> str:
    return said.lower(miss.item.topic) if miss.item else "a question"


def missed(misses: Sequence[Miss]) -> str:
    """Missed one, right on the second try."""
    if not misses:
        return "Nothing missed."
    right = sum(miss.recovered for miss in misses)
    if right == len(misses):
        return f"Missed {said.number(right)}, right on the second try."
    if right:
        return f"Missed {said.number(len(misses))}, {said.number(right)} of them right on the second try."
    return f"Missed {said.number(len(misses))}."


def _ready(meeting: Meeting) -> str:
    if meeting.training:
        return missed(meeting.training.misses)
    return "No training fits this session." if meeting.nothing_suitable else "It is sent before the session."


def _contact(meeting: Meeting, now: datetime, zone: str) -> str:
    contact = meeting.contact
    if contact and contact.outcome == "snoozed" and contact.until and contact.until > now:
        return f"Snoozed until {said.moment(contact.until, now, zone)}."
    if contact is None or contact.outcome != "talked":
        return ""
    day = said.on_day(contact.at, now, zone)
    return f"You talked at {times.clock(contact.at, zone)}." if day == "today" else f"You talked {day}."


def _starts_soon(meeting: Meeting, now: datetime) -> str:
    left = meeting.starts_at - now
    return f"Starts in {said.span(left)}." if left < timedelta(hours=2) else ""


def _progress(meeting: Meeting, now: datetime, zone: str) -> str:
    training = meeting.training
    if training is None:
        return ""
    if training.completed_at:
        return "" if training.misses else "Training is done."
    due = f"Answers {'are' if training.quiz_by > now else 'were'} due by {times.clock(training.quiz_by, zone)}."
    if training.last_answer_at:
        last = times.clock(training.last_answer_at, zone)
        return f"{said.sentence(said.number(training.answered))} of {len(training.items)} answered, last at {last}."
    return f"Opened, nothing answered yet. {due}" if training.opened_at else f"Not opened yet. {due}"


def line(meeting: Meeting, now: datetime, zone: str, whose: bool = False) -> Line:
    """`whose`: for a site lead, who has several supervisors' mentors in one list."""
    found = status(meeting, now)
    return Line(
        id=meeting.id,
        clock=times.clock(meeting.starts_at, zone),
        starts_at=meeting.starts_at,
        name=meeting.mentor.name,
        plan=f"{plan(meeting)}. {meeting.mentor.supervisor_name or 'No supervisor yet'}." if whose else plan(meeting),
        status=found,
        fact=fact(meeting, found, now, zone),
        href=f"/briefs/{meeting.training.id}" if meeting.training else f"/mentors/{meeting.mentor.id}",
        brief=meeting.training is not None and found.group == "talk",
        tel=said.tel(meeting.mentor.phone) if found.group == "waiting" else "",
    )


def plan(meeting: Meeting) -> str:
    """Goal review, 45 min, in person; what has not arrived yet is left out."""
    parts = [
        said.activity(meeting.activity) if meeting.activity else "Session",
        f"{meeting.minutes} min" if meeting.minutes else "",
        said.mode(meeting.mode) if meeting.mode else "",
    ]
    return ", ".join(part for part in parts if part)


def page(meetings: Sequence[Meeting], now: datetime, zone: str, *, whose: bool = False) -> Today:
    lines = [line(m, now, zone, whose) for m in sorted(meetings, key=lambda m: (m.starts_at, m.mentor.name))]
    grouped = {group: tuple(one for one in lines if one.status.group == group) for group, _ in HEADINGS}
    return Today(
        title=_title(grouped),
        date=f"{times.date_clock(now, zone).replace(' at ', ', ')}",
        summary=_summary(grouped),
        sections=tuple(Section(group, words, grouped[group]) for group, words in HEADINGS if grouped[group]),
        axis=axis([(one.starts_at, one.status.kind) for one in lines if one.status.group != "off"], now, zone),
    )


def _title(grouped: dict[Group, tuple[Line, ...]]) -> str:
    if not any(grouped.values()):
        return "Today: no sessions"
    talk, waiting, ready = (len(grouped[group]) for group in ("talk", "waiting", "ready"))
    return f"Today: {talk} to talk with, {waiting} waiting, {ready} ready"


def _summary(grouped: dict[Group, tuple[Line, ...]]) -> tuple[str, str, str]:
    talk, waiting, ready, over = (len(grouped[group]) for group in ("talk", "waiting", "ready", "over"))
    total = talk + waiting + ready + over
    if not total:
        return "", "", ""
    start = f"{said.sentence(said.counted(total, 'session', 'sessions'))}."
    if ready + over == total and ready:
        return start, "Everyone is ready.", ""
    strong = f"Talk with {said.counted(talk, 'mentor', 'mentors')}" if talk else ""
    rest = said.clipped([_before(talk), _count(waiting, "has", "have", "not finished the training"), _are(ready)])
    return start, strong, rest


def _before(talk: int) -> str:
    return "" if not talk else "before it starts." if talk == 1 else "before they start."


def _count(count: int, one: str, many: str, words: str) -> str:
    return f"{said.sentence(said.number(count))} {one if count == 1 else many} {words}." if count else ""


def _are(ready: int) -> str:
    return _count(ready, "is", "are", "ready")


NEWS = {
    "Talk first": "needs a talk first",
    "Asked to talk": "asked to talk",
    "Needs a talk": "needs a talk",
    "In progress": "has started the training",
    "Ready": "is ready",
    "Late, ready": "is ready",
}


def live(before: Today | None, after: Today) -> str:
    """What changed since the page was last drawn, as one sentence for its status line; empty when only time went by."""
    known = {one.id: one.status.word for section in before.sections for one in section.lines} if before else {}
    lines = [one for section in after.sections for one in section.lines]
    changed = [one for one in lines if one.id in known and known[one.id] != one.status.word and one.status.word in NEWS]
    if changed:
        return f"Live. {changed[0].name} {NEWS[changed[0].status.word]}."
    return "" if known.keys() == {one.id for one in lines} else "Live. The list has changed."
