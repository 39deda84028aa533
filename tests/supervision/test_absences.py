"""Absences: what may be entered, and whose mentors somebody sees while it lasts."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.supervision import absences, away, reading, reading_feed, store_absences
from services.supervision.absences import Absence
from services.supervision.handlers_erasures import KEEPS
from services.supervision.messages import AbsenceEnded, AbsenceSet, AlertPassedOn, PersonLeft
from services.supervision.told import Cursor
from shared.contracts import ids
from shared.contracts.event import Refused
from shared.contracts.supervision import PersonErased
from shared.running import Running
from tests.driving import deliver
from tests.supervision.builders import DAY, HOUR, LEAD, MENTOR, SITE, START, SUPERVISOR, call, listed
from tests.supervision.conftest import Jitt

OMAR = ids.supervisor(SITE, "omar")
CHICAGO = "America/Chicago"


def event(**changes: Any) -> AbsenceSet:
    values = {
        "absence_id": UUID(int=1), "site_id": SITE, "person_id": SUPERVISOR, "delegate_id": OMAR, "from_at": START,
        "until_at": START + 7 * DAY,
    }  # fmt: skip
    return AbsenceSet(**values | changes)


def entered(**changes: Any) -> Absence:
    result = absences.entered(None, event(**changes), START - DAY, None)
    assert not isinstance(result, Refused)
    return result[0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"until_at": START - 2 * DAY}, "over_already"),
        ({"from_at": START, "until_at": START}, "over_already"),
        ({"delegate_id": SUPERVISOR}, "nobody_stands_in_for_themselves"),
    ],
)
def test_what_is_no_absence_is_refused(changes: dict[str, Any], reason: str) -> None:
    assert absences.entered(None, event(**changes), START - DAY, None) == Refused(reason)


def test_it_ends_when_somebody_says_so_and_one_to_come_never_begins() -> None:
    def ends(at: datetime) -> Any:
        return absences.ended(entered(), AbsenceEnded(absence_id=UUID(int=1)), at, None)

    assert (ends(START + DAY)[0].from_at, ends(START + DAY)[0].until_at) == (START, START + DAY)
    assert ends(START - HOUR)[0].from_at == ends(START - HOUR)[0].until_at == START - HOUR
    assert ends(START + 8 * DAY) == Refused("over_already")


def test_days_are_whole_where_the_person_is() -> None:
    first, until = absences.days(date(2026, 12, 21), date(2027, 1, 2), CHICAGO)
    assert (first.astimezone(UTC), until.astimezone(UTC)) == (
        datetime(2026, 12, 21, 6, tzinfo=UTC),
        datetime(2027, 1, 3, 6, tzinfo=UTC),
    )


def staff(reference: str, role: str = "supervisor") -> Any:
    return listed(reference=reference, role=role, name=reference.title(), supervisor_reference=None, cleared={})


async def a_site(running: Running) -> date:
    """Dana with one mentor, Omar with none, Priya the lead; answers today in Chicago."""
    await deliver(running, staff("dana"), staff("omar"), staff("priya", "site_lead"), listed(match_started_on=None))
    async with running.connection() as conn:
        today: date = await conn.fetchval("SELECT (now() AT TIME ZONE $1)::date", CHICAGO)
    return today


async def mentors_of(running: Running, person: UUID) -> list[UUID]:
    async with running.connection() as conn:
        who = await reading.find_staff(conn, person)
        assert who
        return [mentor.id for mentor in await reading.list_mentors(conn, who)]


async def enter(running: Running, first: date, last: date, person: UUID = SUPERVISOR, delegate: UUID = OMAR) -> None:
    await away.enter(running, away.Asked(SITE, person, delegate, first, last), id=str(uuid4()))


async def test_the_delegate_looks_after_the_mentors_and_then_no_more(running: Running) -> None:
    today = await a_site(running)
    assert await mentors_of(running, OMAR) == []
    await enter(running, today, today + DAY)
    assert await mentors_of(running, OMAR) == [MENTOR]
    assert await mentors_of(running, SUPERVISOR) == [MENTOR], "who is away can still look"
    async with running.connection() as conn:
        [one] = await store_absences.list_absences(conn, SITE)
    assert await away.end(running, one["absence_id"])
    assert await mentors_of(running, OMAR) == []


async def test_before_and_after_nobody_stands_in(running: Running) -> None:
    today = await a_site(running)
    await enter(running, today + 2 * DAY, today + 3 * DAY)
    assert await mentors_of(running, OMAR) == []
    async with running.connection() as conn:
        await conn.execute("UPDATE absence SET from_at = now() - interval '3 days', until_at = now() - interval '1 second'")
    assert await mentors_of(running, OMAR) == []


async def test_mails_about_alerts_go_to_the_delegate_meanwhile(running: Running) -> None:
    today = await a_site(running)
    await enter(running, today, today + DAY)
    await deliver(running, call())
    async with running.connection() as conn:
        assert await conn.fetchval("SELECT person_id FROM notice WHERE kind = 'alert'") == OMAR
        [one] = await store_absences.list_absences(conn, SITE)
    await away.end(running, one["absence_id"])
    async with running.connection() as conn:
        await conn.execute("DELETE FROM notice")
    await deliver(running, listed(reference="eve", match_started_on=None), call(mentor_id=ids.mentor(SITE, "eve")))
    async with running.connection() as conn:
        assert await conn.fetchval("SELECT person_id FROM notice WHERE kind = 'alert'") == SUPERVISOR


async def test_mails_to_a_lead_who_is_away_go_to_who_stands_in_too(running: Running) -> None:
    today = await a_site(running)
    await enter(running, today, today + DAY, LEAD, OMAR)
    await deliver(running, listed(supervisor_reference=None, match_started_on=None), call())
    async with running.connection() as conn:
        assert await conn.fetchval("SELECT person_id FROM notice WHERE kind = 'alert'") == OMAR


async def test_who_stood_in_and_has_left_gets_no_mail_that_nobody_else_gets(running: Running) -> None:
    today = await a_site(running)
    await enter(running, today, today + DAY)
    await deliver(running, PersonLeft(site_id=SITE, person_id=OMAR, role="supervisor"))
    await deliver(running, call())
    async with running.connection() as conn:
        assert await conn.fetchval("SELECT person_id FROM notice WHERE kind = 'alert'") == SUPERVISOR


async def away_all_day(running: Running, *pairs: tuple[UUID, UUID]) -> None:
    """As it can come about: each is entered while the other one's delegate is still there."""
    ever = {"from_at": datetime(2020, 1, 1, tzinfo=UTC), "until_at": datetime(2100, 1, 1, tzinfo=UTC)}
    for person, delegate in pairs:
        await deliver(running, event(absence_id=uuid4(), person_id=person, delegate_id=delegate, **ever))


async def reads_mail_of(running: Running, person: UUID) -> UUID:
    async with running.connection() as conn:
        found: UUID = await conn.fetchval("SELECT stand_in($1)", person)
    return found


async def test_where_who_stands_in_is_away_too_whoever_stands_in_for_them_sees_and_hears_of_it(running: Running) -> None:
    await a_site(running)
    zoe = ids.supervisor(SITE, "zoe")
    await deliver(running, staff("zoe"))
    await away_all_day(running, (SUPERVISOR, OMAR), (OMAR, zoe))
    assert await mentors_of(running, zoe) == [MENTOR]
    await deliver(running, call())
    async with running.connection() as conn:
        assert await conn.fetchval("SELECT person_id FROM notice WHERE kind = 'alert'") == zoe


async def test_where_all_are_away_for_one_another_it_is_the_sites_lead(running: Running) -> None:
    await a_site(running)
    await away_all_day(running, (SUPERVISOR, OMAR), (OMAR, SUPERVISOR))
    assert await reads_mail_of(running, SUPERVISOR) == await reads_mail_of(running, OMAR) == LEAD
    await away_all_day(running, (LEAD, SUPERVISOR))
    assert await reads_mail_of(running, LEAD) == LEAD, "at the very end whom it was for"


async def test_who_stands_in_for_a_back_up_sees_what_they_are_mailed_about(running: Running) -> None:
    zoe = ids.supervisor(SITE, "zoe")
    await a_site(running)
    await deliver(running, staff("zoe"), listed(reference="dana", role="supervisor", name="Dana", supervisor_reference=None,
                                                back_up_reference="omar", cleared={}))  # fmt: skip
    await away_all_day(running, (OMAR, zoe))
    await deliver(running, call())
    assert await mentors_of(running, zoe) == []
    async with running.connection() as conn:
        alert_id = await conn.fetchval("SELECT alert_id FROM alert")
    await deliver(running, AlertPassedOn(mentor_id=MENTOR, alert_id=alert_id, by=SUPERVISOR))
    async with running.connection() as conn:
        assert await conn.fetchval("SELECT person_id FROM notice WHERE kind = 'escalation'") == zoe
        who = await reading.find_staff(conn, zoe)
        assert who and list(await reading.load_alerts(conn, who, [alert_id])) == [alert_id]
        changes, _ = await reading_feed.look(conn, Cursor(0, 0), 100)
    assert [change.seen_by(reading_feed.sees(who)) for change in changes][-1]


async def test_an_absence_goes_with_the_delegate_who_is_erased(running: Running) -> None:
    today = await a_site(running)
    await enter(running, today, today + DAY)
    await deliver(running, PersonErased(mentor_id=OMAR, role="staff", site_id=SITE))
    await deliver(running, call())
    async with running.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM absence") == 0
        assert await conn.fetchval("SELECT person_id FROM notice WHERE kind = 'alert'") == SUPERVISOR


def test_no_absence_outlives_either_of_its_two() -> None:
    kept = next(kept for kept in KEEPS if kept.table == "absence")
    assert (set(kept.of), set(kept.by)) == ({"person_id", "delegate_id"}, {"by_person"})


@pytest.mark.parametrize(
    ("days", "person", "delegate", "field"),
    [
        ((2, 1), SUPERVISOR, OMAR, "last"),
        ((-3, -2), SUPERVISOR, OMAR, "last"),
        ((1, 2), SUPERVISOR, SUPERVISOR, "delegate"),
        ((1, 2), SUPERVISOR, MENTOR, "delegate"),
        ((1, 2), MENTOR, OMAR, "person"),
        ((6, 8), SUPERVISOR, LEAD, "first"),
        ((6, 8), LEAD, SUPERVISOR, "delegate"),
    ],
)
async def test_what_cannot_be_is_said_at_its_field_and_nothing_is_kept(
    running: Running, days: tuple[int, int], person: UUID, delegate: UUID, field: str
) -> None:
    today = await a_site(running)
    await enter(running, today + 5 * DAY, today + 7 * DAY)
    with pytest.raises(away.Wrong) as wrong:
        await enter(running, today + days[0] * DAY, today + days[1] * DAY, person, delegate)
    assert wrong.value.field == field
    async with running.connection() as conn:
        assert len(await store_absences.list_absences(conn, SITE)) == 1


async def test_the_same_form_twice_is_one_absence(running: Running) -> None:
    today = await a_site(running)
    for _ in range(2):
        await away.enter(running, away.Asked(SITE, SUPERVISOR, OMAR, today, today), id="the-same-form")
    async with running.connection() as conn:
        assert len(await store_absences.list_absences(conn, SITE)) == 1


async def test_commands_set_list_and_end(running: Running, jitt: Jitt) -> None:
    today = await a_site(running)
    words = ["absence", "set", "--site", SITE, "--person", "dana", "--delegate", "omar"]
    done = await jitt(*words, "--from", today, "--until", today + DAY)
    assert (done.exit_code, "Noted: dana is away from" in done.output, "omar stands in" in done.output) == (0, True, True)
    again = await jitt(*words, "--from", today, "--until", today + timedelta(days=2))
    assert (again.exit_code, "already. End that absence first" in again.output) == (2, True)
    unknown = await jitt(*words[:-1], "nobody", "--from", today, "--until", today)
    assert (unknown.exit_code, "--delegate nobody: Choose somebody who is a supervisor" in unknown.output) == (2, True)
    listing = await jitt("absence", "list", "--site", SITE)
    assert "Dana: " in listing.output
    assert "Omar stands in." in listing.output
    [one] = json.loads((await jitt("absence", "list", "--site", SITE, "--json")).output)
    assert (one["person"], one["from"]) == ("dana", today.isoformat())
    assert (await jitt("absence", "end", one["absence_id"])).exit_code == 0
    assert (await jitt("absence", "end", one["absence_id"])).exit_code == 2
    assert "Nobody is away" in (await jitt("absence", "list", "--site", SITE)).output
