"""The certificate: what was finished in a period, the time it took, what it is not, and no name."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.assessment import record
from shared.pages import languages
from shared.pages.languages import ENGLISH
from tests.assessment.building import ZONE
from tests.assessment.recording import another_module, arrive, finish, of_module, record_link
from tests.driving import deliver

SPANISH = languages.spoken("services.assessment", "es")


async def opened(phone, **period):
    query = "&".join(f"{name.rstrip('_')}={value}" for name, value in period.items())
    return await phone.open(f"/m/{record_link()}/certificate?{query}")


async def test_each_title_stands_once_and_its_minutes_count_each_time(phone):
    await arrive(phone.running)
    await deliver(phone.running, another_module("open_questions_1", "Ask so that they talk", minutes=5))
    for days_ago in (3, 9, 30):
        await finish(phone.running, days_ago)
    await finish(phone.running, 12, **of_module("open_questions_1"))
    await finish(phone.running, 14, kind="recall", module=None)
    await opened(phone)
    assert phone.words.count("Say it back before you advise") == 1
    assert phone.words.index("Ask so that they talk") < phone.words.index("Say it back before you advise")
    assert "1 short review of earlier questions" in phone.words
    assert "Time for all of them, as their authors planned it: 18 minutes." in phone.words  # 3 × 4, 5 and 1


async def test_it_names_the_site_has_a_line_for_the_name_and_says_what_it_is_not(phone):
    await arrive(phone.running)
    await finish(phone.running, 3)
    await opened(phone)
    assert "Eastfield Mentoring Certificate of trainings Name of the mentor" in phone.words
    assert "It is no license and no test result, and it clears nobody to work with children or young people." in phone.words


async def test_only_what_was_finished_on_these_days_counts_by_the_mentors_calendar(phone):
    """The last minute of the last day in Chicago is the next day in UTC."""
    await arrive(phone.running)
    here = ZoneInfo(ZONE)
    last_minute = datetime(2026, 10, 31, 23, 59, tzinfo=here)
    now = datetime.now(UTC)
    await finish(phone.running, (now - last_minute) / timedelta(days=1))
    await finish(phone.running, (now - last_minute - timedelta(minutes=2)) / timedelta(days=1))
    await opened(phone, from_="2026-10-31", to="2026-10-31")
    assert "From October 31, 2026 to October 31, 2026 this mentor finished" in phone.words
    assert "planned it: 4 minutes." in phone.words
    await opened(phone, from_="2026-11-01", to="2026-11-01")
    assert "planned it: 4 minutes." in phone.words


async def test_a_period_without_trainings_says_so(phone):
    await arrive(phone.running)
    await opened(phone, from_="2025-01-01", to="2025-01-31")
    assert "No training was finished from January 1, 2025 to January 31, 2025." in phone.words
    assert "Time for all of them" not in phone.words


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-11-02", "2026-11-01", "The first day must not come after the last day"),
        ("2026-13-01", "2026-11-01", "Enter both days as in 2026-09-01"),
        ("<b>", "2026-11-01", "Enter both days as in 2026-09-01"),
        ("2026-11-01", "9999-12-31", "Enter both days as in 2026-09-01"),
        ("0001-01-01", "2026-11-01", "Enter both days as in 2026-09-01"),
    ],
)
async def test_days_that_make_no_period_come_back_as_typed_with_what_to_do(phone, first, last, said):
    await arrive(phone.running)
    await opened(phone, from_=first, to=last)
    assert (phone.status, phone.title) == (422, "Error: Certificate of trainings")
    assert phone.words.count(said) == 2
    assert "Name of the mentor" not in phone.words  # a sheet of other days than were asked for
    assert f'value="{first.replace("<", "&lt;").replace(">", "&gt;")}"' in phone.html


async def test_more_titles_than_a_sheet_holds_are_counted(phone):
    await arrive(phone.running)
    for number in range(26):
        await deliver(phone.running, another_module(f"module_{number}", f"Title {number:02}"))
        await finish(phone.running, 3 + number, **of_module(f"module_{number}"))
    await opened(phone)
    assert "Title 23 and 2 more" in phone.words
    assert "Title 24" not in phone.words
    assert "planned it: 1 hour 44 minutes." in phone.words


def test_the_usual_period_is_the_last_twelve_months_where_the_mentor_is():
    evening = datetime(2026, 11, 30, 3, tzinfo=UTC)  # still the 29th in Chicago
    assert record.year_before(evening, ZONE) == (date(2025, 11, 30), date(2026, 11, 29))


@pytest.mark.parametrize(
    ("minutes", "english", "spanish"),
    [
        (0, "0 minutes", "0 minutos"),
        (1, "1 minute", "1 minuto"),
        (60, "1 hour", "1 hora"),
        (144, "2 hours 24 minutes", "2 horas 24 minutos"),
    ],
)
def test_time_is_said_in_hours_and_minutes(minutes, english, spanish):
    assert (record.length(minutes, ENGLISH), record.length(minutes, SPANISH)) == (english, spanish)
