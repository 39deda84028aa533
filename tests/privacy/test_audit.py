"""Who reads what about a mentor is written down, cannot be changed by the service itself, and is shown to the site's leads."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from services.supervision import store_audit
from services.supervision.app import SERVICE
from shared import retention
from shared.contracts import ids
from shared.contracts.supervision import PersonErased
from shared.running import Running
from tests.conftest import Database, at_database
from tests.driving import deliver
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon, an_afternoon, signed_in, words

TOM, MIA = ids.mentor(SITE, "tom"), ids.mentor(SITE, "mia")
OLD = """
INSERT INTO audit (at, site_id, person_id, mentor_id, what) VALUES (now() - make_interval(days => $1), $2, $3, $4, 'mentor')
"""
DANA = ids.supervisor(SITE, "dana")


@pytest.fixture
async def day(database: Database) -> Afternoon:
    running = await database(SERVICE)
    day = await an_afternoon(running)
    async with day.together():
        await day.mentor("tom", "Tom Okafor")
        await day.mentor("mia", "Mia Bell")
        await day.session("tom", timedelta(hours=1))
        await day.opens("tom")
        await day.completes("tom", "written")
    return day


async def log(running: Running) -> list[tuple[object, ...]]:
    async with running.connection() as conn:
        return [tuple(row) for row in await conn.fetch("SELECT person_id, mentor_id, what, training_id FROM audit ORDER BY id")]


async def test_a_brief_with_the_mentors_own_words_and_the_mentors_page_are_written_down(day):
    training = day.trainings["tom"]
    async with signed_in(day.running, "dana") as dana:
        for path in (f"/briefs/{training}", f"/mentors/{TOM}"):
            assert "Opening this page is written down" in (await dana.get(path)).text
    assert await log(day.running) == [
        (DANA, TOM, "brief", training), (DANA, TOM, "own_words", training), (DANA, TOM, "mentor", None),
    ]  # fmt: skip


async def test_what_was_not_shown_is_not_written_down(day):
    async with signed_in(day.running, "omar") as omar:
        assert (await omar.get(f"/mentors/{TOM}")).status_code == 403
        assert (await omar.get(f"/mentors/{uuid4()}")).status_code == 404
    assert await log(day.running) == []


@pytest.mark.parametrize("statement", ["UPDATE audit SET what = 'brief'", "DELETE FROM audit", "TRUNCATE audit"])
async def test_the_service_itself_cannot_change_the_log(day, statement):
    async with day.running.connection() as conn:
        await store_audit.note_mentor(conn, TOM, SITE, DANA)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement)
    assert len(await log(day.running)) == 1


async def test_what_is_too_old_goes_by_its_function_and_nothing_younger_than_a_year_ever(day):
    async with day.running.connection() as conn:
        for days in (1, 200, 500, 1_200):
            await conn.execute(OLD, days, SITE, DANA, TOM)
    assert {kept.table: rows async for kept, rows in retention.run(day.running)} == {"audit": 1}
    async with day.running.connection() as conn:
        assert await conn.fetchval("SELECT forget_audit(1, 100)") == 1
    assert len(await log(day.running)) == 2


async def test_a_site_lead_sees_who_has_read_what_and_can_choose(day):
    async with signed_in(day.running, "dana") as dana:
        await dana.get(f"/briefs/{day.trainings['tom']}")
        await dana.get(f"/mentors/{MIA}")
    async with signed_in(day.running, "priya") as priya:
        assert 'href="/audit"' in (await priya.get("/site")).text
        everything = words((await priya.get("/audit")).text)
        for said in ("Dana Ortiz Brief Tom Okafor", "Dana Ortiz The mentor’s own words Tom Okafor", "The mentor’s page Mia Bell"):
            assert said in everything
        of_mia = words((await priya.get("/audit", params={"mentor": str(MIA)})).text)
        assert "The mentor’s page Mia Bell" in of_mia and "Brief Tom Okafor" not in of_mia
        assert "Nothing fits what you chose." in words((await priya.get("/audit?what=brief&before=1&by=x")).text)


async def test_a_supervisor_is_told_that_it_is_for_leads(day):
    async with signed_in(day.running, "dana") as dana:
        answer = await dana.get("/audit")
        assert answer.status_code == 403 and "for the leads of your site" in answer.text
        assert 'href="/audit"' not in (await dana.get("/site")).text


async def test_the_log_goes_on_page_by_page(day, monkeypatch):
    monkeypatch.setattr("services.supervision.http_audit.MOST", 2)
    async with signed_in(day.running, "priya") as priya:
        for _ in range(3):
            await priya.get(f"/mentors/{TOM}")
        first = (await priya.get("/audit")).text
        assert first.count("<tr><td>") == 2
        older = "/audit?" + first.split('href="/audit?', 1)[1].split('"', 1)[0].replace("&amp;", "&")
        assert (await priya.get(older)).text.count("<tr><td>") == 1


async def test_of_somebody_who_was_erased_pages_say_so_and_the_log_names_nobody(day):
    training = day.trainings["tom"]
    async with signed_in(day.running, "dana") as dana:
        await dana.get(f"/briefs/{training}")
        await deliver(day.running, PersonErased(mentor_id=TOM, site_id=SITE))
        for path in (f"/briefs/{training}", f"/mentors/{TOM}"):
            answer = await dana.get(path)
            assert answer.status_code == 410 and "This record was erased on request" in answer.text
    async with signed_in(day.running, "priya") as priya:
        shown = (await priya.get("/audit")).text
        assert "somebody whose record was erased" in words(shown) and "Tom" not in shown


async def test_a_role_that_owns_the_log_could_change_it(day):
    """The broken twin of the grants: without them the same statement goes through."""
    async with day.running.connection() as conn:
        name = await conn.fetchval("SELECT current_database()")
    owner = await asyncpg.connect(at_database(day.running.settings.postgres, name))
    await owner.execute("GRANT DELETE ON supervision.audit TO supervision")
    await owner.close()
    async with day.running.connection() as conn:
        assert await conn.execute("DELETE FROM audit") == "DELETE 0"
