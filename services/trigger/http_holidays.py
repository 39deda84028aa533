"""A site's holidays over HTTPS: its calendar as it is, and in place of it the one that its own system keeps."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Path, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.trigger import store_holidays
from services.trigger.cancellations import FIRST_YEAR, LAST_YEAR
from services.trigger.door import not_your_site
from services.trigger.holidays import MOST
from services.trigger.http_callers import Bearer, Callers
from services.trigger.http_words import HOLIDAYS, NO_SITE, SET_HOLIDAYS, SOURCE_HOLIDAYS, TWICE, or_busy, words_of
from services.trigger.messages import LONGEST_NAME, HolidaysSet, NamedDay
from services.trigger.tenants import Publisher
from shared.running import Running

SiteId = Annotated[str, Path(max_length=100, description="the site's id, as in the events")]


class Holiday(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    day: date = Field(alias="date", ge=date(FIRST_YEAR, 1, 1), le=date(LAST_YEAR, 12, 31), description="on the site's calendar")
    name: str = Field("", max_length=LONGEST_NAME, pattern=r"^[^\x00-\x1f\x7f]*$", description="as people call it, in one line")


class WantedHolidays(BaseModel):
    """All of them: what is not in it is no holiday any more."""

    model_config = ConfigDict(strict=True, extra="forbid")

    holidays: list[Holiday] = Field(max_length=MOST)


class HolidayTold(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    day: date = Field(alias="date")
    name: str
    sessions: int = Field(description="planned on that day; a holiday cancels none")


class SiteHolidaysTold(BaseModel):
    site_id: str
    holidays: list[HolidayTold] = Field(description="in order of their days")


def routes(running: Running, callers: Callers) -> APIRouter:
    desk, router = HolidaysDesk(running, callers), APIRouter(prefix="/v1/sites/{site_id}/holidays", tags=["holidays"])
    router.add_api_route("", desk.list_all, response_model=SiteHolidaysTold, responses=HOLIDAYS)
    body = {"requestBody": {"required": True, "content": _body()}}
    described: dict[str, Any] = {"responses": SET_HOLIDAYS, "openapi_extra": body}
    router.add_api_route("", desk.set_all, methods=["PUT"], response_model=SiteHolidaysTold, **described)
    return router


@dataclass(frozen=True, slots=True)
class HolidaysDesk:
    """Answers publishers about the holidays of their sites."""

    running: Running
    callers: Callers

    async def list_all(self, request: Request, site_id: SiteId, bearer: Bearer) -> SiteHolidaysTold:
        """A site's holidays, with how many sessions are planned on each."""
        _may(await self.callers.known(request, bearer), site_id)
        return await self._told(site_id)

    async def set_all(self, request: Request, site_id: SiteId, bearer: Bearer) -> SiteHolidaysTold:
        """Put a site's holidays in place of those it has. Nothing is cancelled: a session there stays, and its story warns."""
        publisher = await self.callers.heard(request, bearer)
        wanted = _read(await request.body())
        _may(publisher, site_id)
        await self._told(site_id)
        days = tuple(NamedDay(day=one.day, name=one.name) for one in wanted.holidays)
        with or_busy():
            event = HolidaysSet(site_id=site_id, days=days)
            await self.running.submit(event, id=str(uuid4()), source=SOURCE_HOLIDAYS, principal=publisher.name)
        return await self._told(site_id)

    async def _told(self, site_id: str) -> SiteHolidaysTold:
        found = await store_holidays.list_holidays(self.running.pool, site_id)
        if found is None:
            raise HTTPException(404, NO_SITE.format(site_id))
        return SiteHolidaysTold(
            site_id=site_id, holidays=[HolidayTold(day=day, name=name, sessions=many) for day, name, many in found]
        )


def _may(publisher: Publisher, site_id: str) -> None:
    if site_id not in publisher.sites:
        raise HTTPException(403, not_your_site(publisher.name, site_id))


def _read(body: bytes) -> WantedHolidays:
    try:
        wanted = WantedHolidays.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422, words_of(error)) from None
    twice = sorted(day for day, many in Counter(one.day for one in wanted.holidays).items() if many > 1)
    if twice:
        raise HTTPException(422, TWICE.format(twice[0]))
    return wanted


def _body() -> dict[str, object]:
    example = {"holidays": [{"date": "2026-12-24", "name": "Winter break"}, {"date": "2026-12-25", "name": "Christmas Day"}]}
    each = {"type": "array", "maxItems": MOST, "items": Holiday.model_json_schema()}
    schema = {"type": "object", "properties": {"holidays": each}, "required": ["holidays"], "description": WantedHolidays.__doc__}
    return {"application/json": {"schema": schema, "example": example}}
