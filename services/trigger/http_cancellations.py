"""Cancelled days over HTTPS: one call for a snow day, how far it is, and a way to take it back."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.trigger import cancelling, store_cancellations
from services.trigger.cancellations import Days, Progress, State
from services.trigger.door import not_your_site
from services.trigger.http_callers import Bearer, Callers
from services.trigger.http_words import (
    CANCEL,
    CANCELLATIONS,
    KEY_REUSED,
    NO_CANCELLATION,
    SITE_NOT_KNOWN,
    UNDO,
    WHICH_DAYS,
    or_busy,
    words_of,
)
from services.trigger.messages import Why
from services.trigger.tenants import Publisher
from shared.running import Running

SHOWN = 200
Limit = Annotated[int, Query(ge=1, le=SHOWN)]
OfSite = Annotated[str | None, Query(max_length=100, description="of this site only")]
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", pattern=r"^[\x21-\x7e]{1,200}$", description="the same key again is the same call"),
]


class CancelDays(BaseModel):
    """`date` for one day, or `from` and `to`."""

    model_config = ConfigDict(strict=True, extra="forbid")

    site_id: str = Field(min_length=1, max_length=100)
    first: date | None = Field(None, alias="from", description="the first day, on the site's calendar")
    after: date | None = Field(None, alias="to", description="the day after the last one")
    day: date | None = Field(None, alias="date", description="instead of both: one day")
    reason: Why
    dry_run: bool = Field(False, description="only say how many sessions it would mean")

    def days(self) -> Days | None:
        if self.day and self.day < date.max and not (self.first or self.after):
            return Days(self.site_id, self.day, self.day + timedelta(days=1))
        return Days(self.site_id, self.first, self.after) if self.first and self.after and not self.day else None


class CancelledDays(BaseModel):
    """What became of a call. A session that was told of again since is no longer counted in `cancelled`."""

    model_config = ConfigDict(populate_by_name=True)

    id: UUID | None = Field(None, description="empty after a dry run")
    site_id: str
    first: date = Field(alias="from")
    after: date = Field(alias="to")
    reason: Why
    state: State | Literal["dry_run"] = Field(description="under_way: sessions are still being cancelled, which takes seconds")
    sessions: int = Field(description="planned on those days when it was told")
    cancelled: int = Field(description="of these, cancelled by it now")
    told_at: datetime | None = None
    undone_at: datetime | None = None


class CancelledDaysList(BaseModel):
    cancellations: list[CancelledDays]


def routes(running: Running, callers: Callers) -> APIRouter:
    desk, router = DaysDesk(running, callers), APIRouter(prefix="/v1/cancellations", tags=["cancellations"])
    described = {"openapi_extra": {"requestBody": {"required": True, "content": {"application/json": _body()}}}} | CANCEL
    router.add_api_route("", desk.cancel, methods=["POST"], response_model=CancelledDays, **described)
    router.add_api_route("", desk.list_all, response_model=CancelledDaysList, responses=CANCELLATIONS)
    router.add_api_route("/{cancellation_id}", desk.get_one, response_model=CancelledDays, responses=CANCELLATIONS)
    router.add_api_route("/{cancellation_id}", desk.undo, methods=["DELETE"], response_model=CancelledDays, **UNDO)
    return router


@dataclass(frozen=True, slots=True)
class DaysDesk:
    """Answers publishers about cancelled days of their sites."""

    running: Running
    callers: Callers

    async def cancel(self, request: Request, bearer: Bearer, key: Key = None) -> Response:
        """Cancel every session that is planned at a site on these days. 202: durable; the sessions follow within seconds."""
        publisher = await self.callers.heard(request, bearer)
        wanted = _read(await request.body())
        days = _days(wanted, publisher)
        if (planned := await cancelling.count_planned(self.running, days)) is None:
            raise HTTPException(422, SITE_NOT_KNOWN.format(days.site_id))
        if wanted.dry_run:
            return _said(_looked_at(days, wanted.reason, planned), 200)
        with or_busy():
            id, outcome = await cancelling.cancel(self.running, days, wanted.reason, told_by=publisher.name, key=key or "")
        if outcome.kind == "id_reused":
            raise HTTPException(409, KEY_REUSED)
        return _said(_told(await self._progress(publisher, id)), 202)

    async def list_all(self, request: Request, bearer: Bearer, site_id: OfSite = None, limit: Limit = SHOWN) -> CancelledDaysList:
        """Cancelled days of your sites, newest first, with how far each is."""
        publisher = await self.callers.known(request, bearer)
        sites = publisher.sites if site_id is None else publisher.sites & {site_id}
        found = await store_cancellations.list_progress(self.running.pool, sites, limit)
        return CancelledDaysList(cancellations=[_told(one) for one in found])

    async def get_one(self, request: Request, cancellation_id: UUID, bearer: Bearer) -> CancelledDays:
        """How far one is."""
        return _told(await self._progress(await self.callers.known(request, bearer), cancellation_id))

    async def undo(self, request: Request, cancellation_id: UUID, bearer: Bearer) -> Response:
        """Take it back: its sessions come back, but for those of which something else was told since."""
        publisher = await self.callers.heard(request, bearer)
        await self._progress(publisher, cancellation_id)
        with or_busy():
            await cancelling.undo(self.running, cancellation_id, told_by=publisher.name)
        return _said(_told(await self._progress(publisher, cancellation_id)), 202)

    async def _progress(self, publisher: Publisher, id: UUID) -> Progress:
        """The same answer for one that is not theirs and for one that is not there."""
        found = await store_cancellations.find_progress(self.running.pool, publisher.sites, id)
        if found is None:
            raise HTTPException(404, NO_CANCELLATION)
        return found


def _read(body: bytes) -> CancelDays:
    try:
        return CancelDays.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422, words_of(error)) from None


def _days(wanted: CancelDays, publisher: Publisher) -> Days:
    days = wanted.days()
    if days is None:
        raise HTTPException(422, WHICH_DAYS)
    if fault := days.fault():
        raise HTTPException(422, fault)
    if days.site_id not in publisher.sites:
        raise HTTPException(403, not_your_site(publisher.name, days.site_id))
    return days


def _looked_at(days: Days, reason: Why, planned: int) -> CancelledDays:
    return CancelledDays(site_id=days.site_id, first=days.first, after=days.after, reason=reason, state="dry_run",
                         sessions=planned, cancelled=0)  # fmt: skip


def _told(one: Progress) -> CancelledDays:
    return CancelledDays(
        id=one.id,
        site_id=one.days.site_id,
        first=one.days.first,
        after=one.days.after,
        reason=one.reason,
        state=one.state,
        sessions=one.meant,
        cancelled=one.cancelled,
        told_at=one.told_at,
        undone_at=one.undone_at,
    )


def _said(answer: CancelledDays, status: int) -> Response:
    return JSONResponse(answer.model_dump(mode="json", by_alias=True), status)


def _body() -> dict[str, object]:
    example = {"site_id": "lakeside", "date": "2026-12-10", "reason": "snow_day"}
    return {"schema": CancelDays.model_json_schema(), "example": example}
