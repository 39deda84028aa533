"""The door for publishers without Kafka: CloudEvents over HTTPS, what became of them, and a session's story."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse

from services.trigger import (
    answers,
    door,
    http_calendars,
    http_cancellations,
    http_holidays,
    http_policy,
    http_publishers,
    store_rejected,
    stories,
)
from services.trigger.answers import Receipt, RejectedList, Result, Results
from services.trigger.door import Sent, Wrong
from services.trigger.http_callers import Bearer, Callers, callers
from services.trigger.http_words import BUSY, EVENTS, NOT_ALLOWED, NOT_FOUND
from services.trigger.stories import Story
from services.trigger.tenants import Publisher
from shared import db
from shared.contracts import ids
from shared.http import joined
from shared.messaging.message import inbox_id
from shared.messaging.store import BECAME
from shared.running import Running

SHOWN = 200
Limit = Annotated[int, Query(ge=1, le=SHOWN)]
Source = Annotated[str, Query(min_length=1, max_length=1_000, description="the event's source attribute")]


def routes(running: Running) -> APIRouter:
    asking = callers(running)
    desk, router = Desk(running, asking), APIRouter(prefix="/v1")
    router.add_api_route("/events", desk.post_events, methods=["POST"], tags=["events"], **EVENTS)
    router.add_api_route("/events/{event_id:path}", desk.get_event, tags=["events"], responses=NOT_ALLOWED)
    router.add_api_route("/rejected", desk.get_rejected, tags=["events"], responses=NOT_ALLOWED)
    router.add_api_route("/sessions", desk.find_session, tags=["sessions"], responses=NOT_ALLOWED)
    router.add_api_route("/sessions/{session_id}", desk.get_session, tags=["sessions"], responses=NOT_ALLOWED)
    return joined(
        router,
        http_cancellations.routes(running, asking),
        http_holidays.routes(running, asking),
        http_publishers.routes(running),
        http_calendars.routes(running),
        http_policy.routes(running),
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers publishers; every answer begins with who asks."""

    running: Running
    callers: Callers

    async def post_events(self, request: Request, bearer: Bearer) -> Response:
        """Announce sessions. 202: it is durable, whatever happens to us next."""
        publisher = await self.callers.heard(request, bearer)
        body = await request.body()
        if door.media_type(request.headers) == door.BATCH:
            return await self._batch(publisher, body)
        self.callers.has_room(publisher, 1)
        return _single(await _taken(self.running, publisher, [door.read_one(request.headers, body, publisher)]))

    async def get_event(self, request: Request, event_id: str, source: Source, bearer: Bearer) -> Receipt:
        """What became of an event."""
        publisher = await self.callers.known(request, bearer)
        row = await self.running.pool.fetchrow(BECAME, inbox_id(publisher.name, source, event_id))
        if row is None:
            raise HTTPException(404, "No event with this id and source has come from you. Both count; so does their case.")
        letter = await store_rejected.find_set_aside(self.running.pool, publisher.name, event_id)
        return answers.receipt(event_id, source, row["at"], row["refused"], letter)

    async def get_rejected(self, request: Request, bearer: Bearer, limit: Limit = SHOWN) -> RejectedList:
        """What you sent that was not applied, newest first, and sessions that wait for someone we do not know."""
        publisher = await self.callers.known(request, bearer)
        letters = await store_rejected.list_letters(self.running.pool, publisher.name, limit)
        unknown = await store_rejected.list_unknown(self.running.pool, publisher.sites, limit)
        return answers.rejected_list(letters, unknown, limit)

    async def find_session(self, request: Request, site_id: str, session_ref: str, bearer: Bearer) -> Story:
        """A session's story, by your own reference."""
        return await self._own(request, ids.session(site_id, session_ref), bearer)

    async def get_session(self, request: Request, session_id: UUID, bearer: Bearer) -> Story:
        """A session's story: its moments with when and why, and what was decided."""
        return await self._own(request, session_id, bearer)

    async def _batch(self, publisher: Publisher, body: bytes) -> Response:
        """202 when every event is durable; else 207, and each result has its own code."""
        read = door.read_batch(body, publisher)
        if isinstance(read, Wrong):
            return JSONResponse({"error": read.words, "reason": read.reason}, read.status)
        self.callers.has_room(publisher, len(read))
        results = await _taken(self.running, publisher, read)
        status = 202 if all(result.code == 202 for result in results) else 207
        return JSONResponse(Results(results=results).model_dump(mode="json"), status)

    async def _own(self, request: Request, id: UUID, bearer: Bearer) -> Story:
        """The same answer for a session that is not theirs and for one that is not there."""
        publisher = await self.callers.known(request, bearer)
        story = await stories.find_story(self.running, id)
        if story is None or story.site_id not in publisher.sites:
            raise HTTPException(404, NOT_FOUND)
        return story


def _single(results: Sequence[Result]) -> Response:
    body = results[0].model_dump(mode="json")
    if results[0].code >= 400:
        body["error"] = results[0].words
    return JSONResponse(body, results[0].code)


async def _taken(running: Running, publisher: Publisher, read: Sequence[Sent | Wrong]) -> list[Result]:
    """One result per event, in order. Events of one source are one transaction."""
    results: list[Result | None] = [answers.rejected(one) if isinstance(one, Wrong) else None for one in read]
    by_source: dict[str, list[int]] = {}
    for place, one in enumerate(read):
        if isinstance(one, Sent):
            by_source.setdefault(one.source, []).append(place)
    for source, places in by_source.items():
        sent = [one for place in places if isinstance(one := read[place], Sent)]
        for place, result in zip(places, await _submitted(running, publisher, source, sent), strict=True):
            results[place] = result
    return [result for result in results if result is not None]


async def _submitted(running: Running, publisher: Publisher, source: str, sent: Sequence[Sent]) -> list[Result]:
    """A transaction that fails is tried again event by event, so that only the one at fault is left out."""
    try:
        pairs = [(one.id, one.event) for one in sent]
        outcomes = await running.submit_many(pairs, source=source, principal=publisher.name)
    except Exception as error:
        if db.is_transient(error):
            raise HTTPException(503, BUSY, {"Retry-After": "5"}) from error
        if len(sent) == 1:
            return [answers.failed(sent[0])]
        return [result for one in sent for result in await _submitted(running, publisher, source, [one])]
    return [answers.result_of(one, outcome) for one, outcome in zip(sent, outcomes, strict=True)]
