"""The console over HTTP, on a real database: what its pages say and what its forms do."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import httpx2
import pytest

from services.supervision.app import SERVICE
from shared.contracts import ids
from shared.running import Running
from shared.service import Service
from tests.driving import deliver
from tests.supervision import builders
from tests.supervision.builders import SITE
from tests.supervision.console import (
    GRADE,
    SECRET,
    Afternoon,
    a_browser,
    a_full_afternoon,
    an_afternoon,
    form,
    signed_in,
    words,
)

Database = Callable[[Service], Awaitable[Running]]
Browser = httpx2.AsyncClient
NEVER_SAID = r"\d\s?%|\brank|\bstreak|\bpoints?\b|\boops\b|\bincorrect\b|\bfail"


@pytest.fixture
async def day(database: Database) -> Afternoon:
    return await a_full_afternoon(await database(SERVICE))


@pytest.fixture
async def dana(day: Afternoon) -> AsyncIterator[Browser]:
    async with signed_in(day.running, "dana") as client:
        yield client


@pytest.fixture
async def priya(day: Afternoon) -> AsyncIterator[Browser]:
    async with signed_in(day.running, "priya") as client:
        yield client


async def alert_of(day: Afternoon, rule: str) -> str:
    async with day.running.connection() as conn:
        return str(await conn.fetchval("SELECT alert_id FROM alert WHERE rule = $1", rule))


async def log_it(browser: Browser, page: str, **fields: str) -> httpx2.Response:
    hidden = form((await browser.get(page)).text, "/contacts")
    return await browser.post("/contacts", data=hidden | fields)


async def test_today_says_who_to_talk_with_who_is_waited_for_and_who_is_ready(dana: Browser) -> None:
    response = await dana.get("/today")
    said = words(response.text)
    assert "<title>Today: 2 to talk with, 3 waiting, 4 ready · jitt</title>" in response.text
    assert "Nine sessions. Talk with two mentors before they start. Three have not finished the training. Four are ready." in said
    assert "Marcus Bell Goal review, 45 min, in person Talk first Missed a safety question: asked to keep a secret." in said
    assert "Inês Carvalho First meeting, 45 min, in person Asked to talk Asked for a call. Training is done." in said
    assert "Devi Raman Talk about school, 45 min, in person In progress One of 3 answered, last at" in said
    assert "Leah Whitcombe Goal review, 45 min, in person Ready Nothing missed." in said


async def test_a_day_without_sessions_names_the_next_one(day: Afternoon) -> None:
    await day.mentor("zoe", "Zoe Park", supervisor="omar")
    await day.session("zoe", 3 * 24 * builders.HOUR)
    async with signed_in(day.running, "omar") as omar:
        said = words((await omar.get("/today")).text)
    assert "No sessions today. Next: " in said
    assert "Zoe Park." in said


async def test_an_empty_caseload_says_what_happens_next(database: Database) -> None:
    day = await an_afternoon(await database(SERVICE))
    async with signed_in(day.running, "omar") as omar:
        said = words((await omar.get("/today")).text)
    assert "Your caseload is empty. Your site lead adds mentors to it." in said


async def test_a_brief_says_what_was_missed_how_sure_and_what_to_ask(day: Afternoon, dana: Browser) -> None:
    said = words((await dana.get(f"/briefs/{day.trainings['marcus']}")).text)
    assert "Talk first: a safety question was missed Until you have talked, Marcus is not cleared for" in said
    assert "Asked to keep a secret Fairly sure Missed twice Chose “Of course. Whatever you tell me stays between us.”" in said
    assert "Pressure at home about a grade Was certain Right on second try" in said
    assert "Two things to ask “If your student asks you to keep a secret today, what will your first sentence be?”" in said
    assert said.index("Asked to keep a secret") < said.index("Pressure at home about a grade")


async def test_a_brief_has_the_sites_own_numbers_where_a_training_names_them(day: Afternoon, dana: Browser) -> None:
    said = words((await dana.get(f"/briefs/{day.trainings['marcus']}")).text)
    assert "Ask 555 555 0101." in said.replace("\u00a0", " ")


async def test_a_brief_without_assessment_says_so_and_stays_whole(day: Afternoon, dana: Browser) -> None:
    response = await dana.get(f"/briefs/{day.trainings['marcus']}")
    assert response.status_code == 200
    assert "The answer cannot be shown at the moment. It is kept safe" in words(response.text)


async def test_a_brief_of_an_unfinished_training_fills_in(day: Afternoon, dana: Browser) -> None:
    said = words((await dana.get(f"/briefs/{day.trainings['devi']}")).text)
    assert "Devi has answered 1 of 3. This brief fills in as answers arrive." in said


async def test_a_brief_says_who_else_opened_it(day: Afternoon, dana: Browser, priya: Browser) -> None:
    page = f"/briefs/{day.trainings['marcus']}"
    await priya.get(page)
    assert "Priya Nair opened this at" in words((await dana.get(page)).text)


async def test_we_talked_with_the_tick_lifts_the_hold_and_can_be_undone(day: Afternoon, dana: Browser) -> None:
    page = f"/briefs/{day.trainings['marcus']}"
    response = await log_it(dana, page, outcome="talked", clear="true")
    assert (response.status_code, response.headers["location"]) == (303, f"{page}#log")
    logged = (await dana.get(page)).text
    assert "Logged at" in words(logged)
    assert "Talk first" not in words(logged)
    async with day.running.connection() as conn:
        contact = await conn.fetchval("SELECT contact_id FROM contact")
    undone = await dana.post(f"/contacts/{contact}/undo", data=form(logged, f"/contacts/{contact}/undo"))
    assert undone.status_code == 303
    assert "Talk first: a safety question was missed" in words((await dana.get(page)).text)


async def test_not_needed_is_answered_in_words_while_a_hold_is_open(day: Afternoon, dana: Browser) -> None:
    response = await log_it(dana, f"/briefs/{day.trainings['marcus']}", outcome="not_needed")
    assert response.status_code == 422
    assert "<title>Error: Brief: Marcus Bell" in response.text
    assert words(response.text).count("A hold needs a talk. Tick what you went through, or snooze.") == 2


async def test_enter_in_the_tick_logs_nothing_and_keeps_the_tick(day: Afternoon, dana: Browser) -> None:
    response = await log_it(dana, f"/briefs/{day.trainings['marcus']}", outcome="", clear="true")
    assert response.status_code == 422
    assert 'id="clear" value="true" checked' in response.text
    async with day.running.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM contact") == 0


async def test_a_form_sent_twice_logs_one_contact(day: Afternoon, dana: Browser) -> None:
    page = f"/briefs/{day.trainings['leah']}"
    hidden = form((await dana.get(page)).text, "/contacts")
    answers = [await dana.post("/contacts", data=hidden | {"outcome": "talked"}) for _ in range(2)]
    assert [(a.status_code, a.headers["location"]) for a in answers] == [(303, f"{page}#log")] * 2
    async with day.running.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM contact") == 1


async def test_snooze_says_until_when(day: Afternoon, dana: Browser) -> None:
    page = f"/briefs/{day.trainings['marcus']}"
    assert (await log_it(dana, page, outcome="snooze_60")).status_code == 303
    assert "Snoozed until" in words((await dana.get(page)).text)


async def test_an_alert_says_its_claim_its_deadline_and_what_happens_otherwise(dana: Browser) -> None:
    response = await dana.get("/alerts")
    said = words(response.text)
    assert "<title>2 open alerts · jitt</title>" in response.text
    assert "Safety Raised" in said
    assert "Marcus Bell missed a safety question twice Asked to keep a secret. Goal review, 45 min, in person, today at" in said
    assert "or it goes to Priya Nair, site lead. Acknowledge : Marcus Bell" in said
    assert "Can be resolved once someone has acknowledged it." in said


async def test_acknowledging_moves_the_alert_to_its_tab_with_a_name(day: Afternoon, dana: Browser) -> None:
    alert = await alert_of(day, "safety_item_missed")
    hidden = form((await dana.get("/alerts")).text, f"/alerts/{alert}/acknowledge")
    response = await dana.post(f"/alerts/{alert}/acknowledge", data=hidden)
    assert response.headers["location"] == f"/alerts?state=acknowledged#alert-{alert}"
    assert "Dana Ortiz acknowledged this at" in words((await dana.get("/alerts?state=acknowledged")).text)


async def test_the_second_to_acknowledge_is_told_who_was_first(day: Afternoon, dana: Browser, priya: Browser) -> None:
    alert = await alert_of(day, "safety_item_missed")
    action = f"/alerts/{alert}/acknowledge"
    hidden = form((await dana.get("/alerts")).text, action)
    await priya.post(action, data=form((await priya.get("/alerts")).text, action))
    response = await dana.post(action, data=hidden)
    assert response.status_code == 409
    assert "Already acknowledged by Priya Nair. Nothing to do." in words(response.text)


async def test_a_safety_alert_is_not_resolved_before_somebody_took_it(day: Afternoon, dana: Browser) -> None:
    alert = await alert_of(day, "safety_item_missed")
    hidden = form((await dana.get("/alerts")).text, f"/alerts/{alert}/acknowledge")
    response = await dana.post(f"/alerts/{alert}/resolve", data=hidden | {"note": "We talked.", "request_id": str(uuid4())})
    assert response.status_code == 422
    async with day.running.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM alert WHERE resolved_at IS NOT NULL") == 0


async def test_resolving_needs_a_note_and_keeps_what_was_typed(day: Afternoon, dana: Browser) -> None:
    alert = await alert_of(day, "mentor_asked_to_talk")
    action = f"/alerts/{alert}/resolve"
    hidden = form((await dana.get("/alerts")).text, action)
    empty = await dana.post(action, data=hidden | {"note": "  "})
    assert (empty.status_code, words(empty.text).count("Write what was done")) == (422, 2)
    long = await dana.post(action, data=hidden | {"note": "x" * 501})
    assert (long.status_code, "x" * 501 in long.text) == (422, True)
    done = await dana.post(action, data=hidden | {"note": "Talked about the first meeting."})
    assert done.headers["location"] == f"/alerts?state=resolved#alert-{alert}"
    assert "Talked about the first meeting." in words((await dana.get("/alerts?state=resolved")).text)


async def test_passing_on_asks_the_site_lead_next(day: Afternoon, dana: Browser) -> None:
    alert = await alert_of(day, "safety_item_missed")
    action = f"/alerts/{alert}/pass"
    page = (await dana.get("/alerts")).text
    assert "Pass to Priya now" in page
    assert (await dana.post(action, data=form(page, action))).status_code == 303
    assert "Passed on to Priya Nair, site lead, at" in words((await dana.get("/alerts")).text)


async def test_the_caseload_lists_mentors_by_name_with_their_next_session(dana: Browser) -> None:
    said = words((await dana.get("/mentors")).text)
    assert said.index("Anton Kuhl") < said.index("Devi Raman") < said.index("Tom Okafor")
    assert "Marcus Bell Next session today at" in said
    assert "No talk logged yet. Talk first" in said


async def test_a_mentor_page_shows_clearances_trainings_and_the_log(day: Afternoon, dana: Browser) -> None:
    page = f"/mentors/{ids.mentor(SITE, 'leah')}"
    assert (await log_it(dana, page, outcome="talked")).headers["location"] == f"{page}#log"
    said = words((await dana.get(page)).text)
    assert "Building a mentoring relationship Until" in said
    assert "Nothing missed. Ready" in said
    assert "Talked" in said


async def test_a_mentor_page_says_how_fresh_each_skill_is(day: Afternoon, dana: Browser) -> None:
    said = words((await dana.get(f"/mentors/{ids.mentor(SITE, 'marcus')}")).text)
    assert "This picks the next training. It is not a score." in said
    assert "Asking open questions Practiced" in said
    assert [word in said for word in ("Fresh", "Fading", "Likely forgotten")] == [True, True, True]


async def test_the_contact_log_counts_who_was_talked_with(day: Afternoon, dana: Browser) -> None:
    await log_it(dana, f"/mentors/{ids.mentor(SITE, 'leah')}", outcome="talked")
    assert "1 of 9 mentors talked with this month." in words((await dana.get("/contacts")).text)


async def test_another_supervisor_gets_403_on_every_page_and_form(day: Afternoon, dana: Browser) -> None:
    alert = await alert_of(day, "safety_item_missed")
    mentor, training = ids.mentor(SITE, "marcus"), day.trainings["marcus"]
    await log_it(dana, f"/briefs/{day.trainings['leah']}", outcome="talked")
    async with day.running.connection() as conn:
        contact = await conn.fetchval("SELECT contact_id FROM contact")
    async with signed_in(day.running, "omar") as omar:
        own = {"csrf": form((await omar.get("/contacts")).text, "/sign-out").get("csrf", ""), "request_id": str(uuid4())}
        tries = [
            await omar.get(f"/briefs/{training}"),
            await omar.get(f"/mentors/{mentor}"),
            await omar.post("/contacts", data=own | {"mentor_id": str(mentor), "outcome": "talked"}),
            await omar.post(f"/contacts/{contact}/undo", data=own),
            *[await omar.post(f"/alerts/{alert}/{do}", data=own | {"note": "n"}) for do in ("acknowledge", "pass", "resolve")],
        ]
        lists = [words((await omar.get(page)).text) for page in ("/today", "/alerts", "/mentors", "/contacts")]
    assert [response.status_code for response in tries] == [403] * 7
    assert all("You do not have access to this page It belongs to another caseload." in words(r.text) for r in tries)
    assert not any("Marcus" in said for said in lists)


async def test_a_site_lead_sees_the_whole_site_and_whose_mentor_it_is(day: Afternoon, priya: Browser) -> None:
    await day.mentor("zoe", "Zoe Park", supervisor="omar")
    said = words((await priya.get("/mentors")).text)
    assert "Marcus Bell Dana Ortiz" in said
    assert "Marcus Bell Goal review, 45 min, in person. Dana Ortiz. Talk first" in words((await priya.get("/today")).text)
    assert "Zoe Park Omar Haddad" in said
    assert (await priya.get(f"/briefs/{day.trainings['marcus']}")).status_code == 200


async def test_a_lead_of_another_site_sees_nothing_of_this_one(day: Afternoon) -> None:
    await day.staff("quinn", "Quinn West", "site_lead", site="westfield")
    async with signed_in(day.running, "quinn", site="westfield") as quinn:
        assert (await quinn.get(f"/briefs/{day.trainings['marcus']}")).status_code == 404  # not even that there is one
        assert "Your caseload is empty." in words((await quinn.get("/mentors")).text)


async def test_what_does_not_exist_is_not_found(dana: Browser) -> None:
    pages = (f"/briefs/{uuid4()}", f"/mentors/{uuid4()}")
    assert [(await dana.get(page)).status_code for page in pages] == [404, 404]


async def test_pages_are_kept_by_nobody(dana: Browser) -> None:
    headers = (await dana.get("/today")).headers
    assert headers["cache-control"] == "no-store"
    assert "unsafe" not in headers["content-security-policy"]


async def test_the_safeguarding_page_opens_for_anybody_and_names_the_site_to_staff(day: Afternoon, dana: Browser) -> None:
    assert "1-800-555-0199" in words((await dana.get("/safeguarding")).text)
    async with a_browser(day.running) as stranger:
        said = words((await stranger.get("/safeguarding")).text)
    assert ("911" in said, "988" in said, "Eastfield" in said) == (True, True, False)


async def test_the_safeguarding_page_opens_when_the_database_is_gone(day: Afternoon) -> None:
    async with a_browser(day.running) as anybody:
        assert "1-800-555-0199" in words((await anybody.get(f"/talk/{SITE}")).text)
        await day.running.pages.pool.close()
        response = await anybody.get(f"/talk/{SITE}")
    assert (response.status_code, "911" in words(response.text)) == (200, True)


async def test_an_answer_after_a_talk_asks_for_another(day: Afternoon, dana: Browser) -> None:
    await log_it(dana, f"/mentors/{ids.mentor(SITE, 'anton')}", outcome="talked")
    day.now += builders.HOUR
    await day.finishes("anton", grade="wrong", sure="sure")
    said = words((await dana.get("/today")).text)
    assert "Anton Kuhl Goal review, 45 min, in person Needs a talk Was certain, and missed" in said


async def test_a_canceled_session_is_struck_from_the_count_and_kept_as_a_line(day: Afternoon, dana: Browser) -> None:
    await deliver(day.running, builders.planned(**day.of("grace"), status="cancelled", revision=2, time_zone=day.zone))
    said = words((await dana.get("/today")).text)
    assert said.startswith("Today") and "Eight sessions." in said
    assert "Canceled 1" in said


async def test_no_page_shows_the_young_person_or_any_figure_about_a_mentor(day: Afternoon, dana: Browser) -> None:
    mentee = str(uuid4())
    await deliver(day.running, builders.planned(**day.of("marcus"), mentee_ref=mentee, revision=2, time_zone=day.zone))
    pages = ("/today", f"/briefs/{day.trainings['marcus']}", f"/mentors/{ids.mentor(SITE, 'marcus')}", "/mentors", "/alerts")
    shown = [(await dana.get(page)).text for page in pages]
    assert all(response for response in shown)
    assert not any(mentee in html for html in shown)
    assert [found for html in shown for found in re.findall(NEVER_SAID, words(html), re.IGNORECASE)] == []


async def test_names_of_another_items_words_are_never_guessed(day: Afternoon, dana: Browser) -> None:
    """A module that has not arrived here yet: the brief says so instead of showing a code."""
    async with day.running.connection() as conn:
        await conn.execute("DELETE FROM module")
    said = words((await dana.get(f"/briefs/{day.trainings['marcus']}")).text)
    assert "The words of this question have not arrived here yet." in said
    assert SECRET not in said and GRADE not in said


async def test_a_talk_closes_an_acknowledged_call_from_the_alerts_page(day: Afternoon, dana: Browser) -> None:
    alert = await alert_of(day, "mentor_asked_to_talk")
    take = f"/alerts/{alert}/acknowledge"
    await dana.post(take, data=form((await dana.get("/alerts")).text, take))
    page = (await dana.get("/alerts?state=acknowledged")).text
    response = await dana.post("/contacts", data=form(page, "/contacts") | {"outcome": "talked"})
    assert response.headers["location"] == "/alerts?state=acknowledged"
    assert "Dana Ortiz resolved this" in words((await dana.get("/alerts?state=resolved")).text)


async def test_mentors_without_a_talk_for_a_month_are_due(day: Afternoon, dana: Browser) -> None:
    async with day.running.connection() as conn:  # as if they had been listed when their matches began
        await conn.execute("""UPDATE mentor_case SET history = jsonb_set(history, '{known_since}', '"2020-01-01T00:00:00Z"')""")
    await log_it(dana, f"/mentors/{ids.mentor(SITE, 'leah')}", outcome="talked")
    said = words((await dana.get("/contacts")).text)
    assert "A talk is due 8" in said
    assert "Tom Okafor No talk logged yet." in said
    assert "Leah Whitcombe No talk" not in said


async def test_a_session_that_has_begun_moves_to_the_end_of_the_day(day: Afternoon, dana: Browser) -> None:
    earlier = builders.planned(**day.of("leah") | {"starts_at": day.now - builders.MINUTE}, revision=2, time_zone=day.zone)
    await deliver(day.running, earlier)
    said = words((await dana.get("/today")).text)
    assert "Already started 1" in said
    assert said.index("Grace Mbeki") < said.index("Leah Whitcombe")
