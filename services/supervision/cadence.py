"""When a mentor is due for a support contact: twice in the first four weeks of a match, then once a month. Pure.

Matches whose staff keep in touch last longer (docs/evidence.md L10, L11). Talks are what counts; a “not needed” is none.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FIRST_WEEKS = timedelta(days=28)
AT_FIRST = 2
LATER = timedelta(days=31)


def next_contact_due(
    match_started_on: str | date | None,
    contacts: Iterable[datetime],
    now: datetime,
    *,
    time_zone: str = "UTC",
    known_since: datetime | None = None,
) -> datetime | None:
    """The instant by which somebody should have talked with the mentor; in the past where that is overdue.

    `contacts`: when they talked (at least the last two); `known_since`: nothing is known of earlier talks, so a match that
    began before then counts as talked about on that day. None: no match, so nothing is due.
    """
    if match_started_on is None:
        return None
    month_ends = _midnight(match_started_on, time_zone) + FIRST_WEEKS
    before = [known_since] if known_since and known_since > month_ends else []
    talks = sorted(at for at in (*contacts, *before) if at <= now)
    if talks and (talks[-1] > month_ends or len(talks) >= AT_FIRST):
        return talks[-1] + LATER
    return month_ends


def _midnight(day: str | date, time_zone: str) -> datetime:
    first = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime.combine(first, time(), ZoneInfo(time_zone)).astimezone(ZoneInfo("UTC"))
