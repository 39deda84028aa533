"""What a source says now, against what it said last: only the difference is told, with revisions of our own.

A calendar's own SEQUENCE would not do: a cancelled entry can come back with the number that it had.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID

from services.trigger.calendar_parts import Instance, Problem, Reading, Window
from services.trigger.messages import SessionMapped
from shared.contracts import ids
from shared.contracts.site import Mode, SessionCancelled, SessionScheduled
from shared.contracts.vocabulary import vocabulary

CANCELLED = sha256(b"cancelled").digest()
REFUSED = b""  # said, but not taken: said again next time, under a new revision
LONGEST_MENTOR, LONGEST_UID = 80, 96  # with the start and two slashes, a reference stays within its 200 characters
FEWEST_MINUTES, MOST_MINUTES = 5, 480
NO_CATEGORY = ""
LEFT_OUT, NO_ACTIVITY, SEVERAL_MENTORS = "left_out", "no_activity", "several_mentors"
EXAMPLES = 3
MOST_NAMES, LONGEST_NAME = 40, 64  # properties that are named of what waits; a calendar can make up any number, of any length

Kind = Literal["planned", "moved", "changed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose calendar it is: one mentor's; or, without a `mentor_ref`, that of a site, under a name of its own: `calendar`.

    `activity` is for entries without a category.
    `complete`: it holds all that this mentor, or this calendar, has: what it had before and does not know now is cancelled.
    """

    site_id: str
    mentor_ref: str = ""
    activity: str | None = None
    complete: bool = False
    calendar: str = ""

    @property
    def mentor_id(self) -> UUID | None:
        return ids.mentor(self.site_id, self.mentor_ref) if self.mentor_ref else None


@dataclass(frozen=True, slots=True)
class Meaning:
    """Whose session an entry is, and for what. `why` it is nobody's: by a code; `activity` None: nobody can tell.

    `among`: the mentors of whom it is one's, where it cannot be told whose.
    """

    mentor_id: UUID | None
    activity: str | None
    focus: tuple[str, ...] = ()
    mode: Mode = "in_person"
    why: str | None = None
    among: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Roster:
    """A site's mentors of now, and by the hash of an address those who have it."""

    mentors: frozenset[UUID] = frozenset()
    by_address: Mapping[str, frozenset[UUID]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """What was said last of one session. `elsewhere`: by another calendar than the one that is read."""

    content: bytes
    revision: int
    starts_at: datetime
    mentor_id: UUID | None = None
    elsewhere: bool = False

    @property
    def live(self) -> bool:
        return self.content not in (CANCELLED, REFUSED)


@dataclass(frozen=True, slots=True)
class Change:
    kind: Kind
    event: SessionScheduled | SessionCancelled
    said: Said

    @property
    def event_id(self) -> str:
        """The same for the same news, so that a second run after a crash tells nothing twice; it names nobody."""
        words = (self.event.site_id, self.event.session_ref, str(self.said.revision), self.said.content.hex())
        return sha256("\0".join(words).encode()).hexdigest()


@dataclass(slots=True)
class Need:
    """Sessions that wait for a mapping, or for a mentor to be in the roster: how many, when the first are, and which properties
    they have, with how many `more`. Nothing that an entry says: it is kept, and shown to whoever asks."""

    why: str
    sessions: int = 0
    starts: list[datetime] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    more: int = 0

    def add(self, instance: Instance) -> None:
        self.sessions += 1
        self.starts = sorted([*self.starts, instance.starts_at])[:EXAMPLES]
        self.names.update(instance.about.names)

    def shortened(self) -> "Need":
        """Those of the calendar standard first, then the own ones of whoever wrote it."""
        named = sorted(self.names, key=lambda name: (len(name) > LONGEST_NAME, name.startswith("X-"), name))[:MOST_NAMES]
        names = {name for name in named if len(name) <= LONGEST_NAME}
        return replace(self, names=names, more=len(self.names) - len(names))


@dataclass(frozen=True, slots=True)
class Plan:
    """`unmapped`: categories that name no activity, with how many sessions; `needs`: the same by reason, and what is nobody's.
    `absent`: sessions that only earlier files knew. `taken`: said by another calendar before, and this one says the same.

    `vanished`: references that are cancelled because they are not in the file any more, of `to_come` that earlier ones planned.
    """

    changes: tuple[Change, ...]
    unchanged: int
    unmapped: Mapping[str, int]
    absent: int
    problems: tuple[Problem, ...]
    vanished: frozenset[str] = frozenset()
    to_come: int = 0
    needs: tuple[Need, ...] = ()
    left_out: int = 0
    taken: tuple[str, ...] = ()


Meant = tuple[Instance, Meaning]


def plan(
    reading: Reading, asked: Asked, said: Mapping[str, Said], window: Window, meanings: Sequence[Meaning] | None = None
) -> Plan:
    """`said` holds, by reference, what was said of the sessions of this calendar, and of the mentors that it names now.
    `meanings`: of each instance; without, all are the one mentor's.

    Of what began before the window only one thing is told: that a session which was planned is called off.
    """
    meanings = meanings or [Meaning(asked.mentor_id, activity_of(i.categories, asked.activity)) for i in reading.instances]
    coming = [(i, m) for i, m in zip(reading.instances, meanings, strict=True) if i.cancelled or not has_begun(i, window)]
    read = dict(_by_reference(coming, asked, said, window))
    live = [(i, m) for i, m in coming if not i.cancelled]
    whose = [(i, m) for i, m in live if m.mentor_id]
    wrong = [problem for i, _ in whose if (problem := _wrong_length(i))]
    told = {ref: _told(ref, i, m, asked, said.get(ref)) for ref, (i, m) in read.items() if _can_be_told(i, m)}
    to_come = {ref: last for ref, last in said.items() if last.live and last.starts_at in window and _own(last, asked)}
    rest = {ref: last for ref, last in to_come.items() if ref not in read}
    gone, moved, absent = _missing(reading, asked, rest, {_own_part(i): m for i, m in live})
    changes = [change for change in told.values() if change is not None]
    changes += [change for ref in sorted(gone) if (change := cancelled(asked.site_id, ref, rest[ref], rest[ref].starts_at))]
    return Plan(
        changes=tuple(changes),
        unchanged=list(told.values()).count(None),
        unmapped=dict(Counter(_category(i) for i, m in whose if m.activity is None)),
        absent=absent,
        problems=tuple(wrong),
        vanished=gone - moved,
        to_come=len(to_come),
        needs=needs(live),
        left_out=sum(m.why == LEFT_OUT for _, m in live),
        taken=tuple(ref for ref, change in told.items() if change is None and ref in said and said[ref].elsewhere),
    )


def settled(reading: Reading, meanings: Sequence[Meaning], said: Mapping[str, Said], asked: Asked) -> list[Meaning]:
    """A session stays with the mentor who has it when another one is a guest too: nobody has called it off."""
    had = {(ref.partition("/")[2], last.mentor_id) for ref, last in said.items() if last.live and _own(last, asked)}
    return [_kept(i, meaning, had) if meaning.among else meaning for i, meaning in zip(reading.instances, meanings, strict=True)]


def _kept(instance: Instance, meaning: Meaning, had: Container[tuple[str, UUID | None]]) -> Meaning:
    own_part = _own_part(instance)
    found = [mentor_id for mentor_id in meaning.among if (own_part, mentor_id) in had]
    return replace(meaning, mentor_id=found[0]) if len(found) == 1 else meaning


def has_begun(instance: Instance, window: Window) -> bool:
    return instance.start_utc < window.start and (instance.original is None or instance.original < window.start)


def _by_reference(coming: Iterable[Meant], asked: Asked, said: Mapping[str, Said], window: Window) -> Iterator[tuple[str, Meant]]:
    """A cancelled session is so for whoever had it. One that is known under a reference keeps it."""
    known: dict[str, dict[UUID | None, str]] = {}
    for ref, last in said.items():
        known.setdefault(ref.partition("/")[2], {})[last.mentor_id or asked.mentor_id] = ref
    for i, m in coming:
        own_part = _own_part(i)
        refs = known.get(own_part, {})
        whose = {m.mentor_id} if m.mentor_id else set[UUID | None]()
        if i.cancelled:
            whose |= {mentor for mentor, ref in refs.items() if _own(said[ref], asked)}
        for mentor in whose:
            ref = refs.get(mentor) or f"{_mentor_part(asked.mentor_ref or str(mentor))}/{own_part}"
            if not has_begun(i, window) or (ref in said and said[ref].live):
                yield ref, (i, m)


def _own(last: Said, asked: Asked) -> bool:
    """Whether this calendar may call off what was said last."""
    return not last.elsewhere and (not asked.mentor_ref or last.mentor_id in (None, asked.mentor_id))


def needs(live: Iterable[Meant]) -> tuple[Need, ...]:
    found: dict[str, Need] = {}
    for i, m in live:
        why = m.why or (NO_ACTIVITY if m.activity is None else None)
        if why and why != LEFT_OUT:
            found.setdefault(why, Need(why)).add(i)
    return tuple(need.shortened() for need in found.values())


def reference(mentor_ref: str, uid: str, original: datetime | None) -> str:
    """Mentor, UID and original start. An entry that does not repeat has no start in it: moved, it is the same session."""
    series = f"{_mentor_part(mentor_ref)}/{_series(uid)}"
    return f"{series}{original:%Y-%m-%dT%H:%M:%SZ}" if original else series


def activity_of(categories: Sequence[str], otherwise: str | None) -> str | None:
    """None where the categories name no activity, or two: never a guess."""
    if not categories:
        return otherwise
    found = {code for word in categories if (code := activity_named(word))}
    return found.pop() if len(found) == 1 else None


def activity_named(word: str) -> str | None:
    """By code or by title, in any case."""
    return _activities().get(_folded(word))


def _mentor_part(mentor: str) -> str:
    return _short(quote(mentor, safe=" @+:"), LONGEST_MENTOR)


def _own_part(instance: Instance) -> str:
    """Of a reference: all but the mentor."""
    return reference("", instance.uid, instance.original)[1:]


def _series(uid: str) -> str:
    return f"{_short(uid, LONGEST_UID)}/"


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"sha256-{sha256(text.encode()).hexdigest()}"


def _category(instance: Instance) -> str:
    return ", ".join(instance.categories) or NO_CATEGORY


@lru_cache(maxsize=1)
def _activities() -> dict[str, str]:
    """By code and by title. What mentors never do can be planned too: it raises an alert that names the professional."""
    known = [(one.code, one.title) for one in vocabulary().activities.values()]
    known += [(one.code, one.title) for one in vocabulary().scope_3.values()]
    return {_folded(word): code for code, title in known for word in (title, code)}


def _folded(word: str) -> str:
    return " ".join(word.casefold().split())


def _can_be_told(instance: Instance, meaning: Meaning) -> bool:
    return instance.cancelled or (meaning.activity is not None and not _wrong_length(instance))


def _wrong_length(instance: Instance) -> Problem | None:
    if instance.cancelled or FEWEST_MINUTES <= instance.minutes <= MOST_MINUTES:
        return None
    what = f"a session of {instance.minutes} minutes is not possible: it takes 5 minutes to 8 hours"
    return Problem("error", "VEVENT", instance.line, "DTEND", what, "Correct its end, or leave it out.")


def _told(ref: str, instance: Instance, meaning: Meaning, asked: Asked, last: Said | None) -> Change | None:
    if instance.cancelled:
        return cancelled(asked.site_id, ref, last or Said(b"", 0, instance.starts_at, meaning.mentor_id), instance.starts_at)
    return scheduled(_scheduled(ref, instance, meaning, asked), last, meaning.mentor_id)


def scheduled(event: SessionScheduled, last: Said | None, mentor_id: UUID | None = None) -> Change | None:
    """`event` comes without a revision. None where the source said the same before."""
    content = sha256(event.model_dump_json().encode()).digest()
    if last and last.content == content:
        return None
    said = Said(content, last.revision + 1 if last else 1, event.starts_at, mentor_id)
    return Change(_kind(last, event), event.model_copy(update={"revision": said.revision}), said)


def cancelled(site_id: str, ref: str, last: Said | None, starts_at: datetime) -> Change | None:
    """Also where nothing was said before: a run that stopped half way may have planned it and not written that down."""
    if last and last.content == CANCELLED:
        return None
    said = Said(CANCELLED, last.revision + 1 if last else 1, starts_at, last.mentor_id if last else None)
    return Change("cancelled", SessionCancelled(session_ref=ref, site_id=site_id, revision=said.revision), said)


def _kind(last: Said | None, event: SessionScheduled) -> Kind:
    if last is None or not last.live:
        return "planned"
    return "changed" if last.starts_at == event.starts_at else "moved"


def _scheduled(ref: str, instance: Instance, meaning: Meaning, asked: Asked) -> SessionScheduled:
    """Without `source_updated_at`: a file that was put right may carry an older stamp than the wrong one."""
    what: dict[str, Any] = {
        "session_ref": ref,
        "site_id": asked.site_id,
        "starts_at": instance.starts_at,
        "time_zone": instance.time_zone,
        "minutes": instance.minutes,
        "activity": meaning.activity or "",
        "focus": meaning.focus,
        "mode": meaning.mode,
    }
    if asked.mentor_ref:
        return SessionScheduled(mentor_ref=asked.mentor_ref, **what)
    assert meaning.mentor_id, "what is told is a mentor's"
    return SessionMapped(mentor_id=meaning.mentor_id, **what)


def _missing(
    reading: Reading, asked: Asked, rest: Mapping[str, Said], now: Mapping[str, Meaning]
) -> tuple[frozenset[str], frozenset[str], int]:
    """What the calendar no longer has for those who had it: (all of it, what another mentor has instead, what is only counted).

    It is gone where the calendar says all about that UID, or says `now` that the session is another's; else only if `complete`.
    """
    whole, mentioned = {_series(uid) for uid in reading.whole}, {_series(uid) for uid in reading.mentioned}
    absent = {ref for ref in rest if _series_of(ref) not in mentioned}
    others = {ref for ref in rest if ref.partition("/")[2] in now}
    moved = {ref for ref in others if now[ref.partition("/")[2]].mentor_id}
    gone = {ref for ref in rest if _series_of(ref) in whole} | others | (absent if asked.complete else set())
    return frozenset(gone), frozenset(moved), len(absent - gone)


def _series_of(ref: str) -> str:
    own_part = ref.partition("/")[2]
    return own_part[: own_part.rindex("/") + 1]


def summary(plan: Plan) -> str:
    """12 sessions planned, 1 moved, 1 canceled, 30 unchanged."""
    counts = Counter[str](change.kind for change in plan.changes)
    planned = counts["planned"]
    parts = [f"{planned} {'session' if planned == 1 else 'sessions'} planned", *_counted(counts), f"{plan.unchanged} unchanged"]
    return ", ".join(parts)


def _counted(counts: Mapping[str, int]) -> Iterator[str]:
    for kind, word in (("moved", "moved"), ("changed", "changed"), ("cancelled", "canceled")):
        if counts.get(kind):
            yield f"{counts[kind]} {word}"
