"""A supervisor's week: what has a place in it, what is put together, what waits; and two workers at the same moment."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.supervision import budget, store_budget
from services.supervision.budget import IN_A_WEEK, Ask
from services.supervision.rules import BY_NAME, RULES
from shared.contracts import ids
from shared.contracts.supervision import AlertPlaced
from shared.messaging.batch import apply_due
from shared.running import Running
from tests.driving import ALWAYS, deliver, fall_due, outgoing
from tests.supervision.builders import DAY, HOUR, MINUTE, SITE, START, Story, call, listed, mistaken, taken
from tests.supervision.test_rules import check_in

MISTAKE, TALK, SAFETY, CONTACT, STREAK = (
    "same_mistake_again", "mentor_asked_to_talk", "safety_item_missed", "support_contact_overdue", "sessions_missed_in_a_row",
)  # fmt: skip
SECOND = timedelta(seconds=1)


def ask(number: int, rule: str = MISTAKE, at: Any = START, place: Any = None) -> Ask:
    return Ask(UUID(int=number), rule, at, place)


def asked(*rules: str, days_ago: int = 1) -> list[Ask]:
    return [ask(100 + n, rule, START - days_ago * DAY + n * MINUTE, "own") for n, rule in enumerate(rules)]


@pytest.mark.parametrize(
    ("before", "rule", "place"),
    [
        ([], MISTAKE, "own"),
        ([TALK] * 4, MISTAKE, "own"),
        ([TALK] * 5, MISTAKE, "digest"),
        ([TALK] * 5, SAFETY, "grouped"),
        ([MISTAKE] * 2, MISTAKE, "digest"),
        ([SAFETY] * 3, SAFETY, "grouped"),
        ([TALK] * 4, TALK, "own"),
        ([CONTACT], CONTACT, "grouped"),
        ([STREAK, STREAK], STREAK, "digest"),
    ],
)
def test_five_a_week_and_each_rules_own_number(before: list[str], rule: str, place: str) -> None:
    assert budget.place(ask(1, rule), asked(*before)) == place


def test_a_week_later_there_is_room_again() -> None:
    assert budget.place(ask(1), asked(*[TALK] * 5, days_ago=6)) == "digest"
    assert budget.place(ask(1), asked(*[TALK] * 5, days_ago=8)) == "own"


def test_of_one_round_the_more_important_comes_first() -> None:
    mistake, safety = ask(1, MISTAKE, START), ask(2, SAFETY, START + SECOND)
    others = [*asked(*[TALK] * 4), mistake, safety]
    assert (budget.place(safety, others), budget.place(mistake, others)) == ("own", "digest")


def test_a_round_is_decided_when_no_transaction_of_it_can_still_run() -> None:
    last = budget.EPOCH + budget.ROUND - timedelta(microseconds=1)
    assert budget.place_at(budget.EPOCH) == budget.place_at(last)
    assert budget.place_at(last) - last > timedelta(seconds=20)


RAISED = st.lists(
    st.tuples(st.integers(0, 14 * 24 * 60), st.sampled_from([rule.name for rule in RULES]), st.integers(0, 3)),
    min_size=1,
    max_size=60,
)


@given(RAISED, st.randoms(use_true_random=False))
def test_however_late_each_is_decided_no_week_has_more_than_five(raised: list[tuple[int, str, int]], random: Any) -> None:
    """Workers decide in any order that keeps to the clocks; each sees what has been decided by then."""
    every = {UUID(int=n): ask(n, rule, START + minutes * MINUTE) for n, (minutes, rule, _) in enumerate(raised)}
    late = {UUID(int=n): budget.place_at(START + minutes * MINUTE) + wait * HOUR for n, (minutes, _, wait) in enumerate(raised)}
    for one in sorted(every.values(), key=lambda a: (late[a.alert_id], random.random())):
        seen = [a for a in every.values() if a.asked_at <= late[one.alert_id] and a.place != "digest"]
        every[one.alert_id] = Ask(one.alert_id, one.rule, one.asked_at, budget.place(one, seen))
    own = sorted((a.asked_at, a.rule) for a in every.values() if a.place == "own")
    for at, _ in own:
        week = [rule for since, rule in own if at - 7 * DAY < since <= at]
        assert len(week) <= IN_A_WEEK
        assert all(week.count(rule) <= (BY_NAME[rule].budget or IN_A_WEEK) for rule in week)
    assert all(BY_NAME[a.rule].may_wait for a in every.values() if a.place == "digest")


def test_an_alert_gets_its_place_by_the_cases_own_clock() -> None:
    story = Story(listed(match_started_on=None), mistaken("closed_question", 1), mistaken("closed_question", 2), at=START)
    alert = story.alert(MISTAKE)
    assert (alert.place, alert.place_at) == (None, budget.place_at(START))
    story.until(START + 2 * MINUTE)
    assert (story.alert(MISTAKE).place, story.alert(MISTAKE).place_at) == ("own", None)
    assert [e.place for e in story.said(AlertPlaced)] == ["own"]


def test_one_that_waits_asks_nobody_and_is_not_escalated() -> None:
    story = Story(listed(match_started_on=None), mistaken("closed_question", 1), mistaken("closed_question", 2), at=START)
    story.facts = type(story.facts)(story.facts.lead, asks=tuple(asked(*[TALK] * 5)))
    story.until(START + 60 * DAY)
    alert = story.alert(MISTAKE)
    assert (alert.state, alert.with_role, alert.place, alert.escalate_at) == ("open", "digest", "digest", None)


def test_what_becomes_urgent_needs_no_place() -> None:
    story = Story(listed(match_started_on=None), at=START - 4 * HOUR).happens(check_in())
    assert story.alert("uncleared_function_planned").place_at
    story.happens(check_in(starts_at=START - 2 * HOUR, revision=2), at=START - 4 * HOUR + SECOND)
    alert = story.alert("uncleared_function_planned")
    assert (alert.severity, alert.place_at, alert.asked_at) == ("urgent", None, None)


def test_an_alert_from_before_places_that_somebody_has_taken_takes_none_and_waits_for_no_monday() -> None:
    story = Story(listed(match_started_on=None), mistaken("closed_question", 1), mistaken("closed_question", 2), at=START)
    story.happens(taken(story.alert(MISTAKE)), at=START + HOUR)
    assert story.case
    older = replace(story.alert(MISTAKE), asked_at=None, place=None, place_at=None)
    story.case = replace(story.case, alerts=(older,), changes=())
    story.facts = replace(story.facts, asks=tuple(asked(*[TALK] * 5)))
    story.happens(call(), at=START + 10 * DAY).until(START + 10 * DAY + HOUR)
    alert = story.alert(MISTAKE)
    assert (alert.state, alert.with_role, alert.asked_at, alert.place) == ("acknowledged", "supervisor", None, None)


def who(number: int) -> dict[str, Any]:
    return {"mentor_id": ids.mentor(SITE, f"m{number}")}


async def a_busy_week(running: Running) -> None:
    """Four mentors of one supervisor have asked to talk; then twelve make a mistake again, each heard of apart."""
    await deliver(running, listed(reference="dana", role="supervisor", supervisor_reference=None, cleared={}))
    await deliver(running, *(listed(reference=f"m{n}", match_started_on=None) for n in range(16)))
    await deliver(running, *(call(**who(n), kind="can_wait") for n in range(12, 16)))
    async with running.connection() as conn:
        await conn.execute("UPDATE alert SET place = 'own', place_at = NULL, asked_at = asked_at - interval '1 hour'")

    async def one(n: int) -> None:
        await deliver(running, *(mistaken("closed_question", number, **who(n)) for number in (1, 2)))

    await asyncio.gather(*(one(n) for n in range(12)))
    async with running.connection() as conn:
        await conn.execute(
            "UPDATE alert SET asked_at = asked_at - interval '2 minutes', place_at = place_at - interval '2 minutes'"
        )


async def places(running: Running) -> dict[tuple[str, str], int]:
    async with running.connection() as conn:
        found = await conn.fetch("SELECT rule, place, count(*) AS number FROM alert GROUP BY 1, 2")
    return {(row["rule"], row["place"]): row["number"] for row in found}


async def two_workers(running: Running) -> None:
    """Each claims half of the cases, and both have decided before either commits."""
    half = "UPDATE mentor_case SET due_at = now() - interval '1 second' WHERE mentor_id = ANY($1)"
    async with running.connection() as conn:
        await conn.execute("UPDATE mentor_case SET due_at = NULL")
        await conn.execute(half, [who(n)["mentor_id"] for n in range(0, 12, 2)])
    async with running.connection() as conn, conn.transaction():
        handler = next(h for h in running.service.handlers if h.name == "mentor_case")
        assert (await apply_due(conn, "supervision", handler, ALWAYS)).rows_due == 6
        async with running.connection() as other:
            await other.execute(half, [who(n)["mentor_id"] for n in range(1, 12, 2)])
        assert await fall_due(running, "mentor_case") == 6


async def test_two_workers_cannot_both_give_away_the_last_place(running: Running) -> None:
    await a_busy_week(running)
    await two_workers(running)
    assert await places(running) == {(TALK, "own"): 4, (MISTAKE, "own"): 1, (MISTAKE, "digest"): 11}
    told = [e.place for e in await outgoing(running) if isinstance(e, AlertPlaced)]
    assert sorted(told) == ["digest"] * 11 + ["own"]


async def test_the_twin_that_counts_only_what_has_its_place_gives_it_away_twice(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_budget, "ASKS", store_budget.ASKS.replace("place IS DISTINCT FROM 'digest'", "place = 'own'"))
    await a_busy_week(running)
    await two_workers(running)
    assert (await places(running))[MISTAKE, "own"] > 1
