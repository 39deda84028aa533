"""What a supervisor sees of a corrected question: in the brief, among the alerts, and in the tables behind them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx2
import pytest

from services.supervision.app import SERVICE
from shared.contracts import ids
from shared.contracts.assessment import ItemAnswered
from shared.contracts.content import ItemCorrected
from shared.contracts.supervision import MentorEnrolled
from shared.running import Running
from shared.service import Service
from tests.driving import outgoing
from tests.supervision import builders
from tests.supervision.builders import HOUR, MINUTE, SITE
from tests.supervision.console import GRADE, MODULE, SECRET, Afternoon, an_afternoon, signed_in, the_module, words

Database = Callable[[Service], Awaitable[Running]]
REASON = "The second answer was right as well: nobody was in danger."


@pytest.fixture
async def day(database: Database) -> Afternoon:
    """Marcus missed the safety question and was certain; the session is in two hours."""
    day = await an_afternoon(await database(SERVICE))
    await day.mentor("marcus", "Marcus Bell")
    await day.session("marcus", 2 * HOUR)
    await day.opens("marcus")
    await day.answers("marcus", SECRET, "wrong", "sure")
    await day.answers("marcus", GRADE, "right")
    await day.completes("marcus")
    return day


@pytest.fixture
async def dana(day: Afternoon) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(day.running, "dana") as client:
        yield client


def answer(day: Afternoon, item: str, *, correct: bool) -> ItemAnswered:
    at = day.now - 9 * MINUTE
    return builders.answered(
        **day.of_training("marcus"), module_id=MODULE, item_id=item, skill="confidentiality_limits", correct=correct,
        chosen=("a",) if correct else ("b",), safety_critical=item == SECRET, answered_at=at, received_at=at,
        mistakes=() if correct else ("promises_secrecy",),
    )  # fmt: skip


async def corrected(day: Afternoon, item: str, right: str, *, was_correct: bool, at: datetime | None = None) -> None:
    """Content's new version and word of it, and assessment's word on the answer."""
    module = the_module().module
    options = {one.id: one.model_copy(update={"right": one.id == right, "why": f"Now it says why, of {one.id}."})
               for each in module.items if each.id == item for one in each.options}  # fmt: skip
    items = tuple(
        each.model_copy(update={"options": tuple(options.values())}) if each.id == item else each for each in module.items
    )
    now = at or day.now
    told = ItemCorrected(
        module_id=MODULE, locale="en", version=1, corrected_version=2, item_id=item, skill="confidentiality_limits",
        kind="single", safety_critical=item == SECRET, right=(right,), key_changed=True, reason=REASON, corrected_at=now,
    )  # fmt: skip
    new = the_module().model_copy(update={"version": 2, "module": module.model_copy(update={"items": items})})
    before = answer(day, item, correct=was_correct)
    await day.happens(told, new, builders.regraded(before, reason=REASON, corrected_at=now, regraded_at=now))


async def brief(day: Afternoon, dana: httpx2.AsyncClient) -> str:
    return words((await dana.get(f"/briefs/{day.trainings['marcus']}")).text)


async def test_a_brief_says_that_a_miss_no_longer_counts_and_the_hold_is_gone(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    assert "Talk first" in await brief(day, dana)
    await corrected(day, SECRET, "b", was_correct=False)
    page = await brief(day, dana)
    assert "Talk first" not in page
    said = "Asked to keep a secret Question corrected today; this miss no longer counts."
    assert f"{said} What changed: {REASON}" in page
    assert "Nothing missed." in page


async def test_a_brief_says_that_an_answer_counted_as_right_before(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    await corrected(day, GRADE, "b", was_correct=True)
    page = await brief(day, dana)
    assert "Question corrected today; this answer counted as right before." in page
    assert "Now it says why, of a." in page


async def test_the_alert_is_closed_with_its_reason_and_a_line_for_monday_says_why(
    day: Afternoon, dana: httpx2.AsyncClient
) -> None:
    await corrected(day, SECRET, "b", was_correct=False)
    resolved = words((await dana.get("/alerts?state=resolved")).text)
    assert "It closed by itself: a question was wrong and has been corrected." in resolved
    alerts = words((await dana.get("/alerts")).text)
    assert "Marcus Bell’s hold is lifted: a question was wrong, and is corrected" in alerts
    today = words((await dana.get("/today")).text)
    assert "missed a safety question" not in today


async def test_a_brief_shows_the_corrected_reasons_of_what_is_still_a_miss(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    """Only the reasons were wrong: no answer is regraded."""
    module = the_module().module
    items = tuple(
        each.model_copy(update={"options": tuple(o.model_copy(update={"why": "A better reason."}) for o in each.options)})
        for each in module.items
    )
    told = ItemCorrected(
        module_id=MODULE, locale="en", version=1, corrected_version=2, item_id=SECRET, skill="confidentiality_limits",
        kind="single", safety_critical=True, right=("a",), key_changed=False, reason=REASON, corrected_at=day.now,
    )  # fmt: skip
    await day.happens(told)
    assert "That promise cannot be kept" in await brief(day, dana)  # the corrected version has not arrived
    await day.happens(the_module().model_copy(update={"version": 2, "module": module.model_copy(update={"items": items})}))
    page = await brief(day, dana)
    assert ("A better reason." in page, "That promise cannot be kept" in page) == (True, False)


async def test_an_answer_given_in_the_corrected_version_finds_its_words(day: Afternoon, dana: httpx2.AsyncClient) -> None:
    async with day.running.connection() as conn:
        await conn.execute("UPDATE answer SET version = 2 WHERE item_id = $1", SECRET)
    assert "Asked to keep a secret" in await brief(day, dana)


async def test_the_tables_keep_what_was_there_before(day: Afternoon) -> None:
    await corrected(day, SECRET, "b", was_correct=False)
    kept = await row(day, "SELECT correct_before, correct, reason, mistakes FROM answer WHERE item_id = 'q1'")
    assert kept == {"correct_before": False, "correct": True, "reason": REASON, "mistakes": []}
    held = await row(day, "SELECT cleared_at = corrected_at AS both, cleared_by FROM hold")
    assert held == {"both": True, "cleared_by": None}
    entry = await row(day, "SELECT state, why, evidence FROM clearance_entry ORDER BY id DESC LIMIT 1")
    assert entry == {"state": "cleared", "why": "answer_corrected", "evidence": f"{MODULE}/{SECRET}"}
    roster = [event for event in await outgoing(day.running) if isinstance(event, MentorEnrolled)][-1]
    assert {one.state for one in roster.clearances} == {"cleared"}


async def test_a_talk_about_the_session_makes_a_changed_result_worth_telling(day: Afternoon) -> None:
    """Read from the contacts' table, since a case forgets them; a contact that was undone is none."""
    mentor, session = ids.mentor(SITE, "marcus"), day.sessions["marcus"]
    talk = builders.contact(mentor_id=mentor, session_id=session, clear=True)
    await day.happens(talk)
    await corrected(day, GRADE, "b", was_correct=True)
    assert await rules(day) == ["answer_key_corrected"]


async def test_nothing_is_told_of_a_result_that_nobody_talked_about(day: Afternoon) -> None:
    await corrected(day, GRADE, "b", was_correct=True)
    assert await rules(day) == ["confident_miss_on_safety_item"]


async def rules(day: Afternoon) -> list[str]:
    async with day.running.connection() as conn:
        return [r["rule"] for r in await conn.fetch("SELECT rule FROM alert WHERE resolved_at IS NULL ORDER BY rule")]


async def row(day: Afternoon, statement: str) -> dict[str, Any]:
    async with day.running.connection() as conn:
        return dict(await conn.fetchrow(statement))
