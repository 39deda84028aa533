"""A receiver of webhooks: told of changes one after the other, each until it has arrived or for three days. Pure.

The order is kept because it stands at one change until that is settled. One that did not arrive in three days is dead, and the
next has one try: when that fails too, nobody listens, and the receiver is left until somebody lets it go on.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID
from zlib import crc32

from services.supervision import notices
from services.supervision.notices import Notice
from services.supervision.told import WEBHOOKS, Cursor, Sees
from services.supervision.webhook_messages import (
    WebhookAdded,
    WebhookPaused,
    WebhookRemoved,
    WebhookReplayed,
    WebhookSecretChanged,
    WebhookTried,
)
from shared.contracts import ids
from shared.contracts.event import Event, Refused

State = Literal["active", "paused", "failing", "gone", "removed"]
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
WAITS = (5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR)
JITTER = 0.2
GIVEN_UP = timedelta(days=3)
LONGEST_ASKED = timedelta(days=1)
OLD_SECRET = timedelta(days=1)
MOST_DEAD = 100
MAIL_LIFE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Secret:
    """`sealed` as it is stored; it signs until then, the newest without an end."""

    sealed: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dead:
    """A change that did not arrive. `again`: somebody has asked to send it once more."""

    place: str
    at: datetime
    answer: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Webhook:
    name: str
    sites: tuple[str, ...]
    supervisor_id: UUID | None
    url: str
    secrets: tuple[Secret, ...]
    state: State
    added_at: datetime
    place: Cursor
    due_at: datetime
    tries: int = 0
    tried_since: datetime | None = None
    failing_since: datetime | None = None
    delivered_at: datetime | None = None
    answer: str = ""
    dead: tuple[Dead, ...] = ()
    notices: tuple[Notice, ...] = ()  # saved once, then forgotten

    @property
    def sees(self) -> Sees:
        return Sees(self.sites, self.supervisor_id)

    def signing(self, now: datetime) -> tuple[Secret, ...]:
        return tuple(secret for secret in self.secrets if secret.until is None or secret.until > now)


Decided = tuple[Webhook, list[Event]] | Refused
THERE_NOT, STALE = Refused("unknown_webhook"), Refused("stale")


def place_of(text: str) -> Cursor:
    xact, _, seq = text.partition(".")
    return Cursor(int(xact), int(seq))


def added(state: Webhook | None, event: WebhookAdded, now: datetime, _: Any) -> Decided:
    if state and state.state != "removed":
        return Refused("name_taken")
    sites, secrets = tuple(sorted(set(event.sites))), (Secret(event.secret),)
    made = Webhook(event.name, sites, event.supervisor_id, event.url, secrets, "active", now, place_of(event.place), now)
    return made, []


def secret_changed(state: Webhook | None, event: WebhookSecretChanged, now: datetime, _: Any) -> Decided:
    if state is None or state.state == "removed":
        return THERE_NOT
    old = () if event.at_once else tuple(
        replace(one, until=min(one.until or now + OLD_SECRET, now + OLD_SECRET)) for one in state.signing(now)[:2]
    )  # fmt: skip
    return replace(state, secrets=(Secret(event.secret), *old)), []


def paused(state: Webhook | None, event: WebhookPaused, now: datetime, _: Any) -> Decided:
    if state is None or state.state == "removed":
        return THERE_NOT
    if event.paused:
        return Refused("not_active") if state.state != "active" else (replace(state, state="paused"), [])
    if state.state == "active":
        return Refused("active_already")
    anew: dict[str, Any] = {"tries": 0, "tried_since": None, "failing_since": None, "due_at": now}
    return replace(state, state="active", **anew), []


def removed(state: Webhook | None, _: WebhookRemoved, now: datetime, __: Any) -> Decided:
    if state is None or state.state == "removed":
        return THERE_NOT
    return replace(state, state="removed", secrets=(), url="", dead=()), []


def replayed(state: Webhook | None, event: WebhookReplayed, now: datetime, _: Any) -> Decided:
    if state is None or state.state == "removed":
        return THERE_NOT
    if state.state != "active":
        return Refused("not_active")
    wanted = set(event.places) or {one.place for one in state.dead}
    if not wanted or not wanted <= {one.place for one in state.dead}:
        return Refused("none_dead")
    dead = tuple(replace(one, again=one.again or one.place in wanted) for one in state.dead)
    return replace(state, dead=dead, due_at=now), []


def tried(state: Webhook | None, event: WebhookTried, now: datetime, facts: Any) -> Decided:
    """Whoever leads the site is told once when somebody stops listening."""
    result = _tried(state, event, now, facts)
    if state is None or isinstance(result, Refused):
        return result
    return replace(result[0], notices=_given_up(state, result[0], now)), result[1]


def _given_up(before: Webhook, after: Webhook, now: datetime) -> tuple[Notice, ...]:
    """One mail for each time that nothing arrives any more. One of several sites is no single lead's: operators hear of it."""
    left = after.state != before.state and after.state in ("failing", "gone")
    if len(after.sites) > 1 or not (left or len(after.dead) > len(before.dead)):
        return ()
    about = {"receiver": after.name, "answer": after.answer, "state": after.state}
    since = (after.failing_since or now).isoformat()
    cause, site_id, until = ids.after(WEBHOOKS, after.name), after.sites[0], now + MAIL_LIFE
    return (notices.new(cause, f"receiver/{since}", "receiver", now, site_id=site_id, to=None, until=until, about=about),)


def _tried(state: Webhook | None, event: WebhookTried, now: datetime, _: Any) -> Decided:
    """Refused when it stands elsewhere by now: somebody else has sent this one, after whoever had it was too slow."""
    if state is None or state.state == "removed":
        return THERE_NOT
    if event.came == "gone":
        return replace(state, state="gone", answer=event.answer), []
    if event.again:
        return _replay(state, event, now)
    if event.after != str(state.place):
        return STALE
    if event.came in ("delivered", "nothing"):
        return _arrived(state, event, now), []
    return _failed(state, event, now), []


def _arrived(state: Webhook, event: WebhookTried, now: datetime) -> Webhook:
    moved = replace(state, place=place_of(event.place), tries=0, tried_since=None, due_at=now)
    if event.came == "nothing":
        return moved
    return replace(moved, failing_since=None, delivered_at=now, answer=event.answer)


def _failed(state: Webhook, event: WebhookTried, now: datetime) -> Webhook:
    since, failing = state.tried_since or now, state.failing_since or now
    new = replace(state, tries=state.tries + 1, tried_since=since, failing_since=failing, answer=event.answer)
    if new.tries == 1 and now - failing >= GIVEN_UP:
        return replace(new, state="failing", tries=0, tried_since=None)
    if now - since < GIVEN_UP:
        return replace(new, due_at=now + _wait(new, event))
    dead = (*new.dead, Dead(event.place, now, event.answer))
    full: State = "failing" if len(dead) >= MOST_DEAD else new.state
    return replace(new, state=full, dead=dead, place=place_of(event.place), tries=0, tried_since=None, due_at=now)


def _replay(state: Webhook, event: WebhookTried, now: datetime) -> Decided:
    if not any(one.place == event.place and one.again for one in state.dead):
        return STALE
    others = tuple(one for one in state.dead if one.place != event.place)
    if event.came != "failed":
        return replace(state, dead=others, delivered_at=now, answer=event.answer, due_at=now), []
    dead = tuple(replace(one, again=False, answer=event.answer) if one.place == event.place else one for one in state.dead)
    return replace(state, dead=dead, answer=event.answer, due_at=now), []


def _wait(state: Webhook, event: WebhookTried) -> timedelta:
    """Longer each time, or as long as the receiver asks; never the same for two receivers."""
    wait = WAITS[min(state.tries, len(WAITS)) - 1]
    part = crc32(f"{state.name}/{event.place}/{state.tries}".encode()) / 2**32
    return max(wait * (1 - JITTER + 2 * JITTER * part), min(timedelta(seconds=event.wait), LONGEST_ASKED))
