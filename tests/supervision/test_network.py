"""The network's page: what is left out cannot be worked out from the rest, and nobody is named."""

import csv
import io
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from services.supervision import contacts_gauge, network
from services.supervision.http_sign_in import mint_platform_sign_in
from services.supervision.network import FEWEST, LEFT_OUT, Cell, Count
from shared.contracts.vocabulary import vocabulary
from shared.running import Running
from shared.security import FIGURES
from tests.supervision.console import MODULE, a_browser, an_afternoon, path_of, words

MONTH = network.Month(2026, 10)
COUNTS = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.integers(0, 40), min_size=1, max_size=9)


def page(counts: dict[str, int], many: int = 0) -> network.Network:
    found = {measure.name: {site: Count(many or of // 2, of) for site, of in counts.items()} for measure in network.MEASURES}
    return network.network({site: site.title() for site in counts}, MONTH, {MONTH: found})


@given(COUNTS)
def test_nothing_under_ten_is_shown(counts: dict[str, int]) -> None:
    made = page(counts)
    shown = (*(row.cells for row in (*made.rows, *made.months)), made.total)
    assert all(cell.of is None or cell.of >= FEWEST for row in shown for cell in row)
    assert all((cell.of is None) == (cell.figure is None) for row in made.rows for cell in row.cells)


@given(COUNTS)
def test_what_is_left_out_could_each_be_something_else(counts: dict[str, int]) -> None:
    """Whoever knows the sum and all that is shown is left with several answers for each count that is not."""
    out = network.hidden(counts)
    total = sum(counts.values())
    assert {name for name, count in counts.items() if count < FEWEST} <= out
    if total < FEWEST:
        return
    rest = total - sum(count for name, count in counts.items() if name not in out)
    assert not out or (len(out) > 1 and rest >= FEWEST)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.lists(st.integers(10, 40), max_size=3))
@example([9, 9], [])
@example([9, 9], [12])
def test_a_small_one_could_be_any_small_number(small: list[int], others: list[int]) -> None:
    """Also for who knows that all that is left out is small: two sites that have 18 together would have 9 each."""
    counts = {str(n): count for n, count in enumerate([*small, *others])}
    out, made = network.hidden(counts), page(counts)
    told = network.sum_of({name: Count(0, count) for name, count in counts.items()}).of
    assert all(cell.of in (None, told) for cell in (*made.total, *made.months[0].cells))
    if told < FEWEST or any(counts[name] >= FEWEST for name in out):
        return  # the sum is not shown, or nothing more is known of that one
    rest, beside = sum(small), len(small) - 1
    assert all(0 <= rest - could <= (FEWEST - 1) * beside for could in range(FEWEST))


@given(COUNTS)
def test_what_is_left_out_beside_a_small_one_does_not_depend_on_sizes(counts: dict[str, int]) -> None:
    """Were it the smallest that is shown, its size could be told from the choice."""
    out = network.hidden(counts)
    larger = {name: count if count < FEWEST else count + 100 for name, count in counts.items()}
    assert network.hidden(larger) <= out


def test_a_page_that_leaves_out_only_what_is_small_would_tell_it() -> None:
    """The broken twin: the total minus the rest."""
    counts = {"east": 40, "west": 3}
    assert sum(counts.values()) - counts["east"] == counts["west"]
    assert network.hidden(counts) == {"east", "west"}


def test_sites_stand_in_the_order_of_the_alphabet_and_the_total_is_of_all() -> None:
    made = page({"zoe": 30, "Amber": 12, "mill": 20})
    assert [row.name for row in made.rows] == ["Amber", "Mill", "Zoe"]
    assert made.total[0] == Cell("50 in 100", 62)
    assert made.sentences[0] == "Mentors and supervisors talked before 50 in 100 sessions that needed it"


def test_the_file_says_the_same_and_that_some_is_left_out() -> None:
    lines = network.csv_rows(page({"east": 40, "west": 3, "mill": 30}))
    assert "fewer than 10" in lines[0][0]
    sites = lines[2 : lines.index([])]
    told = {line[0]: line[1:3] for line in sites}
    assert told["West"] == [LEFT_OUT, LEFT_OUT]
    assert told["All sites"] == [page({"east": 40, "west": 3, "mill": 30}).total[0].figure, "73"]
    assert sum(line[2] == LEFT_OUT for line in sites) == 2
    assert lines[-1][:3] == ["October 2026", *told["All sites"]]


def test_a_skill_under_ten_is_left_out_and_one_without_any_figure_has_no_row() -> None:
    found = {"missed": {"big": Count(9, 30), "small": Count(9, 9)}, "open": {"big": Count(1, 9), "small": Count(0, 12)}}
    names = {"small": "A small one", "big": "Big", "none": "None"}
    made = network.network({}, MONTH, {MONTH: {}}, names, found)
    assert [(row.name, row.cells) for row in made.skills] == [
        ("A small one", (Cell(None, None), Cell("0 in 100", 12), Cell(None, None))),
        ("Big", (Cell("30 in 100", 30), Cell(None, None), Cell(None, None))),
    ]


def test_few_trainings_about_one_skill_cannot_be_worked_out_from_how_many_there_were() -> None:
    """How many sessions had a training stands in the other tables."""
    names = {name: name.title() for name in ("ask", "calm", "hear", "plan", "none")}
    few = {"trained": {"ask": Count(20, 40), "calm": Count(3, 30), "hear": Count(1, 3), "plan": Count(9, 20)}}
    shown = {row.id: row.cells[2] for row in network.network({}, MONTH, {MONTH: {}}, names, few).skills}
    assert len(shown) == 2 and "hear" not in shown, "one more is left out"
    enough = {"trained": {**few["trained"], "hear": Count(5, 10)}}
    cells = {row.id: row.cells[2] for row in network.network({}, MONTH, {MONTH: {}}, names, enough).skills}
    assert cells["hear"] == Cell("50 in 100", 10) and len(cells) == 4


@given(st.integers(0, 800_000).map(lambda hours: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=hours)))
def test_no_two_spans_of_the_page_overlap_and_none_is_still_going_on(now: datetime) -> None:
    """Of two that overlap, one less the other could be a single person's session."""
    months = network.whole_months(now)
    assert months[0].next <= now < months[0].before(-2).first
    assert all(one.first == earlier.next for one, earlier in pairwise(months))
    assert network.chosen(months[3].key, now) == months[3]
    assert {network.chosen(asked, now) for asked in ("", "2026-13", months[-1].before().key, "x")} == {months[0]}


@pytest.fixture
async def busy(running: Running) -> Running:
    await some_weeks(running)
    return running


async def some_weeks(running: Running) -> None:
    """Three sites with sessions of the last month that is over: 24, 14 and 4."""
    await an_afternoon(running)
    then = network.chosen("", datetime.now(UTC)).first + timedelta(days=14)
    async with running.connection() as conn:
        for site, name, sessions in (("eastfield", "", 24), ("lakeside", "Lakeside", 14), ("mill", "=Mill", 4)):
            if name:
                await conn.execute(A_SITE, site, name)
            await conn.execute(PAST, site, sessions, then, MODULE)


A_SITE = """
INSERT INTO site (site_id, name, phone, time_zone, locales, reporting_steps, ask_directly, status, revision)
VALUES ($1, $2, '', 'UTC', '{en}', '{}', true, 'active', 1)
"""
PAST = """
WITH one AS (SELECT n, md5($1 || 'p' || n)::uuid AS p, md5($1 || 's' || n)::uuid AS s, md5($1 || 'm' || n)::uuid AS m
             FROM generate_series(1, $2) n),
made AS (INSERT INTO mentor_case (mentor_id, site_id, enrolled, time_zone, locale, granted, link_epoch, status, revision, history,
                                  match_started_on)
         SELECT m, $1, true, 'UTC', 'en', '{}', 1, 'active', 1, '{}', '2026-01-01' FROM one),
asked AS (INSERT INTO alert (alert_id, mentor_id, site_id, session_id, rule, rule_version, subject, severity, state, with_role,
                             facts, evidence, raised_at)
          SELECT p, m, $1, s, 'safety_item_missed', 1, '', 'attention', 'open', 'supervisor', '{}', '{}',
                 $3::timestamptz - interval '4 hours' FROM one),
said AS (INSERT INTO answer (training_id, module_id, item_id, attempt, version, mentor_id, site_id, session_id, skill, kind,
                             chosen, shown, correct, mistakes, safety_critical, answered_at, received_at, late)
         SELECT p, 'm', 'q1', 1, 1, m, $1, s, 'open_questions', 'single', '{a}', false, n % 3 > 0, '{}', false, $3, $3, false
         FROM one),
talked AS (INSERT INTO contact (contact_id, mentor_id, site_id, session_id, by_person, outcome, cleared, at)
           SELECT p, m, $1, s, m, 'talked', '{}', $3::timestamptz - interval '1 hour' FROM one WHERE n % 2 = 0)
INSERT INTO preparation (preparation_id, session_id, mentor_id, site_id, starts_at, status, quiz_by, training_id,
                         module_id, module_version, nothing_suitable, late, open_answers, ready_at, completed_at)
SELECT p, s, m, $1, $3, 'held', $3::timestamptz - interval '3 hours', p, $4, 1,
       false, false, '[]', $3::timestamptz - interval '3 hours',
       CASE WHEN n % 4 = 0 THEN $3::timestamptz - interval '5 hours' END
FROM one
"""


async def test_the_page_and_its_file_on_real_rows(busy: Running) -> None:
    async with a_browser(busy) as platform:
        assert (await platform.get("/platform/network")).status_code == 303, "only for somebody who is signed in"
        await signs_in(platform, busy)
        said = words((await platform.get("/platform/network")).text)
        lines = list(csv.reader(io.StringIO((await platform.get("/platform/network.csv")).text)))
    assert "talked before 50 in 100 sessions that needed it" in said
    assert "completed their training in time before 24 in 100 sessions" in said
    assert "There were 0.5 contacts for each match" in said
    assert said.index("Eastfield Mentoring") < said.index("Lakeside")
    shown = {line[0]: line[1:3] for line in lines[2 : lines.index([])]}
    assert shown["'=Mill"] == [LEFT_OUT, LEFT_OUT]
    assert sorted([shown["Eastfield Mentoring"], shown["Lakeside"]])[1] == [LEFT_OUT, LEFT_OUT], "one more is left out"
    assert shown["All sites"] == ["50 in 100", "42"]
    asked, trained = (vocabulary().skills[code].title for code in ("open_questions", "confidentiality_limits"))
    assert [line[1:3] for line in lines if line[:1] == [asked]] == [["31 in 100", "42"]]
    assert [line[5:7] for line in lines if line[:1] == [trained]] == [["24 in 100", "42"]]
    last = network.chosen("", datetime.now(UTC))
    assert [line[1:3] for line in lines if line[:1] == [last.words]] == [shown["All sites"]]
    assert [line[1:3] for line in lines if line[:1] == [last.before().words]] == [[LEFT_OUT, LEFT_OUT]]


async def test_somebody_who_looks_at_figures_sees_this_page_and_no_other(busy: Running) -> None:
    async with a_browser(busy) as reader:
        signed = await reader.post(path_of(await mint_platform_sign_in(busy.pool, FIGURES)))
        assert signed.headers["location"].endswith("/platform/network")
        page = (await reader.get("/platform/network")).text
        assert ("Signed in as network staff" in page, "Dead letters" in page) == (True, False)
        for path in ("/today", "/alerts", "/mentors", "/platform/dead"):
            refused = await reader.get(path)
            assert (refused.status_code, "figures" in words(refused.text)) == (403, True), path


@given(COUNTS)
def test_what_prometheus_is_told_is_what_the_page_shows(counts: dict[str, int]) -> None:
    """Sites and their sum: so nothing can be worked out from the two together, either."""
    told = contacts_gauge.per_match({site: Count(3, of) for site, of in counts.items()})
    made = page(counts, many=3)
    shown = {row.id: row.cells[3].of for row in made.rows if row.cells[3].figure}
    assert {site: round(3 / figure) for site, figure in told.items() if site} == shown
    assert ("" in told) == (made.total[3].figure is not None)


async def test_prometheus_is_told_the_contacts_for_each_match_of_the_last_month(busy: Running) -> None:
    await contacts_gauge.refresh(busy, datetime.now(UTC))

    def told(site: str) -> float | None:
        return REGISTRY.get_sample_value("jitt_contacts_per_match", {"site": site})

    assert (told(""), told("mill")) == (pytest.approx(0.5, abs=0.05), None)
    assert [told(site) for site in ("eastfield", "lakeside")].count(None) == 1, "one more is left out"
    async with busy.connection() as conn:
        await conn.execute("UPDATE site SET status = 'closed' WHERE site_id <> 'lakeside'")
    await contacts_gauge.refresh(busy, datetime.now(UTC))
    assert (told("lakeside"), told("eastfield")) == (0.5, None), "what is told no more is gone"


async def test_a_month_can_be_chosen(busy: Running) -> None:
    last = network.chosen("", datetime.now(UTC))
    async with a_browser(busy) as platform:
        await signs_in(platform, busy)
        earlier = words((await platform.get(f"/platform/network?month={last.before().key}")).text)
    assert (f"Network, {last.before().words}" in earlier, "talked before" in earlier) == (True, False)


async def test_before_there_is_enough_it_says_so(running: Running) -> None:
    await an_afternoon(running)
    async with a_browser(running) as platform:
        await signs_in(platform, running)
        said = words((await platform.get("/platform/network")).text)
    assert "Figures appear from 10." in said


async def signs_in(platform: httpx2.AsyncClient, running: Running) -> None:
    assert (await platform.post(path_of(await mint_platform_sign_in(running.pool)))).status_code == 303
