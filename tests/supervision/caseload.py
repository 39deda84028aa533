"""Dana's caseload some months on: clearances in every state, talks of some weeks, and sessions that are over. For the browser."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from services.supervision.messages import ContactMade
from shared.contracts import ids
from shared.running import Running
from tests.supervision import builders
from tests.supervision.builders import DAY, SITE
from tests.supervision.console import FUNCTIONS, Afternoon, a_full_afternoon
from tests.supervision.test_ledger import a_training, function, signs

GOALS = "goal_setting_support"
TALKS = {
    "leah": (9, "call"), "rosa": (3, "in_person"), "marcus": (12, "call"), "devi": (27, "message"), "ines": (26, "call"),
    "samuel": (1, "call"), "grace": (20, "in_person"),
}  # fmt: skip
KNOWN = """UPDATE mentor_case SET history = jsonb_set(history, '{known_since}', '"2020-01-01T00:00:00Z"')"""
DANA = ids.supervisor(SITE, "dana")


async def a_caseload(running: Running) -> Afternoon:
    day = await a_full_afternoon(running)
    async with day.together():
        await _listed_again(day, "devi", "Devi Raman", {"school_motivation_talk": day.now + 20 * DAY})
        await _listed_again(day, "grace", "Grace Mbeki", {"virtual_mentoring": day.now - 9 * DAY})
        await _trained(day, "anton", function(GOALS).skills)
        await _trained(day, "leah", function(GOALS).skills)
        await _trained(day, "samuel", function("executive_function_coaching").skills[:2])
        await day.happens(signs(GOALS, mentor_id=ids.mentor(SITE, "leah"), by=DANA, request_id=uuid4()))
        await _sessions(day, "marcus")
        for reference, (ago, how) in TALKS.items():
            await _talked(day, reference, ago * DAY, how)
    async with running.connection() as conn:  # as if all had been listed when their matches began
        await conn.execute(KNOWN)
    return day


async def _listed_again(day: Afternoon, reference: str, name: str, changes: dict[str, datetime]) -> None:
    cleared = dict.fromkeys(FUNCTIONS, day.now + 100 * DAY) | changes
    await day.happens(builders.listed(
        reference=reference, name=name, supervisor_reference="dana", phone="555 555 0123", time_zone=day.zone, cleared=cleared,
    ))  # fmt: skip


async def _trained(day: Afternoon, reference: str, skills: tuple[str, ...]) -> None:
    for number, skill in enumerate(skills, 1):
        own = {"mentor_id": ids.mentor(SITE, reference), "session_id": uuid4(), "training_id": uuid4()}
        done = a_training(skill, number, day.now - (number * 6 + 2) * DAY)
        await day.happens(*(event.model_copy(update=own) for event in done))


async def _sessions(day: Afternoon, reference: str) -> None:
    """Three that took place, one that was canceled, and what was said after the last."""
    mentor_id = ids.mentor(SITE, reference)
    for number, status in enumerate(("planned", "cancelled", "held", "held"), 1):
        starts_at, session = day.now - number * 7 * DAY, UUID(int=900 + number)
        await day.happens(builders.planned(
            mentor_id=mentor_id, session_id=session, starts_at=starts_at, activity="goal_review",
            function="progress_accountability", status=status, time_zone=day.zone,
        ))  # fmt: skip
    await day.happens(builders.checked_in(
        mentor_id=mentor_id, session_id=UUID(int=901), starts_at=day.now - 7 * DAY, activity="goal_review",
        steps={"asked_about_the_step": "did", "named_what_worked": "partly", "reset_the_step": "did"}, confidence="somewhat",
    ))  # fmt: skip


async def _talked(day: Afternoon, reference: str, ago: timedelta, how: str) -> None:
    await day.happens(ContactMade.model_validate({
        "mentor_id": ids.mentor(SITE, reference), "site_id": SITE, "outcome": "talked", "talked_at": day.now - ago, "how": how,
        "by": DANA, "request_id": uuid4(),
    }))  # fmt: skip
