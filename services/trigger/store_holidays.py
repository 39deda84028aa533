"""Every SQL statement about holidays: one row for each site, its days as one document."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from asyncpg import Connection, Pool
from pydantic import TypeAdapter

from services.trigger import store_cancellations
from services.trigger.cancellations import Days
from services.trigger.holidays import HolidayCalendar, SiteHolidays
from services.trigger.zones import find_zone

LOCK = "SELECT site_id, days FROM holidays WHERE site_id = ANY($1::text[]) ORDER BY site_id FOR UPDATE"
INSERT = "INSERT INTO holidays (site_id, days) VALUES ($1, $2) ON CONFLICT DO NOTHING"
UPDATE = "UPDATE holidays SET days = $2 WHERE site_id = $1"
OF_SITE = "SELECT s.time_zone, h.days FROM site s LEFT JOIN holidays h ON h.site_id = s.site_id WHERE s.site_id = $1"

DAYS = TypeAdapter(dict[date, str])


async def find_calendar(conn: Connection | Pool, site_id: str) -> HolidayCalendar | None:
    """None when nobody has told us of the site."""
    row = await conn.fetchrow(OF_SITE, site_id)
    if row is None:
        return None
    names = DAYS.validate_json(row["days"]) if row["days"] else {}
    return HolidayCalendar(names, find_zone(row["time_zone"]) or ZoneInfo("UTC"))


async def list_holidays(conn: Connection | Pool, site_id: str) -> list[tuple[date, str, int]] | None:
    """Day, name, and how many sessions are planned then, in order; None when nobody has told us of the site."""
    known = await find_calendar(conn, site_id)
    if known is None or not known.names:
        return None if known is None else []
    days = sorted(known.names)
    found = await store_cancellations.find_planned(conn, Days(site_id, days[0], days[-1] + timedelta(days=1)))
    planned = Counter(day for _, day in (found or {}).values())
    return [(day, known.names[day], planned[day]) for day in days]


async def lock_holidays(conn: Connection, site_ids: Sequence[str]) -> dict[str, SiteHolidays]:
    rows = await conn.fetch(LOCK, site_ids)
    return {row["site_id"]: SiteHolidays(row["site_id"], DAYS.validate_json(row["days"])) for row in rows}


async def save_holidays(conn: Connection, changed: Sequence[SiteHolidays], new: Sequence[SiteHolidays]) -> bool:
    """A site at a time, so one statement each."""
    for one in changed:
        await conn.execute(UPDATE, one.site_id, _written(one))
    return all([await conn.execute(INSERT, one.site_id, _written(one)) == "INSERT 0 1" for one in new])


def _written(holidays: SiteHolidays) -> str:
    return DAYS.dump_json(dict(holidays.names)).decode()
