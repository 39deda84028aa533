"""What the contact log reads: when each mentor's next talk is due, and how many talks each match had in a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from asyncpg import Connection, Record

from services.supervision import rules_match, store_cases
from services.supervision.domain import History, MentorCase
from services.supervision.screens.facts import Mentor
from shared.pages import times

# The caller has seen to it that the mentors are in the reader's caseload.
CADENCE = """
SELECT c.mentor_id, c.site_id, c.enrolled, c.status, c.time_zone, c.match_started_on, c.matches,
       (c.history ->> 'known_since')::timestamptz AS known_since,
       ARRAY(SELECT k.at FROM contact k WHERE k.mentor_id = c.mentor_id AND k.outcome = 'talked' AND k.undone_at IS NULL
             ORDER BY k.at DESC LIMIT 3) AS talks
FROM mentor_case c WHERE c.mentor_id = ANY($1::uuid[])
"""
# By month, from its first instant to the next one's: talks with mentors of the site, and matches that were on for a day of it.
PER_MATCH = """
SELECT u.first, u.next,
  (SELECT count(*) FROM contact k
   WHERE k.site_id = $1 AND k.at >= u.first AND k.at < u.next AND k.outcome = 'talked' AND k.undone_at IS NULL) AS talks,
  (SELECT count(*) FROM mentor_case c
   CROSS JOIN LATERAL jsonb_to_recordset(CASE
     WHEN c.matches IS NOT NULL THEN c.matches
     WHEN c.match_started_on IS NULL THEN '[]'
     ELSE jsonb_build_array(jsonb_build_object('started_on', c.match_started_on)) END) AS m (started_on text, ends_on text)
   WHERE c.site_id = $1 AND m.started_on < (u.next AT TIME ZONE $4)::date::text
     AND coalesce(m.ends_on, '9999') >= (u.first AT TIME ZONE $4)::date::text) AS matches
FROM unnest($2::timestamptz[], $3::timestamptz[]) AS u (first, next) ORDER BY u.first
"""


@dataclass(frozen=True, slots=True)
class Month:
    """`first`: its first day."""

    first: date
    talks: int
    matches: int

    @property
    def per_match(self) -> float | None:
        """None where there was no match."""
        return self.talks / self.matches if self.matches else None


async def list_due(conn: Connection, mentors: Sequence[Mentor], now: datetime) -> dict[UUID, datetime]:
    """By when somebody should have talked with each of them, as the alert about it counts; without those who have no match."""
    rows = await conn.fetch(CADENCE, [mentor.id for mentor in mentors])
    found = ((row["mentor_id"], rules_match.contact_due(_case(row), now)) for row in rows)
    return {id: due for id, due in found if due}


async def list_months(conn: Connection, site_id: str, zone: str, now: datetime, count: int = 3) -> list[Month]:
    """The last months with this one, oldest first, on the wall clock of a zone."""
    begins = [_month(now, zone, back) for back in range(count - 1, -2, -1)]
    rows = await conn.fetch(PER_MATCH, site_id, begins[:-1], begins[1:], times.known(zone).key)
    return [Month(row["first"].astimezone(times.known(zone)).date(), row["talks"], row["matches"]) for row in rows]


def _month(now: datetime, zone: str, back: int) -> datetime:
    """The first instant of the month so many before this one."""
    here = now.astimezone(times.known(zone))
    years, month = divmod(here.year * 12 + here.month - 1 - back, 12)
    return here.replace(year=years, month=month + 1, day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)


def _case(row: Record) -> MentorCase:
    """As much of it as the rule about talks looks at."""
    values = {name: row[name] for name in ("mentor_id", "site_id", "enrolled", "status", "time_zone")}
    matches = store_cases.matches_of(row["matches"], row["match_started_on"])
    talks = {UUID(int=number): at for number, at in enumerate(row["talks"])}
    return MentorCase(**values, matches=matches, talks=talks, history=History(known_since=row["known_since"]))
