"""What is looked up when a notice is sent: its reader, and what it is about. Rows as read; nothing here is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Reader:
    """`reply_to`: the supervisor of a mentor, the site's lead for staff. `here`: listed, and has not left."""

    person_id: UUID
    site_id: str
    role: str
    name: str
    email: str | None
    phone: str | None
    locale: str
    zone: str
    here: bool
    site_name: str
    site_phone: str
    wanted: str = "mail"
    broken: Mapping[str, object] = field(default_factory=dict)
    sent_lately: int = 0
    link_epoch: int = 1
    supervisor_name: str | None = None
    supervisor_phone: str | None = None
    reply_to: str | None = None

    @property
    def mentor(self) -> bool:
        return self.role == "mentor"


@dataclass(frozen=True, slots=True)
class Session:
    session_id: UUID
    training_id: UUID | None
    starts_at: datetime
    quiz_by: datetime | None
    status: str
    revision: int
    done: bool

    @property
    def on(self) -> bool:
        return self.status in ("planned", "held")


@dataclass(frozen=True, slots=True)
class Alert:
    """What is asked for, by whom and until when; of what it is about, nothing."""

    alert_id: UUID
    rule: str
    mentor_name: str
    state: str
    with_role: str
    snoozed: bool
    urgent: bool
    acknowledge_by: datetime | None
    raised_at: datetime
    starts_at: datetime | None
    supervisor_name: str | None
    passed_why: str | None = None
    supervisor_id: UUID | None = None
    with_person: UUID | None = None

    @property
    def asked(self) -> UUID | None:
        """Who is asked to act on it; None: the site's lead."""
        if self.with_person:
            return self.with_person
        return self.supervisor_id if self.with_role in ("supervisor", "on_call") else None


@dataclass(frozen=True, slots=True)
class Twins:
    """Other notices of which one is enough for their reader: when the last that was sent was written, and whether one is being
    sent now."""

    sent_at: datetime | None = None
    under_way: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """Of a list: who it is about and a word or two, with where it leads to."""

    words: str
    path: str


@dataclass(frozen=True, slots=True)
class Facts:
    now: datetime
    reader: Reader
    session: Session | None = None
    alert: Alert | None = None
    first_at: datetime | None = None  # of a day's sessions that are listed
    talk: int = 0
    waiting: int = 0
    lines: tuple[Line, ...] = ()
    together: tuple[Alert, ...] = ()  # what stands in one list with the alert, itself too
    reads_now: UUID | None = None  # who reads what it is for: another one while its person is away
    twins: Twins = Twins()
