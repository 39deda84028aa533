"""Links of mentors: a request for a new one is not lost and goes when it is answered; revoking them reaches everybody."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.supervision import cases, people, store_links
from services.supervision.app import SERVICE
from services.supervision.messages import LinksRevoked
from shared.contracts import ids
from shared.contracts.assessment import LinkRequested
from shared.contracts.event import Refused
from shared.contracts.supervision import MentorEnrolled
from tests.driving import deliver, outgoing
from tests.supervision import builders
from tests.supervision.builders import HOUR, MINUTE, SITE, START
from tests.supervision.console import a_full_afternoon, signed_in, words

MARCUS = ids.mentor(SITE, "marcus")
NOTE = "Marcus asked for a new link"


def requested(at, mentor_id=MARCUS):
    return LinkRequested(mentor_id=mentor_id, site_id=SITE, training_id=UUID(int=4), requested_at=at)


async def page_of(client, mentor_id=MARCUS):
    answer = await client.get(f"/mentors/{mentor_id}")
    assert answer.status_code == 200
    return words(answer.text)


async def test_a_request_stands_on_the_mentors_page_with_its_time(database):
    day = await a_full_afternoon(await database(SERVICE))
    await day.happens(requested(day.now - 5 * MINUTE))
    async with signed_in(day.running, "dana") as client:
        said = await page_of(client)
        assert f"{NOTE} today at 2:" in said or f"{NOTE} today at 1:" in said
        assert "A mail with it goes to the address that you have on file." in said
        assert "asked for a new link" not in await page_of(client, ids.mentor(SITE, "leah"))
        listed = words((await client.get("/mentors")).text)
        assert listed.count("Needs a new link") == 1
        assert listed.index("Marcus Bell") < listed.index("Needs a new link") < listed.index("Rosa Lindqvist")


async def test_a_training_opened_afterwards_takes_it_away_and_one_opened_before_does_not(database):
    day = await a_full_afternoon(await database(SERVICE))  # marcus has opened one, 20 minutes ago
    await day.happens(requested(day.now - 5 * MINUTE))
    async with signed_in(day.running, "dana") as client:
        assert NOTE in await page_of(client)
        await day.session("marcus-next", 26 * HOUR)
        opened = builders.opened(
            mentor_id=MARCUS, session_id=day.sessions["marcus-next"], training_id=day.trainings["marcus-next"],
            starts_at=day.starts["marcus-next"], opened_at=day.now + MINUTE,
        )  # fmt: skip
        await deliver(day.running, opened)
        assert NOTE not in await page_of(client)


async def test_a_training_that_was_opened_before_and_gone_on_with_takes_it_away(database):
    day = await a_full_afternoon(await database(SERVICE))
    await day.happens(requested(day.now - 5 * MINUTE))
    answered = "UPDATE preparation SET last_answer_at = $2 WHERE mentor_id = $1 AND opened_at IS NOT NULL"
    async with signed_in(day.running, "dana") as client:
        await day.running.pool.execute(answered, MARCUS, day.now - 6 * MINUTE)
        assert NOTE in await page_of(client)
        await day.running.pool.execute(answered, MARCUS, day.now - 4 * MINUTE)
        assert NOTE not in await page_of(client)


@pytest.mark.parametrize(("state", "hours_ago", "stays"), [("sent", 23, True), ("sent", 25, False), ("bounced", 25, True)])
async def test_a_link_that_was_mailed_a_day_ago_and_did_not_come_back_takes_it_away(database, state, hours_ago, stays):
    day = await a_full_afternoon(await database(SERVICE))
    await day.running.pool.execute("DELETE FROM preparation WHERE mentor_id = $1", MARCUS)
    await day.happens(requested(datetime.now(UTC) - 26 * HOUR))
    await day.running.pool.execute(
        "UPDATE notice SET state = $2, sent_at = $3, created_at = $3 WHERE kind = 'link' AND person_id = $1",
        MARCUS, state, datetime.now(UTC) - hours_ago * HOUR,
    )  # fmt: skip
    async with day.running.connection() as conn:
        assert (MARCUS in await store_links.load_waiting(conn, [MARCUS])) == stays


async def test_it_is_seen_in_its_own_caseload_only(database):
    day = await a_full_afternoon(await database(SERVICE))
    await day.happens(requested(day.now))
    async with signed_in(day.running, "omar") as client:
        assert (await client.get(f"/mentors/{MARCUS}")).status_code == 403


async def test_a_request_that_comes_before_the_mentor_is_known_is_kept(database):
    running = await database(SERVICE)
    stranger = uuid4()
    [outcome] = await deliver(running, requested(START, stranger))
    assert outcome.kind == "applied"
    async with running.connection() as conn:
        assert await store_links.load_waiting(conn, [stranger]) == {stranger: START}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_two_requests_the_later_stands_in_any_order(database, order):
    running = await database(SERVICE)
    both = [requested(START), requested(START + timedelta(days=2))]
    for n in order:
        await deliver(running, both[n])
    async with running.connection() as conn:
        assert await store_links.load_waiting(conn, [MARCUS]) == {MARCUS: START + timedelta(days=2)}


def test_an_older_request_changes_nothing():
    assert people.link_requested(requested(START), requested(START - HOUR), START, None) == Refused("stale_revision")


async def test_revoking_raises_the_epoch_in_the_roster_each_time(database):
    running = await database(SERVICE)
    await deliver(running, builders.listed())
    mentor_id = builders.listed().person_id
    for _ in range(2):
        await deliver(running, LinksRevoked(mentor_id=mentor_id))
    rosters = [event for event in await outgoing(running) if isinstance(event, MentorEnrolled)]
    assert [(r.link_epoch, r.revision) for r in rosters] == [(1, 1), (2, 2), (3, 3)]
    await deliver(running, builders.listed(name="Another Name"))
    async with running.connection() as conn:
        found = await store_links.find_epoch(conn, mentor_id)
    assert found is not None
    assert found[0] == 3


def test_nobody_unknown_is_revoked():
    assert cases.links_revoked(None, LinksRevoked(mentor_id=MARCUS), START, cases.Facts()) == Refused("unknown_mentor")
