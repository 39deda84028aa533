"""What a source says now, against what it said last: only the difference is told, with revisions of our own.

A calendar's own SEQUENCE would not do: a cancelled entry can come back with the number that it had.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Literal
from urllib.parse import quote

from services.trigger.calendar_parts import Instance, Problem, Reading, Window
from shared.contracts.site import SessionCancelled, SessionScheduled
from shared.contracts.vocabulary import vocabulary

CANCELLED = sha256(b"cancelled").digest()
REFUSED = b""  # said, but not taken: said again next time, under a new revision
LONGEST_MENTOR, LONGEST_UID = 80, 96  # with the start and two slashes, a reference stays within its 200 characters
FEWEST_MINUTES, MOST_MINUTES = 5, 480
NO_CATEGORY = ""

Kind = Literal["planned", "moved", "changed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose calendar it is. `activity` is for entries without a category.

    `complete`: the file holds all that this mentor has, so what earlier files planned and this one does not know is cancelled.
    """

    site_id: str
    mentor_ref: str
    activity: str | None = None
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What this source said last of one session."""

    content: bytes
    revision: int
    starts_at: datetime

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


@dataclass(frozen=True, slots=True)
class Plan:
    """`unmapped`: categories that name no activity, with how many sessions; `absent`: sessions that only earlier files knew.

    `vanished`: references that are cancelled because they are not in the file any more, of `to_come` that earlier ones planned.
    """

    changes: tuple[Change, ...]
    unchanged: int
    unmapped: Mapping[str, int]
    absent: int
    problems: tuple[Problem, ...]
    vanished: frozenset[str] = frozenset()
    to_come: int = 0


def plan(reading: Reading, asked: Asked, said: Mapping[str, Said], window: Window) -> Plan:
    """`said` holds what this source said of this mentor's sessions, by reference.

    Of what began before the window only one thing is told: that a session which was planned is called off.
    """
    read = {reference(asked.mentor_ref, i.uid, i.original): i for i in reading.instances}
    now_said = {ref: i for ref, i in read.items() if not has_begun(i, window) or _called_off(i, said.get(ref))}
    wrong = [problem for i in now_said.values() if (problem := _wrong_length(i))]
    unmapped = Counter(_category(i) for i in now_said.values() if not i.cancelled and activity_of(i, asked) is None)
    told = [_told(ref, i, asked, said.get(ref)) for ref, i in now_said.items() if _can_be_told(i, asked)]
    gone, absent = _missing(reading, asked, {ref: s for ref, s in said.items() if ref not in now_said}, window)
    changes = [change for change in (*told, *gone) if change is not None]
    vanished = frozenset(change.event.session_ref for change in gone if change is not None)
    to_come = sum(last.live and last.starts_at in window for last in said.values())
    return Plan(tuple(changes), told.count(None), dict(unmapped), absent, tuple(wrong), vanished, to_come)


def has_begun(instance: Instance, window: Window) -> bool:
    return instance.start_utc < window.start and (instance.original is None or instance.original < window.start)


def _called_off(instance: Instance, last: Said | None) -> bool:
    return instance.cancelled and last is not None and last.live


def reference(mentor_ref: str, uid: str, original: datetime | None) -> str:
    """Mentor, UID and original start. An entry that does not repeat has no start in it: moved, it is the same session."""
    return f"{_series(mentor_ref, uid)}{original:%Y-%m-%dT%H:%M:%SZ}" if original else _series(mentor_ref, uid)


def activity_of(instance: Instance, asked: Asked) -> str | None:
    """None where the categories name no activity, or two: never a guess."""
    if not instance.categories:
        return asked.activity
    found = {code for word in instance.categories if (code := activity_named(word))}
    return found.pop() if len(found) == 1 else None


def activity_named(word: str) -> str | None:
    """By code or by title, in any case."""
    return _activities().get(_folded(word))


def _series(mentor_ref: str, uid: str) -> str:
    return f"{_short(quote(mentor_ref, safe=' @+:'), LONGEST_MENTOR)}/{_short(uid, LONGEST_UID)}/"


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


def _can_be_told(instance: Instance, asked: Asked) -> bool:
    return instance.cancelled or (activity_of(instance, asked) is not None and not _wrong_length(instance))


def _wrong_length(instance: Instance) -> Problem | None:
    if instance.cancelled or FEWEST_MINUTES <= instance.minutes <= MOST_MINUTES:
        return None
    what = f"a session of {instance.minutes} minutes is not possible: it takes 5 minutes to 8 hours"
    return Problem("error", "VEVENT", instance.line, "DTEND", what, "Correct its end, or leave it out.")


def _told(ref: str, instance: Instance, asked: Asked, last: Said | None) -> Change | None:
    if instance.cancelled:
        return cancelled(asked.site_id, ref, last, instance.starts_at)
    return scheduled(_scheduled(ref, instance, asked), last)


def scheduled(event: SessionScheduled, last: Said | None) -> Change | None:
    """`event` comes without a revision. None where the source said the same before."""
    content = sha256(event.model_dump_json().encode()).digest()
    if last and last.content == content:
        return None
    said = Said(content, last.revision + 1 if last else 1, event.starts_at)
    return Change(_kind(last, event), event.model_copy(update={"revision": said.revision}), said)


def cancelled(site_id: str, ref: str, last: Said | None, starts_at: datetime) -> Change | None:
    """Also where nothing was said before: a run that stopped half way may have planned it and not written that down."""
    if last and last.content == CANCELLED:
        return None
    said = Said(CANCELLED, last.revision + 1 if last else 1, starts_at)
    return Change("cancelled", SessionCancelled(session_ref=ref, site_id=site_id, revision=said.revision), said)


def _kind(last: Said | None, event: SessionScheduled) -> Kind:
    if last is None or not last.live:
        return "planned"
    return "changed" if last.starts_at == event.starts_at else "moved"


def _scheduled(ref: str, instance: Instance, asked: Asked) -> SessionScheduled:
    """Without `source_updated_at`: a file that was put right may carry an older stamp than the wrong one."""
    return SessionScheduled(
        session_ref=ref,
        site_id=asked.site_id,
        mentor_ref=asked.mentor_ref,
        starts_at=instance.starts_at,
        time_zone=instance.time_zone,
        minutes=instance.minutes,
        activity=activity_of(instance, asked) or "",
    )


def _missing(reading: Reading, asked: Asked, rest: Mapping[str, Said], window: Window) -> tuple[list[Change | None], int]:
    """What the file no longer has: cancelled where it says all about that UID, else only counted (unless `complete`)."""
    live = {ref: last for ref, last in rest.items() if last.live and last.starts_at in window}
    whole = {_series(asked.mentor_ref, uid) for uid in reading.whole}
    mentioned = {_series(asked.mentor_ref, uid) for uid in reading.mentioned}
    absent = {ref for ref in live if _series_of(ref) not in mentioned}
    gone = {ref for ref in live if _series_of(ref) in whole} | (absent if asked.complete else set())
    return [cancelled(asked.site_id, ref, live[ref], live[ref].starts_at) for ref in sorted(gone)], len(absent - gone)


def _series_of(ref: str) -> str:
    return ref[: ref.rindex("/") + 1]


def summary(plan: Plan) -> str:
    """12 sessions planned, 1 moved, 1 cancelled, 30 unchanged."""
    counts = Counter[str](change.kind for change in plan.changes)
    planned = counts["planned"]
    parts = [f"{planned} {'session' if planned == 1 else 'sessions'} planned", *_counted(counts), f"{plan.unchanged} unchanged"]
    return ", ".join(parts)


def _counted(counts: Mapping[str, int]) -> Iterator[str]:
    for kind in ("moved", "changed", "cancelled"):
        if counts.get(kind):
            yield f"{counts[kind]} {kind}"
