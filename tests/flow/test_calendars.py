"""A weekday series without an end, in a zone that Outlook names by its cities: 9:30 in Sydney, winter and summer."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.flow.database import rows
from tests.flow.running import eventually
from tests.flow.telling import import_file
from tests.flow.town import HARBOR, Newcomer, Town

FILE = Path(__file__).with_name("calendars") / "outlook_city_list.ics"
SYDNEY = ZoneInfo("Australia/Sydney")
HALF_PAST_NINE = time(9, 30)
HORIZON = timedelta(days=60)
PLANNED = "SELECT starts_at, wall, time_zone FROM trigger.session WHERE mentor_id = $1 AND status = 'planned' ORDER BY 1"
PREPARED = "SELECT starts_at FROM supervision.preparation WHERE mentor_id = $1 AND status = 'planned' ORDER BY 1"


def test_an_endless_weekday_series_is_planned_at_half_past_nine_in_sydney_and_once(town: Town) -> None:
    ines = Newcomer("ines", "Ines Farrow", HARBOR)
    before = _weekdays(datetime.now(UTC))
    said = import_file(FILE, ines, "--activity", "first_meeting")
    expected = before if said.startswith(f"{len(before)} ") else _weekdays(datetime.now(UTC))
    assert said == f"{len(expected)} sessions planned, 0 unchanged."
    planned = rows(PLANNED, ines.id)
    assert [at for at, _, _ in planned] == expected
    assert {(wall.time(), zone) for _, wall, zone in planned} == {(HALF_PAST_NINE, "Australia/Sydney")}
    assert eventually(lambda: [at for (at,) in rows(PREPARED, ines.id)] == expected, "supervision knows them all")
    assert import_file(FILE, ines, "--activity", "first_meeting") == f"0 sessions planned, {len(expected)} unchanged."
    assert rows(PLANNED, ines.id) == planned


def _weekdays(now: datetime) -> list[datetime]:
    """Every Monday to Friday at 9:30 in Sydney that the horizon holds, worked out by the clock on the wall."""
    first = now.astimezone(SYDNEY).date()
    days = [first + timedelta(days=n) for n in range(HORIZON.days + 2)]
    starts = [datetime.combine(day, HALF_PAST_NINE, SYDNEY).astimezone(UTC) for day in days if day.weekday() < 5]
    return [at for at in starts if now <= at < now + HORIZON]
