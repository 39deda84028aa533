"""One mentor's case: what supervision knows of a mentor, and what follows from it by itself. Pure.

Alerts live inside the case, as child rows saved with it: what one answer opens, the next answer, a talk or a new plan
changes or closes, so they need one lock, and the earliest of their deadlines is the case's one clock.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from shared.contracts.supervision import Match, Severity
from shared.contracts.vocabulary import vocabulary

WEEK = timedelta(days=7)
REMEMBERED_TRAININGS = 24
REMEMBERED_HANDLED = 60
REMEMBERED_CHECK_INS = 6
REMEMBERED_PAST = 9  # sessions that are over, for those missed in a row
REMEMBERED_TO_COME = 500  # the next ones; with more, a name stands for nobody yet, and each change would cost what all of them do
REMEMBERED_TALKS = 3
REMEMBERED_DAYS_OFF = 24
PAST = timedelta(days=3)  # how long a session stays in the case after its start
UNDO = timedelta(minutes=10)
CORRECTED_LATELY = timedelta(days=14)

With = Literal["supervisor", "back_up", "site_lead", "on_call", "digest"]
Place = Literal["own", "grouped", "digest"]
PassedWhy = Literal["deadline", "asked", "unreached"]  # unreached: no message gets to whoever was asked
Retry = Literal["none", "right", "wrong", "shown"]
Lack = Literal["missing", "expired", "suspended"]
How = Literal["call", "in_person", "message"]


@dataclass(frozen=True, slots=True)
class Session:
    session_id: UUID
    starts_at: datetime
    quiz_by: datetime
    activity: str
    function: str
    mode: Literal["in_person", "virtual"]
    status: str
    revision: int
    mentee_ref: str | None = None

    @property
    def on(self) -> bool:
        return self.status in ("planned", "held")

    @property
    def required(self) -> tuple[str, ...]:
        """The functions it asks for, its own first; none for what no mentor may do (its own rule sees to that)."""
        if self.activity in vocabulary().activities:
            return vocabulary().required(self.activity, self.mode)
        return () if self.activity in vocabulary().scope_3 else (self.function,)


@dataclass(frozen=True, slots=True)
class Training:
    """`offered` and `made`: mistake codes at first tries of questions that are not about safety; made in each, named again.

    `after_all`: questions, as module/item, that a correction found wrong only after the session; `made` has none of theirs.
    `shared`: other sessions that it prepares for, of the same day. `skill`: its module's; empty for a recall.
    """

    training_id: UUID
    session_id: UUID
    starts_at: datetime
    skill: str = ""
    shared: tuple[UUID, ...] = ()
    assigned: bool = False
    quiz_by: datetime | None = None
    opened_at: datetime | None = None
    completed_at: datetime | None = None
    overdue_since: datetime | None = None  # when it had been asked for, once trigger says that it is overdue
    offered: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    after_all: tuple[str, ...] = ()

    @property
    def session_ids(self) -> tuple[UUID, ...]:
        return (self.session_id, *self.shared)


@dataclass(frozen=True, slots=True)
class Hold:
    """A safety question missed at the first try. It suspends functions until a supervisor clears it."""

    hold_id: UUID
    training_id: UUID
    session_id: UUID
    module_id: str
    version: int
    item_id: str
    skill: str
    confidence: str | None
    answered_at: datetime
    received_at: datetime
    starts_at: datetime
    held_at: datetime
    retry: Retry = "none"
    cleared_at: datetime | None = None
    cleared_by: UUID | None = None
    contact_id: UUID | None = None
    corrected_at: datetime | None = None  # its question was wrong: there never was a miss

    @property
    def over_at(self) -> datetime | None:
        return self.cleared_at or self.corrected_at


@dataclass(frozen=True, slots=True)
class Correction:
    """A corrected question changed a result that somebody had acted on, or a hold."""

    training_id: UUID
    session_id: UUID
    item: str  # module/item
    corrected_version: int
    correct: bool
    hold: Literal["lifted", "cleared", "none"]
    at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """The mentor asked to be called."""

    kind: Literal["now", "can_wait"]
    pressed_at: datetime
    session_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CheckIn:
    """What the mentor said after a session, last. `asked_at`: since when they say `talk`."""

    session_id: UUID
    starts_at: datetime
    happened: bool
    done: Mapping[str, Literal["did", "partly", "no"]]  # by planned step
    talk: Literal["no", "week", "today"]
    asked_at: datetime
    revision: int
    activity: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    contact_id: UUID
    session_id: UUID | None
    by: UUID
    outcome: Literal["talked", "not_needed", "snoozed"]
    at: datetime  # when it was logged
    seen_at: datetime | None = None  # when the page it was logged on was drawn
    talked_at: datetime | None = None  # where it was logged later
    how: How | None = None
    cleared: tuple[str, ...] = ()
    snoozed_until: datetime | None = None
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Practice:
    """When a skill was last asked for at a first try, and the time before that."""

    at: datetime
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """What a person did to one clearance, and how it was before: for ten minutes it can be taken back."""

    mark_id: UUID
    function: str
    act: Literal["signed_off", "renewed", "revoked"]
    by: UUID
    at: datetime
    evidence: str  # how it was seen, with the number of lines of the checklist; or the reason, as a code
    was_granted: bool
    was_until: datetime | None = None
    was_revoked: bool = False
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What the rules look at. `handled`: evidence that a person has dealt with, and that raises nothing again.

    By skill: `trained`, when a module of it was last done, and `practiced`. By function: `listed`, what a people's file said
    last, so that the same file again undoes no sign-off; `revoked`.
    """

    sessions: tuple[Session, ...] = ()
    trainings: tuple[Training, ...] = ()
    holds: tuple[Hold, ...] = ()
    calls: tuple[Call, ...] = ()
    contacts: tuple[Contact, ...] = ()
    handled: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    check_ins: tuple[CheckIn, ...] = ()  # in the order of their sessions
    trained: Mapping[str, datetime] = field(default_factory=dict)
    practiced: Mapping[str, Practice] = field(default_factory=dict)
    listed: Mapping[str, datetime | None] = field(default_factory=dict)
    revoked: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    called_off: tuple[UUID, ...] = ()  # sessions of a day that the site called off
    known_since: datetime | None = None  # no talk from before is known


@dataclass(frozen=True, slots=True)
class Seen:
    """The first time that one person had the alert before them; `with_role`: who was asked to act then."""

    by: UUID
    at: datetime
    with_role: With


@dataclass(frozen=True, slots=True)
class Alert:
    """`asked_at`: since when it asks for attention, and counts; its place in the supervisor's week is decided at `place_at`."""

    alert_id: UUID
    mentor_id: UUID
    site_id: str
    supervisor_id: UUID | None
    session_id: UUID | None
    rule: str
    rule_version: int
    subject: str
    severity: Severity
    with_role: With
    facts: Mapping[str, str]
    evidence: tuple[str, ...]
    raised_at: datetime
    acknowledge_by: datetime | None = None
    escalate_at: datetime | None = None
    escalated_at: datetime | None = None
    snoozed_until: datetime | None = None
    state: Literal["open", "acknowledged", "resolved"] = "open"
    acknowledged_at: datetime | None = None
    acknowledged_by: UUID | None = None
    resolved_at: datetime | None = None
    resolved_by: UUID | None = None
    how: str | None = None
    note: str | None = None
    contact_id: UUID | None = None
    asked_at: datetime | None = None
    place: Place | None = None
    place_at: datetime | None = None
    with_person: UUID | None = None  # who it was passed on to, where that is one person
    seen: tuple[Seen, ...] = ()  # since it was raised, or raised again
    passed_why: PassedWhy | None = None

    @property
    def asked(self) -> UUID | None:
        """Who is asked to act on it; None: nobody in particular, such as the site's lead."""
        if self.escalated_at:
            return self.with_person
        return self.supervisor_id if self.with_role in ("supervisor", "on_call") else None

    @property
    def live(self) -> bool:
        return self.state != "resolved"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the live feed. `alert`: as it stood then."""

    alert_id: UUID
    supervisor_id: UUID | None
    kind: str
    at: datetime
    alert: Alert | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the clearance ledger."""

    function: str
    state: Literal["cleared", "suspended", "revoked"]
    until: datetime | None
    why: str
    evidence: str
    by: UUID | None
    at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class MentorCase:
    """`granted`: function -> last instant (None: no end). `talks`: when they last talked, by contact.

    `changes` and `entries` are saved once, then forgotten.
    """

    mentor_id: UUID
    site_id: str
    enrolled: bool = False
    supervisor_id: UUID | None = None
    time_zone: str = "UTC"
    locale: str = "en"
    matches: tuple[Match, ...] = ()
    granted: Mapping[str, datetime | None] = field(default_factory=dict)
    link_epoch: int = 1
    status: Literal["active", "left"] = "active"
    revision: int = 0
    address_hash: str | None = None
    history: History = History()
    alerts: tuple[Alert, ...] = ()
    talks: Mapping[UUID, datetime] = field(default_factory=dict)
    review_at: datetime | None = None
    changes: tuple[Change, ...] = ()
    entries: tuple[Entry, ...] = ()

    @property
    def due_at(self) -> datetime | None:
        """The earliest of its clocks: the next look at what is planned, and each alert's escalation, place and end of snooze."""
        return min((at for at in self._clocks() if at), default=None)

    def _clocks(self) -> Iterator[datetime | None]:
        yield self.review_at
        for alert in self.alerts:
            if alert.live:
                yield alert.escalate_at
                yield alert.snoozed_until
                yield alert.place_at

    @property
    def open_holds(self) -> list[Hold]:
        return [hold for hold in self.history.holds if hold.over_at is None]

    @property
    def talked_at(self) -> list[datetime]:
        return sorted(self.talks.values())

    def match_began_on(self, now: datetime) -> str | None:
        """The first day of the oldest match that goes on."""
        today = now.date().isoformat()
        return min((m.started_on for m in self.matches if not m.ends_on or m.ends_on >= today), default=None)

    def next_session(self, now: datetime) -> Session | None:
        return min(self.coming(now), key=lambda s: (s.starts_at, s.session_id), default=None)

    def coming(self, now: datetime) -> list[Session]:
        return [s for s in self.history.sessions if s.on and s.starts_at > now]

    def session(self, session_id: UUID | None) -> Session | None:
        return next((s for s in self.history.sessions if s.session_id == session_id), None)

    def session_at(self, training_id: UUID, otherwise: UUID, at: datetime) -> UUID:
        """Which session a training was for at an instant: of those that take place the first to come, else the last."""
        ids = next((t.session_ids for t in self.history.trainings if t.training_id == training_id), ())
        on = sorted((s for id in ids if (s := self.session(id)) and s.on), key=lambda s: (s.starts_at, s.session_id))
        return next((s.session_id for s in on if s.starts_at > at), on[-1].session_id if on else otherwise)

    def prepared_with(self, session_id: UUID | None) -> set[UUID | None]:
        """A session, and those that share its training."""
        return {session_id, *(id for t in self.history.trainings if session_id in t.session_ids for id in t.session_ids)}

    def start_of(self, session_id: UUID, otherwise: datetime) -> datetime:
        """The plan's own start where it is known: a moved session counts from its new time."""
        found = self.session(session_id)
        return found.starts_at if found else otherwise

    def lack(self, function: str, at: datetime) -> Lack | None:
        """Why this mentor is not cleared for a function at an instant. Expiry comes before a hold."""
        if function not in self.granted or function in self.history.revoked:
            return "missing"
        until = self.granted[function]
        if until and until < at:
            return "expired"
        return "suspended" if self.holding(function) else None

    def holding(self, function: str) -> list[Hold]:
        """The open holds that suspend a function: those on a skill that it requires."""
        known = vocabulary().functions.get(function)
        return [hold for hold in self.open_holds if known and hold.skill in known.skills]


def suspended_by(skill: str, functions: Iterable[str]) -> tuple[str, ...]:
    """Of these functions, those that require a skill."""
    known = vocabulary().functions
    return tuple(sorted(name for name in functions if name in known and skill in known[name].skills))
