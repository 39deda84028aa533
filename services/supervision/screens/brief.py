"""The brief: what was missed, in whose words, what to ask, and the log. At most one screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.supervision.screens import said, today
from services.supervision.screens.axis import Kind
from services.supervision.screens.facts import Contact, ItemKey, Meeting, Miss, Staff, Training
from services.supervision.screens.last_session import Last, LastSession, last_session
from shared.contracts.content import Item
from shared.pages import times

SHOWN = 3  # one screen; the rest is counted in words
ASKED = 2
UNDO = timedelta(minutes=10)
Words = Literal["written", "rather_talk", "not_yet", "unavailable", "none"]


@dataclass(frozen=True, slots=True)
class OpenAnswer:
    """What the mentor wrote, as assessment told us at this moment; kept nowhere here."""

    state: Words
    text: str = ""


@dataclass(frozen=True, slots=True)
class Missed:
    topic: str
    confidence: str
    certain: bool
    outcome: str
    kind: Kind
    chose: str
    problem: str
    corrected: str = ""


@dataclass(frozen=True, slots=True)
class NoMiss:
    """What was missed by a wrong key."""

    topic: str
    words: str
    changed: str


@dataclass(frozen=True, slots=True)
class InTheirWords:
    question: str
    text: str
    note: str


@dataclass(frozen=True, slots=True)
class Logged:
    """What was logged last. `undo` while it can be taken back; `again` when there is something new to log about."""

    words: str
    contact: Contact
    undo: bool
    again: bool


@dataclass(frozen=True, slots=True)
class Brief:
    title: str
    name: str
    first_name: str
    subtitle: str
    phone: str
    tel: str
    hold: str | None
    progress: str | None
    missed: tuple[Missed, ...]
    rest: str | None
    no_misses: tuple[NoMiss, ...]
    nothing_missed: bool
    words: InTheirWords | None
    ask_heading: str
    asks: tuple[str, ...]
    clear: str | None
    logged: Logged | None
    opened_by: str | None
    last: LastSession | None
    ends_at: datetime | None  # of the session, while it is to come


def page(
    meeting: Meeting,
    training: Training,
    answer: OpenAnswer,
    contacts: Sequence[Contact],
    opened: Sequence[tuple[str, datetime]],
    *,
    viewer: Staff,
    now: datetime,
    last: Last | None = None,
) -> Brief:
    """`contacts` about this session, latest first; `opened`: who else read this brief, latest first; `last`: the
    check-in before this session."""
    zone, name = viewer.zone, said.first_name(meeting.mentor.name)
    misses = training.misses
    quiet = bool(training.completed_at) and not misses
    asks = things_to_ask(training)[: 1 if quiet else ASKED]
    return Brief(
        title=f"Brief: {meeting.mentor.name}, {times.day(meeting.starts_at, zone)} {times.clock(meeting.starts_at, zone)}",
        name=meeting.mentor.name,
        first_name=name,
        subtitle=subtitle(meeting, now, zone),
        phone=meeting.mentor.phone,
        tel=said.tel(meeting.mentor.phone),
        hold=hold(meeting, name),
        progress=progress(training, name),
        missed=tuple(missed(miss, now, zone) for miss in misses[:SHOWN]),
        rest=rest(misses[SHOWN:]),
        no_misses=tuple(no_miss(miss, now, zone) for miss in training.misses_no_more),
        nothing_missed=quiet,
        words=in_their_words(training, answer),
        ask_heading="Two things to ask" if len(asks) == ASKED else "One thing to ask",
        asks=asks,
        clear=clear(meeting, name),
        logged=logged(contacts, viewer, now, since=training.last_answer_at),
        opened_by=_opened(opened, now, zone),
        last=last_session(last, name, now, zone) if last else None,
        ends_at=meeting.starts_at + timedelta(minutes=meeting.minutes or 0) if meeting.starts_at > now else None,
    )


def subtitle(meeting: Meeting, now: datetime, zone: str) -> str:
    left = meeting.starts_at - now
    soon = f", in {said.span(left)}" if timedelta(0) < left < timedelta(days=2) else ""
    starts = f"{said.sentence(said.when(meeting.starts_at, now, zone))}{soon}."
    if meeting.status == "cancelled":
        starts = f"{said.sentence(said.when(meeting.starts_at, now, zone))}, canceled."
    number = f"Session {meeting.number}." if meeting.number else ""
    return said.clipped([starts, f"{today.plan(meeting)}.", number])


def hold(meeting: Meeting, name: str) -> str | None:
    if not meeting.holds:
        return None
    functions = said.listed(said.quoted(said.function(code)) for code in meeting.held[:2]) if meeting.held else ""
    more = len(meeting.held) - 2
    if more > 0:
        functions = f"{functions}, and {said.counted(more, 'more function', 'more functions')}"
    until = f"Until you have talked, {name} is not cleared for {functions}." if functions else "Please talk about it first."
    return f"{until} The session is not canceled."


def progress(training: Training, name: str) -> str | None:
    if training.completed_at:
        return None
    if not training.answered:
        begun = "opened the training and not answered yet" if training.opened_at else "not opened the training yet"
        return f"{name} has {begun}. This brief fills in as answers arrive."
    return f"{name} has answered {training.answered} of {len(training.items)}. This brief fills in as answers arrive."


def missed(miss: Miss, now: datetime, zone: str) -> Missed:
    words, kind = outcome(miss)
    return Missed(
        topic=topic(miss),
        confidence=said.CONFIDENCE.get(miss.first.confidence or "", ""),
        certain=miss.certain,
        outcome=words,
        kind=kind,
        chose=chose(miss),
        problem=" ".join(option.why for option in miss.chosen),
        corrected=f"{_corrected(miss, now, zone)}; this answer counted as right before." if miss.first.turned else "",
    )


def topic(miss: Miss) -> str:
    return miss.item.topic if miss.item else said.sentence(said.skill(miss.first.skill))


def no_miss(miss: Miss, now: datetime, zone: str) -> NoMiss:
    return NoMiss(topic(miss), f"{_corrected(miss, now, zone)}; this miss no longer counts.", miss.first.reason or "")


def _corrected(miss: Miss, now: datetime, zone: str) -> str:
    return f"Question corrected {said.on_day(miss.first.corrected_at or now, now, zone)}"


def outcome(miss: Miss) -> tuple[str, Kind]:
    still: Kind = "hold" if miss.first.safety else "talk"
    if miss.recovered:
        return "Right on second try", "ready"
    if miss.retry is None:
        return "Missed, not tried again", still
    return ("Asked for the answer", still) if miss.retry.shown else ("Missed twice", still)


def chose(miss: Miss) -> str:
    if miss.item is None:
        return "The words of this question have not arrived here yet."
    texts = {option.id: option.text for option in miss.item.options}
    picked = [said.quoted(texts[id]) for id in miss.first.chosen if id in texts]
    if not picked:
        return "Nothing was chosen."
    if miss.item.kind == "order":
        return "In this order: " + ", then ".join(picked)
    wrong = [said.quoted(option.text) for option in miss.chosen]
    return " and ".join(wrong) if wrong else f"{' and '.join(picked)} (something was left out)"


def rest(misses: Sequence[Miss]) -> str | None:
    """And 1 more, right on the second try."""
    if not misses:
        return None
    right = all(miss.recovered for miss in misses)
    return f"And {len(misses)} more{', right on the second try' if right else ''}."


def in_their_words(training: Training, answer: OpenAnswer) -> InTheirWords | None:
    if answer.state == "none":
        return None
    item = open_item(training)
    question = said.clipped([item.stem, item.question]) if item else ""
    notes: dict[Words, str] = {
        "rather_talk": "Would rather talk about it.",
        "not_yet": "Nothing was written." if training.completed_at else "Not answered yet.",
        "unavailable": "The answer cannot be shown at the moment. It is kept safe; reload this page in a minute.",
    }
    return InTheirWords(question, answer.text, notes.get(answer.state, ""))


def open_item(training: Training) -> Item | None:
    asked: Sequence[ItemKey] = [key for key in training.items if key in training.texts]
    return next((training.texts[key] for key in asked if training.texts[key].kind == "open"), None)


def things_to_ask(training: Training) -> tuple[str, ...]:
    """What the missed items ask for, worst first, then what the module offers."""
    prompts = [miss.item.prompt for miss in training.misses if miss.item and miss.item.prompt]
    return tuple(said.quoted(prompt) for prompt in dict.fromkeys([*prompts, *training.prompts]))


def clear(meeting: Meeting, name: str) -> str | None:
    """The words beside the tick that lifts the hold."""
    if not meeting.holds:
        return None
    these = "this function" if len(meeting.held) == 1 else "these functions"
    question = "the safety question" if len(meeting.holds) == 1 else "the safety questions"
    return f"We went through {question}. Clear {name} for {these}."


def logged(contacts: Sequence[Contact], viewer: Staff, now: datetime, since: datetime | None = None) -> Logged | None:
    """The last contact that stands. `since`: when something new was heard; a snooze that is over is nothing."""
    last = next((contact for contact in contacts if contact.undone_at is None), None)
    if last is None or (last.outcome == "snoozed" and last.until is not None and last.until <= now):
        return None
    undo = last.by == viewer.id and now - last.kept_at < UNDO
    return Logged(_logged(last, viewer, now), last, undo, last.outcome == "snoozed" or (since is not None and since > last.at))


def just_logged(contacts: Sequence[Contact], viewer: Staff, now: datetime) -> Logged | None:
    """For a mentor's page, where the next contact can be logged any day."""
    found = logged(sorted(contacts, key=lambda contact: contact.kept_at, reverse=True), viewer, now)
    return found if found and (found.undo or found.contact.outcome == "snoozed") else None


def _logged(contact: Contact, viewer: Staff, now: datetime) -> str:
    at = said.moment(contact.kept_at, now, viewer.zone)
    who = "" if contact.by == viewer.id else f" by {contact.by_name}"
    if contact.outcome == "snoozed" and contact.until:
        return f"Snoozed until {said.moment(contact.until, now, viewer.zone)}{who}."
    what = "as not needed " if contact.outcome == "not_needed" else ""
    return f"Logged {what}at {at}{who}." if "at " not in at else f"Logged {what}{at}{who}."


def _opened(opened: Sequence[tuple[str, datetime]], now: datetime, zone: str) -> str | None:
    if not opened:
        return None
    name, at = opened[0]
    moment = said.moment(at, now, zone)
    return f"{name} opened this {'at ' if ' at ' not in moment else ''}{moment}."
