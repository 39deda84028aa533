"""A correction on a real database: every training that asked the question is regraded once, and the page says so."""

from itertools import permutations
from uuid import UUID, uuid4

import pytest

from services.assessment.app import SERVICE
from services.assessment.messages import Answered, Started
from shared.contracts.assessment import AnswerRegraded, ItemAnswered, SkillRemembered
from shared.contracts.content import AssignedItem
from shared.messaging.sweep import apply_sweep
from tests.assessment import spanish
from tests.assessment.building import SAFETY, SINGLE, TRAINING, assigned, planned, published
from tests.assessment.correcting import REASON, correction
from tests.assessment.visiting import arrive, soon
from tests.driving import deliver, outgoing

HERE = f"/t/{TRAINING}"
MENDED = SINGLE.model_copy(update={"options": tuple(
    option.model_copy(update={"right": option.id == "a", "mistake": {"b": "topping", "c": "asks_instead"}.get(option.id),
                              "why": f"Now it is said why, of {option.id}."})
    for option in SINGLE.options
)})  # fmt: skip


def second_version(*items):
    return published(*(items or (MENDED, SAFETY))).model_copy(update={"version": 2})


def others(count):
    """Trainings of other mentors that ask the same."""
    ids = [(UUID(int=1000 + n), UUID(int=5000 + n), UUID(int=9000 + n)) for n in range(count)]
    return [assigned(SINGLE, training_id=one, session_id=two, mentor_id=three, **soon()) for one, two, three in ids]


async def answers(running, *chosen, training_id=TRAINING):
    """Started, and these options as the tries at the first question."""
    tries = [
        Answered(training_id=training_id, number=1, attempt=n, chosen=(option,), confidence="sure", request_id=uuid4())
        for n, option in enumerate(chosen, 1)
    ]
    outcomes = await deliver(running, Started(training_id=training_id), *tries)
    assert {o.kind for o in outcomes} == {"applied"}


async def step(running, limit=500):
    async with running.connection() as conn, conn.transaction():
        return (await apply_sweep(conn, "assessment", SERVICE.handlers, limit=limit)).rows_due


async def swept(running, limit=500):
    """Every sweep to its end, the last look too."""
    while await running.pool.execute("UPDATE sweep SET due_at = now()") != "UPDATE 0":
        while await step(running, limit):
            pass


async def regraded(running):
    return [event for event in await outgoing(running) if isinstance(event, AnswerRegraded)]


async def test_every_training_that_asked_the_question_is_regraded_once_in_steps(database):
    running = await database(SERVICE)
    await deliver(running, published(SINGLE), planned(), *others(25))
    for one in others(25):
        await answers(running, "a", "b", training_id=one.training_id)
    await deliver(running, correction())
    await swept(running, limit=10)
    told = await regraded(running)
    assert sorted(one.training_id for one in told) == [one.training_id for one in others(25)]
    assert {(one.correct_before, one.correct) for one in told} == {(False, True)}
    assert await running.pool.fetchval("SELECT count(*) FROM sweep") == 0


async def test_a_step_that_is_killed_before_its_commit_is_taken_again_and_applies_once(database):
    running = await database(SERVICE)
    await deliver(running, published(SINGLE), planned(), *others(3))
    for one in others(3):
        await answers(running, "a", training_id=one.training_id)
    await deliver(running, correction())
    with pytest.raises(RuntimeError, match="killed"):
        async with running.connection() as conn, conn.transaction():
            await apply_sweep(conn, "assessment", SERVICE.handlers)
            raise RuntimeError("killed before the commit")
    assert await regraded(running) == []
    await swept(running)
    assert len(await regraded(running)) == 3


async def test_the_same_correction_told_again_starts_nothing(database):
    running = await database(SERVICE)
    await deliver(running, published(SINGLE), planned(), *others(1))
    await answers(running, "a", training_id=others(1)[0].training_id)
    await deliver(running, correction())
    await swept(running)
    outcomes = await deliver(running, correction())
    assert [(o.kind, o.reason) for o in outcomes] == [("refused", "stale_revision")]
    assert await running.pool.fetchval("SELECT count(*) FROM sweep") == 0
    assert len(await regraded(running)) == 1


async def test_a_training_made_behind_the_cursor_is_taken_by_the_last_look(database):
    running = await database(SERVICE)
    early, late = others(2)
    await deliver(running, published(SINGLE), planned(), late)
    await deliver(running, correction())
    while await step(running):
        pass
    await running.pool.execute("DELETE FROM correction")  # as when the two transactions miss each other
    await deliver(running, early)
    await swept(running)
    versions = await running.pool.fetch("SELECT corrections -> 0 ->> 'corrected_version' AS version FROM training ORDER BY id")
    assert [row["version"] for row in versions] == ["2", "2"]


async def copied(running, training_id, first, number):
    """So many trainings like that one, under ids that follow each other."""
    rest = await running.pool.fetchval(
        "SELECT string_agg(column_name, ', ') FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = 'training' AND column_name <> 'id'"
    )
    await running.pool.execute(
        f"WITH made AS (INSERT INTO training (id, {rest}) SELECT lpad((n + $2::int)::text, 32, '0')::uuid, {rest} "
        "FROM training, generate_series(1, $3::int) n WHERE id = $1 RETURNING id, site_id) "
        "INSERT INTO asked SELECT a.module_id, a.version, m.id, m.site_id FROM made m, asked a WHERE a.training_id = $1",
        training_id, first, number,
    )  # fmt: skip


async def test_a_sweep_and_its_last_look_go_through_trainings_that_are_not_concerned_a_thousand_at_a_time(database):
    running = await database(SERVICE)
    first, last, other = (
        assigned(item, training_id=UUID(int=id), session_id=UUID(int=id), mentor_id=UUID(int=id), **soon())
        for item, id in ((SINGLE, 1), (SINGLE, 1 << 100), (SAFETY, 2))
    )
    await deliver(running, published(SINGLE, SAFETY), planned(), first, last, other)
    await copied(running, other.training_id, 1_000, 2_600)
    for one in (first, last):
        await answers(running, "a", training_id=one.training_id)
    await deliver(running, correction())
    steps = []
    while taken := await step(running):
        steps.append(taken)
    assert steps == [1, 1, 1]  # 1,000 rows each, of which the first and the last hold one that is regraded
    assert len(await regraded(running)) == 2
    await running.pool.execute("UPDATE sweep SET due_at = now()")
    assert [await step(running) for _ in range(4)] == [1, 1, 1, 0]
    assert len(await regraded(running)) == 2
    assert await running.pool.fetchval("SELECT count(*) FROM sweep") == 0


async def test_a_training_assigned_long_after_its_correction_asks_the_corrected_version(database):
    running = await database(SERVICE)
    times = soon()
    await deliver(running, published(SINGLE), planned(**times), correction())
    await swept(running)
    await deliver(running, second_version(MENDED), assigned(SINGLE, **times))
    await answers(running, "a")
    [answer] = [event for event in await outgoing(running) if isinstance(event, ItemAnswered)]
    assert (answer.version, answer.correct) == (2, True)


@pytest.mark.parametrize(("locale", "expected"), [("en", ["en"]), ("es", ["es"])])
async def test_a_correction_reaches_the_answers_in_its_own_language_only(database, locale, expected):
    running = await database(SERVICE)
    times = soon()
    english = assigned(SINGLE, **times)
    other = assigned(SINGLE, locale="es", training_id=UUID(int=77), session_id=UUID(int=78), **times)
    await deliver(running, published(SINGLE), spanish.published(), planned(**times), english, other)
    for training_id in (TRAINING, UUID(int=77)):
        await answers(running, "a", training_id=training_id)
    await deliver(running, correction(locale=locale))
    await swept(running)
    found = {TRAINING: "en", UUID(int=77): "es"}
    assert [found[one.training_id] for one in await regraded(running)] == expected


async def test_a_question_that_fell_back_to_english_is_corrected_with_the_english_one(database):
    running = await database(SERVICE)
    times = soon()
    item = AssignedItem(module_id="reflective_listening_1", version=1, item_id="q1", locale="en")
    await deliver(running, published(SINGLE), planned(**times), assigned(SINGLE, locale="es", items=(item,), **times))
    await answers(running, "a")
    await deliver(running, correction())
    await swept(running)
    assert [one.locale for one in await regraded(running)] == ["en"]


async def test_the_memory_of_the_skill_hears_of_it_with_a_higher_revision(database):
    running = await database(SERVICE)
    times = soon()
    await deliver(running, published(SINGLE), planned(**times), assigned(SINGLE, **times))
    await answers(running, "a", "b")
    await deliver(running, *[e for e in await outgoing(running) if isinstance(e, ItemAnswered)], correction())
    await swept(running)
    await deliver(running, *await regraded(running))
    remembered = [e for e in await outgoing(running) if isinstance(e, SkillRemembered)]
    assert [(e.revision, len(e.open_misses)) for e in remembered] == [(1, 1), (2, 1), (3, 0)]
    assert remembered[-1].stability > remembered[0].stability


async def test_any_order_of_arrival_ends_in_the_same_training(database):
    times = soon()
    facts = [published(SINGLE), second_version(MENDED), planned(**times), assigned(SINGLE, **times), correction()]
    running = await database(SERVICE)
    ends = set()
    for n, order in enumerate(permutations(facts)):
        own = {"training_id": UUID(int=10_000 + n), "session_id": UUID(int=20_000 + n)}
        module = f"module_{n}"
        for event in order:
            changes = {name: value for name, value in own.items() if name in type(event).model_fields}
            if hasattr(event, "items"):
                changes["items"] = tuple(item.model_copy(update={"module_id": module}) for item in event.items)
            if "module_id" in type(event).model_fields:
                changes["module_id"] = module
            await deliver(running, event.model_copy(update=changes))
        await running.pool.execute("UPDATE sweep SET due_at = now()")
        while await step(running):
            pass
        row = await running.pool.fetchrow("SELECT corrections, tries FROM training WHERE id = $1", own["training_id"])
        ends.add(str(dict(row)).replace(module, "MODULE"))
    assert len(ends) == 1
    assert "corrected_version" in ends.pop()


async def test_the_done_page_and_the_link_say_what_was_corrected(phone, link):
    await finished(phone, link, "a", "b")
    await deliver(phone.running, second_version(MENDED), correction())
    await swept(phone.running)
    said = f"We corrected question 1 Your answer now counts as right. What changed: {REASON} Sorry about that."
    for path in (f"{HERE}/done", f"/t/{link()}", f"{HERE}/questions/1"):
        assert said in await phone.open(path)
    assert (phone.heading, "Now it is said why, of a." in phone.words) == ("That works", True)


async def test_an_answer_that_is_wrong_after_all_is_shown_with_the_corrected_reasons_and_without_blame(phone, link):
    await finished(phone, link, "b")
    await deliver(phone.running, second_version(MENDED), correction())
    await swept(phone.running)
    assert "Your answer does not count as right any more." in await phone.open(f"{HERE}/done")
    assert "the mistake was ours" in await phone.open(f"{HERE}/questions/1")
    assert phone.heading == "Here is what works"


async def test_corrected_reasons_are_said_without_a_change_of_the_answer(phone, link):
    await finished(phone, link, "b")
    await deliver(phone.running, second_version(), correction("b", key_changed=False))
    await swept(phone.running)
    assert "Your answer counts as before." in await phone.open(f"{HERE}/done")


async def test_a_question_corrected_before_it_was_answered_is_asked_without_a_word_about_it(phone, link):
    await arrive(phone.running, SINGLE)
    await deliver(phone.running, correction())
    await swept(phone.running)
    await phone.open(f"/t/{link()}")
    assert phone.heading == "Your training is being prepared."
    await deliver(phone.running, second_version(MENDED))
    await phone.open(f"/t/{link()}")
    await phone.press("/start")
    await phone.open(f"{HERE}/questions/1")
    await phone.press("/questions/1", option="a", confidence="sure")
    assert ("corrected" in phone.words, phone.heading) == (False, "That works")


async def test_in_spanish_all_of_it_is_spanish(phone, link):
    await spanish.arrive(phone.running, spanish.SINGLE)
    await begun_and_answered(phone, link, "a", "b")
    mended = spanish.published(spanish.SINGLE).model_copy(update={"version": 2})
    await deliver(phone.running, mended, correction(locale="es", reason="La primera respuesta devuelve lo que se oyó."))
    await swept(phone.running)
    assert "Corregimos la pregunta 1 Tu respuesta ahora cuenta como correcta. Qué cambió: La primera" in await phone.open(
        f"{HERE}/done"
    )


async def finished(phone, link, *chosen):
    await arrive(phone.running, SINGLE)
    await begun_and_answered(phone, link, *chosen)


async def begun_and_answered(phone, link, *chosen):
    await phone.open(f"/t/{link()}")
    await phone.press("/start")
    await phone.open(f"{HERE}/questions/1")
    await phone.press("/questions/1", option=chosen[0], confidence="sure")
    if len(chosen) == 2:
        await phone.press("/retry", option=chosen[1])
    assert (await phone.open(f"{HERE}/done")) and phone.status == 200
