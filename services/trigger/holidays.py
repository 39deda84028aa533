"""A site's holidays: a session that is planned on one is kept and warned about. Whether it takes place, people decide."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from services.trigger.cancellations import Days
from services.trigger.messages import HolidaysAdded, HolidaysRemoved, HolidaysSet
from services.trigger.session import Session, Status
from shared.contracts.event import Event, Refused

MOST = 1_000
ON_A_HOLIDAY = "on_a_holiday"
Names = Mapping[date, str]
Decided = tuple["SiteHolidays", list[Event]] | Refused


@dataclass(frozen=True, slots=True)
class SiteHolidays:
    site_id: str
    names: Names = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """A site's holidays with the clock that its days go by."""

    names: Names
    zone: ZoneInfo


def added(state: SiteHolidays | None, event: HolidaysAdded, *_: object) -> Decided:
    """A day that is one already gets the new name."""
    known = state or SiteHolidays(event.site_id)
    names = {**known.names, **dict.fromkeys(_each(event), event.name)}
    return Refused("too_many_holidays") if len(names) > MOST else (replace(known, names=names), [])


def put(state: SiteHolidays | None, event: HolidaysSet, *_: object) -> Decided:
    names = {one.day: one.name for one in event.days}
    if len(names) > MOST:
        return Refused("too_many_holidays")
    return (state if state and state.names == names else SiteHolidays(event.site_id, names)), []


def removed(state: SiteHolidays | None, event: HolidaysRemoved, *_: object) -> Decided:
    gone = set(_each(event))
    if state is None or gone.isdisjoint(state.names):
        return Refused("no_holidays")
    return replace(state, names={day: name for day, name in state.names.items() if day not in gone}), []


def warnings_of(session: Session, calendar: HolidayCalendar | None) -> tuple[str, ...]:
    """Of a session that may still take place; by the site's own calendar as it is now."""
    if calendar is None or session.described is None or session.status not in (Status.PLANNED, Status.WAITING):
        return ()
    day = session.described.starts_at.astimezone(calendar.zone).date()
    return (ON_A_HOLIDAY,) if day in calendar.names else ()


def _each(event: HolidaysAdded | HolidaysRemoved) -> Iterator[date]:
    return each(Days(event.site_id, event.first_day, event.day_after))


def each(days: Days) -> Iterator[date]:
    return (days.first + timedelta(days=n) for n in range((days.after - days.first).days))
