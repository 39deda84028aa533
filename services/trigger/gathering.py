"""Which copied facts a record's decision may look at, and what they come to for one record.

A record that plans a session looks at who and where; the assign moment also at the mentor's memory; later moments at
what became of the training. Everything else is left unread.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from services.trigger import policy, store, store_cancellations, store_copies, zones
from services.trigger.messages import (
    Awaited,
    CancellationUndone,
    DaysCancelled,
    PolicyChanged,
    RulesChanged,
    SessionMapped,
    ZoneChanged,
)
from services.trigger.moments import Moment
from services.trigger.session import NO_HISTORY, Described, Facts, Session, Told
from shared.contracts import ids
from shared.contracts.event import Due
from shared.contracts.site import SessionCancelled, SessionHeld, SessionScheduled
from shared.messaging import Read, Reads

FromSite = SessionScheduled | SessionCancelled | SessionHeld
SweptBy = Awaited | PolicyChanged | ZoneChanged | RulesChanged | DaysCancelled | CancellationUndone
Record = FromSite | Due | SweptBy
PolicyKey = tuple[str, int]
PLANNED_NOW = (SessionScheduled, PolicyChanged, Awaited)


class Opaque(NamedTuple):
    """What an announced session's own references come to."""

    session_id: UUID
    mentor_id: UUID
    mentee_ref: str | None


def opaque(event: SessionScheduled) -> Opaque:
    if type(event) is SessionMapped:
        return Opaque(ids.session(event.site_id, event.session_ref), event.mentor_id, None)
    return _opaque(event.site_id, event.session_ref, event.mentor_ref, event.mentee_ref)


@lru_cache(maxsize=2_048)  # two transactions: each record is asked for its key, its facts' keys, and its facts
def _opaque(site_id: str, session_ref: str, mentor_ref: str, mentee_ref: str | None) -> Opaque:
    mentee = ids.mentee(site_id, mentee_ref) if mentee_ref else None
    return Opaque(ids.session(site_id, session_ref), ids.mentor(site_id, mentor_ref), mentee)


def session_id(event: FromSite) -> UUID:
    return opaque(event).session_id if isinstance(event, SessionScheduled) else ids.session(event.site_id, event.session_ref)


def facts(state: Session | None, event: Record, reads: Reads) -> Facts:
    if isinstance(event, SessionScheduled):
        known = opaque(event)
        return Facts(
            session_id=known.session_id,
            policy=reads["policy"].get((event.site_id, store_copies.CURRENT), policy.DEFAULT),
            told=Told(known.mentor_id, known.mentee_ref, zones.told(event.starts_at, event.time_zone)),
            mentor=reads["mentor"].get(known.mentor_id),
            site=reads["site"].get(event.site_id),
            history=reads["history"].get(told_key(event), NO_HISTORY),
        )
    if isinstance(event, FromSite):
        return Facts(session_id=session_id(event), policy=_policy(state, event, reads))
    return _of_row(state, event, reads)


def _of_row(state: Session | None, event: Due | SweptBy, reads: Reads) -> Facts:
    assert state is not None, "only a row that exists can be due, or swept"
    known = state.described
    mentor = known.mentor_id if known else None
    return Facts(
        session_id=state.id,
        policy=_policy(state, event, reads),
        mentor=reads["mentor"].get(mentor),
        site=reads["site"].get(state.site_id),
        history=reads["history"].get(known_key(state, known), NO_HISTORY) if known else NO_HISTORY,
        memory=reads["memory"].get(mentor, {}),
        training=reads["training"].get(state.training_id) if reads["training"] else None,
        nearby=next((reads["nearby"].get(key, ()) for key in nearby_keys(state, event)), ()),
        cancellation=next((reads["cancellation"].get(id) for id in cancellation_keys(state, event)), None),
    )


def _policy(state: Session | None, event: Record, reads: Reads) -> policy.Policy:
    """A session announced earlier in this very batch was planned with the policy of now, which is read for that."""
    for site_id, version in policy_keys(state, event):
        found = reads["policy"].get((site_id, version)) or reads["policy"].get((site_id, store_copies.CURRENT))
        return found or policy.DEFAULT
    return policy.DEFAULT


def assigns(state: Session | None, event: Record) -> Session | None:
    """The session, when this record is its assign moment, or may wake it for that."""
    if not isinstance(event, Due) or state is None:
        return None
    return state if state.waiting or (state.next and state.next.moment is Moment.ASSIGN) else None


def told_key(event: SessionScheduled) -> store.HistoryKey:
    """By the instant as it was told; what it comes to in its zone is looked at again at the assign moment."""
    known = opaque(event)
    return (event.starts_at, known.mentor_id, known.session_id, known.mentee_ref or "")


def known_key(state: Session, known: Described) -> store.HistoryKey:
    return (known.starts_at, known.mentor_id, state.id, known.mentee_ref or "")


def plans(state: Session | None, event: Record) -> Session | None:
    """The session, when this record may plan it by the facts of now, or is its assign moment."""
    return assigns(state, event) if isinstance(event, Due) else state if isinstance(event, SweptBy) else None


def policy_keys(state: Session | None, event: Record) -> Iterable[PolicyKey]:
    """The policy of now for what is planned now; else the one that the session was planned with (0: the default)."""
    if isinstance(event, PLANNED_NOW):
        return ((event.site_id, store_copies.CURRENT),)
    if state is None:
        return ()
    if state.waiting or isinstance(event, CancellationUndone):
        return ((state.site_id, store_copies.CURRENT),)
    return ((state.site_id, state.policy_version),) if state.policy_version else ()


def site_keys(state: Session | None, event: Record) -> Iterable[str]:
    if isinstance(event, SessionScheduled):
        return (event.site_id,)
    session = plans(state, event)
    return (session.site_id,) if session else ()


def mentor_keys(state: Session | None, event: Record) -> Iterable[UUID]:
    if isinstance(event, SessionScheduled):
        return (opaque(event).mentor_id,)
    session = plans(state, event)
    return (session.described.mentor_id,) if session and session.described else ()


def history_keys(state: Session | None, event: Record) -> Iterable[store.HistoryKey]:
    if isinstance(event, SessionScheduled):
        return (told_key(event),)
    session = plans(state, event)
    return (known_key(session, session.described),) if session and session.described else ()


def memory_keys(state: Session | None, event: Record) -> Iterable[UUID]:
    session = assigns(state, event)
    return (session.described.mentor_id,) if session and session.described else ()


def training_keys(state: Session | None, event: Record) -> Iterable[UUID]:
    later = isinstance(event, Due) and state is not None and state.described is not None and not assigns(state, event)
    return (state.training_id,) if later and state and state.training_id else ()


def nearby_keys(state: Session | None, event: Record) -> Iterable[store.NearbyKey]:
    """Where a moment has come that has to do with a training."""
    if not isinstance(event, Due) or state is None or state.described is None:
        return ()
    if state.next and state.next.moment is Moment.CHECK_IN:
        return ()
    return ((state.described.mentor_id, state.described.starts_at, state.id),)


def cancellation_keys(_: Session | None, event: Record) -> Iterable[UUID]:
    return (event.cancellation_id,) if isinstance(event, DaysCancelled) else ()


READS = {
    "policy": Read[Session](policy_keys, store_copies.load_policies),
    "site": Read[Session](site_keys, store_copies.load_sites),
    "mentor": Read[Session](mentor_keys, store_copies.load_mentors),
    "history": Read[Session](history_keys, store.load_history),
    "memory": Read[Session](memory_keys, store_copies.load_memory),
    "training": Read[Session](training_keys, store_copies.load_trainings),
    "nearby": Read[Session](nearby_keys, store.load_nearby),
    "cancellation": Read[Session](cancellation_keys, store_cancellations.load_cancellations),
}
