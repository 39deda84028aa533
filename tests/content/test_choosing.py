"""Requests on real Postgres: one choice each, remembered, and forgotten with the mentor."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest_asyncio

from services.content import publishing
from services.content.app import SERVICE
from shared.contracts.content import NothingSuitable, PersonErasureDone, TrainingAssigned, TrainingShared
from shared.contracts.supervision import PersonErased
from tests.content.building import MENTOR, a_module, a_need, a_request, ref
from tests.driving import deliver, outgoing

LISTENING = a_module()
CRISIS = a_module(
    module_id="crisis_response_9",
    skill="crisis_response",
    refer_when="Call {staff_on_call}.",
    site_variables=("staff_on_call",),
)


@pytest_asyncio.fixture
async def running(database):
    opened = await database(SERVICE)
    await publishing.publish(opened, [LISTENING, CRISIS], "run 1")
    return opened


async def answers(running):
    """What was sent since the modules were published."""
    return (await outgoing(running))[2:]


async def rows(running, table):
    async with running.connection() as conn:
        return await conn.fetch({"choice": "SELECT mentor_id FROM choice", "learner": "SELECT mentor_id FROM learner"}[table])


async def test_a_request_is_answered_with_the_published_version(running):
    await publishing.publish(running, [LISTENING.model_copy(update={"title": "Newer"})], "run 2")
    await deliver(running, a_request())
    (assigned,) = (await answers(running))[1:]
    assert (assigned.kind, assigned.module.module_id, assigned.module.version) == ("module", LISTENING.module_id, 2)
    assert [item.item_id for item in assigned.items] == ["q1", "q2", "q3", "q4"]


async def test_the_same_request_twice_is_answered_once(running):
    first, second = await deliver(running, a_request(), a_request())
    (again,) = await deliver(running, a_request())
    assert [first.kind, second.reason, again.reason] == ["applied", "already_chosen", "already_chosen"]
    assert len(await answers(running)) == 1


def of_another_session(request, number=99):
    return request.model_copy(update={"session_id": UUID(int=number), "starts_at": request.starts_at + timedelta(hours=4)})


async def test_a_second_session_of_the_day_shares_the_training_in_the_same_batch_or_later(running):
    first, second, third = a_request(), of_another_session(a_request()), of_another_session(a_request(), 98)
    await deliver(running, first, second)
    outcomes = await deliver(running, third, second)
    assert [o.kind for o in outcomes] == ["applied", "applied"]
    assigned, *shared = await answers(running)
    assert (assigned.training_id, assigned.session_id) == (first.request_id, first.session_id)
    assert [(s.training_id, s.session_id, s.starts_at) for s in shared[:2]] == [
        (first.request_id, one.session_id, one.starts_at) for one in (second, third)
    ]
    assert len(await rows(running, "choice")) == 1


async def test_where_nothing_was_suitable_the_next_session_of_the_day_may_find_a_training(running):
    nothing = a_request(needs=(a_need("goal_setting"),))
    await deliver(running, nothing)
    await deliver(running, of_another_session(a_request()), of_another_session(a_request(), 98))
    said = await answers(running)
    assert [type(one) for one in said] == [NothingSuitable, TrainingAssigned, TrainingShared]
    assert said[1].session_id == UUID(int=99)
    assert len(await rows(running, "choice")) == 1


async def test_two_requests_of_one_batch_do_not_get_the_same_module(running):
    await deliver(running, a_request(1), a_request(2))
    assert [type(event) for event in await answers(running)] == [TrainingAssigned, NothingSuitable]


async def test_what_was_chosen_before_counts_in_a_later_batch(running):
    await deliver(running, a_request(1))
    await deliver(running, a_request(2))
    await deliver(running, a_request(3, recall_only=True))
    _, nothing, recall = await answers(running)
    assert nothing.reason == "no_module_for_needs"
    assert [item.item_id for item in recall.items] == ["q1", "q2"]


async def earlier(running, days):
    async with running.connection() as conn:
        await conn.execute("UPDATE choice SET at = at - $1::interval", timedelta(days=days))


async def test_a_module_shown_in_three_batches_is_worn_and_its_questions_take_turns(running):
    for number in range(1, 6):
        await deliver(running, a_request(number))
        await earlier(running, 10)
    said = await answers(running)
    assert [one.kind for one in said] == ["module", "module", "module", "recall", "recall"]
    assert [[item.item_id for item in one.items] for one in said[3:]] == [["q1", "q2"], ["q3", "q1"]]
    assert said[3].candidates[0].why_not == "worn"
    assert [(reason.code, reason.days) for reason in said[4].reasons] == [("activity", None), ("days", 10)]


async def test_a_worn_modules_questions_rest_when_they_were_asked_in_an_earlier_batch(running):
    for number in range(1, 5):
        await deliver(running, a_request(number))
        await earlier(running, 10 if number < 4 else 2)
    await deliver(running, a_request(5))
    assert [type(one) for one in await answers(running)][-2:] == [TrainingAssigned, NothingSuitable]


async def test_least_shown_items_come_next(running):
    await deliver(running, a_request(1))
    await deliver(running, a_request(2, recall_only=True))
    await deliver(running, a_request(3, recall_only=True))
    assert [item.item_id for item in (await answers(running))[2].items] == ["q3", "q1"]


async def test_the_items_of_a_withdrawn_version_do_not_come_back(running):
    back = (ref("q1", LISTENING.module_id),)
    await publishing.withdraw(running, LISTENING.module_id, "en", None, "run 2")
    await deliver(running, a_request(returning=back))
    answer = (await answers(running))[-1]
    assert (type(answer), answer.reason) == (NothingSuitable, "no_module_for_needs")


async def test_an_item_that_was_missed_comes_back_before_the_module(running):
    request = a_request(
        needs=(a_need("crisis_response"),), site_variables=("staff_on_call",), returning=(ref("q2", LISTENING.module_id),)
    )
    await deliver(running, request)
    (assigned,) = await answers(running)
    assert [(item.module_id, item.item_id, item.returning) for item in assigned.items][:2] == [
        (LISTENING.module_id, "q2", True),
        (CRISIS.module_id, "q1", False),
    ]


async def test_an_item_missed_in_one_version_and_language_comes_back_as_the_newest_of_the_mentors_language_has_it(running):
    newer, spanish = LISTENING.model_copy(update={"title": "Newer"}), LISTENING.model_copy(update={"locale": "es"})
    await publishing.publish(running, [newer, spanish], "run 2")
    asked = {"needs": (), "returning": (ref("q2", LISTENING.module_id, 1),)}
    await deliver(running, a_request(1, **asked), a_request(2, mentor_id=UUID(int=8), locale="es", **asked))
    await publishing.withdraw(running, LISTENING.module_id, "en", 2, "run 3")
    await deliver(running, a_request(3, mentor_id=UUID(int=9), **asked))
    trainings = [event for event in await answers(running) if isinstance(event, TrainingAssigned)]
    assert [(one.locale, [(item.locale, item.version) for item in one.items]) for one in trainings] == [
        ("en", [("en", 2)]),
        ("es", [("es", 1)]),
        ("en", [("en", 1)]),
    ]


async def test_a_site_without_its_numbers_is_told_apart_from_a_missing_module(running):
    await deliver(running, a_request(1, needs=(a_need("crisis_response"),)), a_request(2, needs=(a_need("ending_well"),)))
    assert [answer.reason for answer in await answers(running)] == ["site_variables_missing", "no_module_for_needs"]


async def test_many_mentors_in_one_batch_each_get_their_own(running):
    requests = [a_request(n, mentor_id=UUID(int=n)) for n in range(1, 301)]
    await deliver(running, *requests)
    assert {answer.mentor_id for answer in await answers(running)} == {request.mentor_id for request in requests}
    assert len(await rows(running, "choice")) == 300


async def test_two_workers_that_meet_a_new_mentor_at_once_lose_nothing(running):
    requests = [a_request(n) for n in range(1, 9)]
    outcomes = await asyncio.gather(*(running.submit(r, id=str(n), source="test") for n, r in enumerate(requests)))
    assert {outcome.kind for outcome in outcomes} == {"applied"}
    assert [type(answer) for answer in await answers(running)].count(TrainingAssigned) == 1
    assert len(await rows(running, "choice")) == 8


async def test_erasing_a_mentor_leaves_no_choice_and_sends_a_receipt(running):
    await deliver(running, a_request(1), a_request(2, mentor_id=UUID(int=8)))
    await deliver(running, PersonErased(mentor_id=MENTOR))
    late = await deliver(running, a_request(3))
    assert [row["mentor_id"] for row in await rows(running, "choice")] == [UUID(int=8)]
    assert [row["mentor_id"] for row in await rows(running, "learner")] == [UUID(int=8)]
    assert (await answers(running))[-1] == PersonErasureDone(mentor_id=MENTOR)
    assert late[0].reason == "erased"
