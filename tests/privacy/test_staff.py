"""A supervisor is erased: their mentors go to the site's lead, and what they did stays without them."""

from datetime import timedelta

import pytest

from services.supervision.app import SERVICE
from shared.contracts import ids
from shared.contracts.supervision import MentorEnrolled, PersonErased
from shared.messaging.sweep import apply_sweep
from shared.privacy import NOBODY
from tests.conftest import Database
from tests.driving import deliver, outgoing
from tests.supervision import builders
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon, an_afternoon, signed_in

TOM, DANA = ids.mentor(SITE, "tom"), ids.supervisor(SITE, "dana")
TALKED = """
INSERT INTO contact (contact_id, mentor_id, site_id, by_person, outcome, cleared, at)
VALUES (gen_random_uuid(), $1, $2, $3, 'talked', '{}', now())
"""


@pytest.fixture
async def day(database: Database) -> Afternoon:
    day = await an_afternoon(await database(SERVICE))
    await day.mentor("tom", "Tom Okafor")
    await day.session("tom", timedelta(hours=1))
    await day.happens(builders.call(mentor_id=TOM, kind="now", pressed_at=day.now, session_id=day.sessions["tom"]))
    async with day.running.connection() as conn:
        await conn.execute(TALKED, TOM, SITE, DANA)
    return day


async def swept(day: Afternoon) -> None:
    async with day.running.connection() as conn, conn.transaction():
        await apply_sweep(conn, "supervision", SERVICE.handlers)


async def test_the_caseload_keeps_its_mentors_and_the_site_lead_sees_to_them(day):
    await deliver(day.running, PersonErased(mentor_id=DANA, role="staff", site_id=SITE))
    await swept(day)
    told = [event for event in await outgoing(day.running) if isinstance(event, MentorEnrolled)]
    assert (told[-1].mentor_id, told[-1].supervisor_id) == (TOM, None)
    async with signed_in(day.running, "priya") as priya:
        assert "Tom Okafor" in (await priya.get("/mentors")).text
        assert (await priya.get(f"/mentors/{TOM}")).status_code == 200
        assert (await priya.get("/alerts")).status_code == 200
        assert (await priya.get("/contacts")).status_code == 200


async def test_what_the_supervisor_did_stays_without_them(day):
    await deliver(day.running, PersonErased(mentor_id=DANA, role="staff", site_id=SITE))
    await swept(day)
    async with day.running.connection() as conn:
        assert await conn.fetchval("SELECT by_person FROM contact") == NOBODY
        assert await conn.fetchval("SELECT count(*) FROM alert WHERE supervisor_id = $1", DANA) == 0
        assert await conn.fetchval("SELECT count(*) FROM person WHERE person_id = $1", DANA) == 0
        assert await conn.fetchval("SELECT count(*) FROM mentor_case WHERE position($1 IN history::text) > 0", str(DANA)) == 0


async def test_a_supervisor_who_is_erased_is_signed_out_at_once(day):
    async with signed_in(day.running, "dana") as dana:
        assert (await dana.get("/today")).status_code == 200
        await deliver(day.running, PersonErased(mentor_id=DANA, role="staff", site_id=SITE))
        assert (await dana.get("/today")).status_code == 303


async def test_a_list_that_still_names_them_gives_them_no_mentor_back(day):
    await deliver(day.running, PersonErased(mentor_id=DANA, role="staff", site_id=SITE))
    await swept(day)
    await day.staff("dana", "Dana Ortiz")
    await day.mentor("tom", "Tom Okafor", phone="555 555 0118")
    async with day.running.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM mentor_case WHERE supervisor_id = $1", DANA) == 0
        assert await conn.fetchval("SELECT count(*) FROM person WHERE person_id = $1", DANA) == 0
