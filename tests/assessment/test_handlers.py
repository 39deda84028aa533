"""Facts and memory on a real database: older revisions never win, and any order of arrival gives the same rows."""

from itertools import permutations
from uuid import UUID, uuid4

from services.assessment import store
from services.assessment.app import SERVICE
from services.assessment.messages import Answered, Started
from shared.contracts.assessment import ItemAnswered, SkillRemembered
from tests.assessment.building import MENTOR, SINGLE, TRAINING, assigned, enrolled, planned, published, site
from tests.assessment.visiting import soon
from tests.driving import deliver, outgoing


async def rows(running):
    tables = ("module", "planned_session", "roster", "site", "training", "skill")
    return [await running.pool.fetch(f"SELECT t::text AS row FROM {table} t ORDER BY 1") for table in tables]


async def test_an_older_revision_never_overwrites_a_newer_one(database):
    running = await database(SERVICE)
    outcomes = await deliver(running, planned(revision=3), planned(revision=2), enrolled(revision=2), enrolled(revision=1))
    assert [(o.kind, o.reason) for o in outcomes] == [
        ("applied", None),
        ("refused", "stale_revision"),
        ("applied", None),
        ("refused", "stale_revision"),
    ]


async def test_any_order_of_arrival_gives_the_same_rows(database):
    times = soon()
    facts = [site(), planned(**times), published(), assigned(**times)]
    seen = []
    for order in permutations(facts):
        running = await database(SERVICE)
        for event in order:
            await deliver(running, event)
        seen.append(await rows(running))
        await running.pool.close()
    assert all(found == seen[0] for found in seen)


async def test_our_own_answers_become_the_memory_of_the_skill(database):
    running = await database(SERVICE)
    times = soon()
    await deliver(running, published(SINGLE), planned(**times), assigned(SINGLE, **times))
    first = Answered(training_id=TRAINING, number=1, attempt=1, chosen=("a",), confidence="sure", request_id=uuid4())
    retry = Answered(training_id=TRAINING, number=1, attempt=2, chosen=("b",), request_id=uuid4())
    await deliver(running, Started(training_id=TRAINING), first, retry)
    answers = [e for e in await outgoing(running) if isinstance(e, ItemAnswered)]
    await deliver(running, *answers)
    remembered = [e for e in await outgoing(running) if isinstance(e, SkillRemembered)]
    assert [(e.revision, e.skill, [m.recovered for m in e.open_misses]) for e in remembered] == [
        (1, "reflective_listening", [False]),
        (2, "reflective_listening", [True]),
    ]


async def test_many_mentors_of_one_batch_are_saved_together(database):
    running = await database(SERVICE)
    mentors = [UUID(int=n) for n in range(1, 200)]
    outcomes = await deliver(running, *(enrolled(mentor_id=m) for m in mentors))
    assert {o.kind for o in outcomes} == {"applied"}
    await deliver(running, *(enrolled(mentor_id=m, revision=2, link_epoch=2) for m in mentors))
    epochs = await running.pool.fetch("SELECT DISTINCT document ->> 'link_epoch' AS epoch FROM roster")
    assert [row["epoch"] for row in epochs] == ["2"]
    assert MENTOR in mentors


async def test_a_module_is_read_once_and_what_has_not_arrived_is_asked_for_again(database):
    running = await database(SERVICE)
    module = published()
    key = module.key()
    assert await store.find_modules(running.pool, [key]) == {}
    await deliver(running, module)
    assert await store.find_modules(running.pool, [key]) == {key: module}
    await running.pool.execute("DELETE FROM module")
    assert await store.find_modules(running.pool, [key, "another/en@1"]) == {key: module}
