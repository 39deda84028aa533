"""The ledger's pages over HTTP, on a real database: what waits, signing off, revoking, taking back, and who may."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.supervision.app import SERVICE
from shared.contracts import ids
from shared.contracts.supervision import ClearanceChanged, MentorEnrolled
from tests.conftest import Database
from tests.driving import deliver, outgoing
from tests.supervision import builders
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon, an_afternoon, form, signed_in, words
from tests.supervision.test_ledger import TALK, a_training, function

Browser = httpx2.AsyncClient
MARCUS = ids.mentor(SITE, "marcus")
HREF = f"/clearances/{MARCUS}/{TALK}"
ALL = {"line": ["1", "2", "3", "4"]}


@pytest.fixture
async def day(database: Database) -> Afternoon:
    """Marcus is in Dana's caseload, Zoe in Omar's. Marcus has done the four trainings of one function."""
    day = await an_afternoon(await database(SERVICE))
    for reference, name, of in (("marcus", "Marcus Bell", "dana"), ("zoe", "Zoe Park", "omar")):
        await day.happens(builders.listed(
            reference=reference, name=name, supervisor_reference=of, time_zone=day.zone,
            cleared={"relationship_building": day.now + timedelta(days=200),
                     "safeguarding_first_response": day.now - timedelta(days=3)},
        ))  # fmt: skip
    for number, skill in enumerate(function(TALK).skills, 1):
        await day.happens(*a_training(skill, number, day.now - timedelta(days=number)))
    return day


@pytest.fixture
async def dana(day: Afternoon) -> AsyncIterator[Browser]:
    async with signed_in(day.running, "dana") as client:
        yield client


@pytest.fixture
async def priya(day: Afternoon) -> AsyncIterator[Browser]:
    async with signed_in(day.running, "priya") as client:
        yield client


async def send(browser: Browser, to: str, **fields: object) -> httpx2.Response:
    hidden = form((await browser.get(to)).text, to)
    return await browser.post(to, data=hidden | fields)


async def ledger(day: Afternoon) -> list[tuple[str, str, str | None]]:
    async with day.running.connection() as conn:
        rows = await conn.fetch(
            "SELECT e.state, e.why, p.name FROM clearance_entry e LEFT JOIN person p ON p.person_id = e.by_person "
            "WHERE mentor_id = $1 AND function = $2 ORDER BY id",
            MARCUS, TALK,
        )  # fmt: skip
    return [tuple(row) for row in rows]


async def test_the_ledger_says_first_what_waits_and_then_every_function(dana: Browser) -> None:
    page = (await dana.get("/clearances")).text
    said = words(page)
    assert "One waits for your sign-off and one ends soon or has ended." in said
    assert "Marcus Bell Motivating talks about school Needs your sign-off Training done. Sign off" in said
    assert "First response to worries about safety Marcus Bell Ended" in said
    assert "Ending the match Marcus Bell Not yet 1 of 3 trainings done" in said
    assert "Zoe" not in said


async def test_a_site_lead_sees_everybodys(priya: Browser) -> None:
    assert "Zoe Park" in words((await priya.get("/clearances")).text)


async def test_a_sign_off_asks_how_it_was_seen_and_for_each_line_and_says_who_did_it(day: Afternoon, dana: Browser) -> None:
    page = words((await dana.get(f"{HREF}/sign-off")).text)
    assert "Clear Marcus Bell for “motivating talks about school”?" in page
    assert "Training done yesterday." in page
    assert "Valid six months, until" in page
    assert "Sign off as Dana Ortiz" in page
    response = await send(dana, f"{HREF}/sign-off", **ALL)
    assert (response.status_code, response.headers["location"]) == (303, f"{HREF}#done")
    after = words((await dana.get(HREF)).text)
    assert "Signed off at" in after
    assert "Signed off by you: observed, all four lines of the checklist." in after
    assert "Needs your sign-off" not in after
    assert await ledger(day) == [("cleared", "signed_off", "Dana Ortiz")]
    told = await outgoing(day.running)
    assert [e.why for e in told if isinstance(e, ClearanceChanged)][-1] == "signed_off"
    roster = [e for e in told if isinstance(e, MentorEnrolled) and e.mentor_id == MARCUS][-1]
    assert {c.function: c.state for c in roster.clearances}[TALK] == "cleared"


@pytest.mark.parametrize(("fields", "error"), [
    ({"line": ["1", "2", "4"]}, "Tick each line that was there."),
    ({**ALL, "how": "talked_through"}, "Choose how you saw it"),
])  # fmt: skip
async def test_what_is_missing_on_the_form_is_said_and_the_rest_is_kept(
    day: Afternoon, dana: Browser, fields: dict[str, Any], error: str
) -> None:
    response = await send(dana, f"{HREF}/sign-off", **fields)
    assert response.status_code == 422
    assert error in words(response.text)
    assert response.text.count(" checked") == len(fields["line"])
    assert await ledger(day) == []


async def test_two_who_sign_off_at_once_leave_one_line_and_the_second_is_told_who_did(
    day: Afternoon, dana: Browser, priya: Browser
) -> None:
    forms = [form((await one.get(f"{HREF}/sign-off")).text, f"{HREF}/sign-off") for one in (dana, priya)]
    answers = await asyncio.gather(
        *(one.post(f"{HREF}/sign-off", data=hidden | ALL) for one, hidden in zip((dana, priya), forms, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert len(await ledger(day)) == 1
    second = words(next(answer for answer in answers if answer.status_code == 409).text)
    assert "Already signed off by" in second
    assert "Nothing to do." in second


async def test_the_same_form_sent_twice_signs_off_once(day: Afternoon, dana: Browser) -> None:
    data = form((await dana.get(f"{HREF}/sign-off")).text, f"{HREF}/sign-off") | ALL
    assert [(await dana.post(f"{HREF}/sign-off", data=data)).status_code for _ in range(2)] == [303, 303]
    assert len(await ledger(day)) == 1


async def test_a_sign_off_can_be_undone_and_then_needs_one_again(day: Afternoon, dana: Browser) -> None:
    await send(dana, f"{HREF}/sign-off", **ALL)
    undo = form((await dana.get(HREF)).text, f"{HREF}/undo")
    assert (await dana.post(f"{HREF}/undo", data=undo)).status_code == 303
    assert "Needs your sign-off" in words((await dana.get(HREF)).text)
    assert (await dana.post(f"{HREF}/undo", data=undo)).status_code == 303
    assert [why for _, why, _ in await ledger(day)] == ["signed_off", "undone"]


async def test_revoking_asks_why_and_the_history_keeps_all(day: Afternoon, dana: Browser, priya: Browser) -> None:
    await send(dana, f"{HREF}/sign-off", **ALL)
    nothing = await send(priya, f"{HREF}/revoke")
    assert nothing.status_code == 422
    assert "Choose why" in words(nothing.text)
    assert (await send(priya, f"{HREF}/revoke", reason="not_as_agreed")).status_code == 303
    page = words((await dana.get(HREF)).text)
    assert "Revoked by Priya Nair: it did not go as agreed." in page
    assert "Signed off by you" in page
    again = await dana.get(f"{HREF}/revoke")
    assert (again.status_code, "Already revoked by Priya Nair" in words(again.text)) == (409, True)
    assert await ledger(day) == [("cleared", "signed_off", "Dana Ortiz"), ("revoked", "revoked", "Priya Nair")]


async def test_nobody_signs_off_before_the_trainings_are_done_or_for_another_caseload(day: Afternoon, dana: Browser) -> None:
    early = await dana.get(f"/clearances/{MARCUS}/goal_setting_support/sign-off")
    assert early.status_code == 409
    assert "Not ready for a sign-off Trainings to come: “" in words(early.text)
    assert (await dana.get(f"/clearances/{ids.mentor(SITE, 'zoe')}/{TALK}")).status_code == 403
    assert (await dana.get(f"/clearances/{uuid4()}/{TALK}")).status_code == 404
    assert (await dana.get(f"/clearances/{MARCUS}/flying")).status_code == 404
    assert (await dana.get(f"/clearances/{MARCUS}/structured_skill_lesson")).status_code == 404
    token = form((await dana.get(HREF)).text, "/sign-out")["csrf"]
    posted = {"csrf": token, "request_id": str(uuid4()), "how": "observed"} | ALL
    assert (await dana.post(f"/clearances/{ids.mentor(SITE, 'zoe')}/{TALK}/sign-off", data=posted)).status_code == 403


async def test_a_hold_comes_first_and_leads_to_the_brief(day: Afternoon, dana: Browser) -> None:
    own = builders.of(9) | {"starts_at": day.now + builders.HOUR}
    await deliver(day.running, builders.answered(**own, skill="open_questions", answered_at=day.now, received_at=day.now))
    said = (await dana.get("/clearances")).text
    assert "Not yet A safety question was missed: talk about it first. Open brief" in words((await dana.get(HREF)).text)
    assert (await dana.get(f"{HREF}/sign-off")).status_code == 409
    assert "Needs your sign-off" not in words(said)
