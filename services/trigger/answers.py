"""What the door answers, as JSON: one result per event, and the rejected list."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.trigger.door import Sent, Wrong
from services.trigger.gathering import session_id
from services.trigger.store_rejected import Letter, Unknown
from shared.messaging.outcome import Outcome

Became = Literal["applied", "duplicate", "refused", "id_reused", "parked", "failed", "rejected"]
WORDS = {
    "duplicate": "This event had arrived before. Nothing was done twice.",
    "stale_revision": "A newer revision of this session is known already. Nothing was changed.",
    "stale_update": "A newer update of this session is known already. Nothing was changed.",
    "cancelled": "This session was canceled at this revision. To bring it back, send it with a higher revision.",
    "held": "This session was reported as held at this revision. To change it, send it with a higher revision.",
    "not_held": "This session was reported as not held at this revision. To change it, send it with a higher revision.",
    "id_reused": "This id was used before for another event. Give every event an id of its own.",
    "parked": "Kept: it waits behind an event of the same session that could not be applied. Nothing more to do for you.",
    "failed": "We could not apply this event. It was our fault; it was not accepted. Send it again later with the same id.",
    "unknown_mentor": "Nobody with this reference is enrolled at the site. The session waits for them; check the reference.",
    "erased": "This mentor's record was erased on request. Nothing was kept; take the mentor out of what you send.",
    "unknown_site": "This site is not set up yet. The session waits for it; check the site's id.",
}


class Result(BaseModel):
    """What became of one event."""

    id: str | None = Field(None, description="the event's own id")
    source: str | None = None
    status: Became = Field(description="applied and duplicate are fine; the rest say why in `words`")
    code: int = Field(description="the HTTP status that this event alone would have had")
    reason: str | None = Field(None, description="a code, for programs")
    words: str | None = Field(None, description="the same in a sentence that says what to do")
    session_id: UUID | None = Field(None, description="our id of the session, for GET /v1/sessions/{session_id}")


class Results(BaseModel):
    results: list[Result]


class Receipt(BaseModel):
    id: str
    source: str
    status: Literal["applied", "refused", "set_aside"]
    at: datetime
    reason: str | None = None
    words: str | None = None


class Rejected(BaseModel):
    """A record that was not applied, or a session that waits for someone unknown."""

    kind: Literal["record", "session"]
    at: datetime
    reason: str
    words: str | None = None
    session_id: UUID | None = None


class RejectedList(BaseModel):
    rejected: list[Rejected]


def result_of(sent: Sent, outcome: Outcome) -> Result:
    code = {"id_reused": 409, "failed": 500}.get(outcome.kind, 202)
    reason = outcome.reason if outcome.kind == "refused" else None if outcome.kind == "applied" else outcome.kind
    return Result(
        id=sent.id,
        source=sent.source,
        status=outcome.kind,
        code=code,
        reason=reason,
        words=WORDS.get(reason or ""),
        session_id=session_id(sent.event),
    )


def rejected(wrong: Wrong) -> Result:
    return Result(id=wrong.id, source=wrong.source, status="rejected", code=wrong.status, reason=wrong.reason, words=wrong.words)


def failed(sent: Sent) -> Result:
    return Result(id=sent.id, source=sent.source, status="failed", code=500, reason="failed", words=WORDS["failed"])


def receipt(id: str, source: str, at: datetime, refused: str | None, letter: Letter | None) -> Receipt:
    if letter:
        return Receipt(id=id, source=source, status="set_aside", at=letter.at, reason=letter.reason, words=WORDS["parked"])
    status: Literal["applied", "refused"] = "refused" if refused else "applied"
    return Receipt(id=id, source=source, status=status, at=at, reason=refused, words=WORDS.get(refused or ""))


def rejected_list(letters: Iterable[Letter], unknown: Iterable[Unknown], limit: int) -> RejectedList:
    found = [Rejected(kind="record", at=x.at, reason=x.reason, words=x.detail or WORDS.get(x.reason)) for x in letters]
    found += [Rejected(kind="session", at=x.at, reason=x.reason, words=WORDS[x.reason], session_id=x.session_id) for x in unknown]
    return RejectedList(rejected=sorted(found, key=lambda one: one.at, reverse=True)[:limit])
