"""What the console knows when it says something: rows as read, with names joined at the last moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from services.supervision.domain import With
from shared.contracts.content import Item, Option
from shared.contracts.supervision import Match

SAFETY_RULES = frozenset({"confident_miss_on_safety_item", "safety_item_missed"})  # each comes with a hold
TALK_RULES = frozenset({"mentor_asked_to_talk", "safeguarding_button_pressed"})
ItemKey = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Staff:
    """A supervisor or site lead; `site_name` and `on_call` are the site's."""

    id: UUID
    site_id: str
    name: str
    role: str
    zone: str
    site_name: str = ""
    leads_of_site: tuple[str, ...] = ()
    on_call: str | None = None
    stands_in: tuple[UUID, ...] = ()  # for whom, while they are away

    @property
    def leads(self) -> bool:
        return self.role == "site_lead"

    @property
    def caseload(self) -> UUID | None:
        """Whose mentors; None: all of the site's."""
        return None if self.leads else self.id

    @property
    def looks_after(self) -> tuple[UUID, ...]:
        """Whose mentors, by supervisor; a lead, whoever's."""
        return (self.id, *self.stands_in)

    @property
    def role_words(self) -> str:
        return "site lead" if self.leads else "supervisor"


@dataclass(frozen=True, slots=True)
class Site:
    """What the safeguarding page says; organisation data only."""

    name: str
    phone: str
    hotline_label: str | None
    hotline_number: str | None
    steps: tuple[str, ...]
    on_call: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    module_id: str
    version: int
    item_id: str
    attempt: int
    chosen: tuple[str, ...]
    shown: bool
    correct: bool
    confidence: str | None
    safety: bool
    skill: str
    answered_at: datetime
    correct_before: bool | None = None  # as it was answered, where a corrected question changed that
    corrected_at: datetime | None = None
    reason: str | None = None  # what changed in the question

    @property
    def item(self) -> ItemKey:
        return self.module_id, self.version, self.item_id

    @property
    def turned(self) -> bool:
        """A correction made it right, or wrong."""
        return self.correct_before not in (None, self.correct)


@dataclass(frozen=True, slots=True)
class Miss:
    """An item that was wrong at the first try, with what came of it."""

    first: Answer
    retry: Answer | None
    item: Item | None

    @property
    def recovered(self) -> bool:
        return self.retry is not None and self.retry.correct and not self.retry.shown

    @property
    def certain(self) -> bool:
        return self.first.confidence == "sure"

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """Safety first, then what the mentor was certain of, then what stayed wrong."""
        return not self.first.safety, not self.certain, self.recovered

    @property
    def chosen(self) -> tuple[Option, ...]:
        """What was picked and is no answer; an ordering item has its order in `first.chosen`."""
        options = self.item.options if self.item else ()
        return tuple(option for option in options if option.id in self.first.chosen and not option.right)


@dataclass(frozen=True, slots=True)
class Training:
    id: UUID
    session_id: UUID
    quiz_by: datetime
    items: tuple[ItemKey, ...]
    opened_at: datetime | None
    completed_at: datetime | None
    late: bool
    open_answers: tuple[tuple[str, str], ...]  # (item_id, written or rather_talk)
    answers: tuple[Answer, ...] = ()
    texts: Mapping[ItemKey, Item] = field(default_factory=dict)
    prompts: tuple[str, ...] = ()  # the module's own

    @property
    def misses(self) -> tuple[Miss, ...]:
        """Ordered by what to talk about first."""
        retries = {a.item: a for a in self.answers if a.attempt == 2}
        firsts = (a for a in self.answers if a.attempt == 1 and not a.correct)
        found = (Miss(a, retries.get(a.item), self.texts.get(a.item)) for a in firsts)
        return tuple(sorted(found, key=lambda miss: miss.rank))

    @property
    def misses_no_more(self) -> tuple[Miss, ...]:
        """What was wrong when it was answered, and counts as right since its question was corrected."""
        firsts = (a for a in self.answers if a.attempt == 1 and a.correct and a.turned)
        return tuple(Miss(a, None, self.texts.get(a.item)) for a in firsts)

    @property
    def answered(self) -> int:
        return len({a.item for a in self.answers}) + len(self.open_answers)

    @property
    def last_answer_at(self) -> datetime | None:
        return max((a.answered_at for a in self.answers), default=None)


@dataclass(frozen=True, slots=True)
class Mentor:
    id: UUID
    site_id: str
    name: str
    phone: str
    supervisor_id: UUID | None = None
    supervisor_name: str | None = None
    match_started_on: date | None = None
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    id: UUID
    mentor_id: UUID
    session_id: UUID | None
    outcome: str
    at: datetime
    by_name: str
    by: UUID
    cleared: tuple[str, ...] = ()
    until: datetime | None = None  # the end of a snooze
    undone_at: datetime | None = None
    how: str | None = None
    logged_at: datetime | None = None  # None: at the same time

    @property
    def kept_at(self) -> datetime:
        """When it was logged."""
        return self.logged_at or self.at


@dataclass(frozen=True, slots=True)
class Sessions:
    """How many of a mentor's sessions took place, were canceled, or did not take place, since the match began."""

    held: int
    canceled: int
    missed: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a clearance's history."""

    state: str
    until: datetime | None
    why: str
    evidence: str
    by: UUID | None
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """A missed safety question: `functions` are suspended until someone has talked it through."""

    item: ItemKey
    training_id: UUID
    session_id: UUID
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meeting:
    """One planned session with everything that Today or a brief says about it."""

    id: UUID
    mentor: Mentor
    starts_at: datetime
    status: str
    activity: str | None = None  # None, like the three below, until the plan has arrived
    function: str | None = None
    minutes: int | None = None
    mode: str | None = None
    number: int | None = None
    nothing_suitable: bool = False
    training: Training | None = None
    open_rules: frozenset[str] = frozenset()
    holds: tuple[Hold, ...] = ()
    contact: Contact | None = None  # the last one about this session, or one with the same training
    together: tuple[UUID, ...] = ()  # the sessions of that day that have this training, itself among them

    @property
    def held(self) -> tuple[str, ...]:
        """Functions that wait for a talk; this session's own first."""
        every = {function for hold in self.holds for function in hold.functions}
        return tuple(sorted(every, key=lambda function: (function != self.function, function)))

    @property
    def talked(self) -> bool:
        return self.contact is not None and self.contact.outcome == "talked"


def next_of(meetings: Sequence[Meeting], now: datetime) -> Meeting:
    """Of several with one training: the first to come of those that take place, else the last."""
    on = sorted((m for m in meetings if m.status in ("planned", "held")), key=lambda m: m.starts_at)
    return next((m for m in on if m.starts_at > now), (on or meetings)[-1])


@dataclass(frozen=True, slots=True)
class Seen:
    """The first time that somebody had it on their screen."""

    by: UUID
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    id: UUID
    rule: str
    severity: str
    state: str  # open, acknowledged, resolved
    with_role: With  # who is asked to act now, or digest: it waits for Monday's list
    mentor: Mentor
    session_id: UUID | None
    facts: dict[str, str]
    raised_at: datetime
    acknowledge_by: datetime | None = None
    escalated_at: datetime | None = None
    snoozed_until: datetime | None = None
    acknowledged_by: str | None = None
    taken_by: UUID | None = None  # the same person
    acknowledged_at: datetime | None = None
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    how: str | None = None
    note: str | None = None
    meeting: Meeting | None = None
    rule_version: int = 1
    place: str | None = None  # in the supervisor's week: own, grouped, digest; None: it takes none
    passed_to: str | None = None  # whom by name
    back_up: str | None = None  # of the mentor's supervisor
    seen: tuple[Seen, ...] = ()  # in order
    passed_why: str | None = None
    zone: str = "UTC"  # the site's
