"""Modules wear out: after three showings only their questions come back. No database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.content.choices import choice
from services.content.select import selected
from shared.contracts.content import NothingSuitable
from tests.content.building import NOW, a_choice, a_need, a_past, a_request, an_offer, facts, ref

FIRST, SECOND = an_offer(), an_offer("reflective_listening_2")
ASKING = an_offer("asking_before_advising_1")
BOTH = (a_need(), a_need("asking_before_advising", 0.3))


def whole(module_id="reflective_listening_1", times=3, days_ago=30, first=90):
    """Shown so often, last so many days ago, all four questions each time."""
    items = [ref(f"q{n}", module_id) for n in (1, 2, 3, 4)]
    return [a_choice(first + n, days_ago + 7 * (times - 1 - n), *items, module_id=module_id) for n in range(times)]


def chosen(request, *offers, choices=()):
    return selected(request, NOW, a_past(choices), facts(*offers))


def asked(training):
    return [(item.module_id, item.item_id) for item in training.items]


@pytest.mark.parametrize(("times", "kind"), [(2, "module"), (3, "recall")])
def test_after_three_showings_only_the_questions_of_a_module_come_back(times, kind):
    training = chosen(a_request(), FIRST, choices=whole(times=times))
    assert training.kind == kind
    assert len(training.items) == (4 if kind == "module" else 2)


def test_a_worn_module_gives_way_to_another_one_of_its_skill():
    assert chosen(a_request(), FIRST, SECOND, choices=whole()).module.module_id == "reflective_listening_2"


def test_the_questions_of_a_worn_skill_are_asked_before_a_module_for_a_lesser_need():
    training = chosen(a_request(needs=BOTH), FIRST, ASKING, choices=whole())
    assert (training.kind, {module for module, _ in asked(training)}) == ("recall", {"reflective_listening_1"})
    assert [(one.module_id, one.why_not, one.probability) for one in training.candidates] == [
        ("reflective_listening_1", "worn", 0.0), ("asking_before_advising_1", None, 0.0),
    ]  # fmt: skip


def test_the_reasons_for_questions_of_a_worn_module_name_its_skill():
    training = chosen(a_request(), FIRST, choices=whole(days_ago=30))
    assert [(reason.code, reason.skill) for reason in training.reasons] == [
        ("activity", "reflective_listening"), ("days", "reflective_listening"),
    ]  # fmt: skip


def test_of_all_worn_modules_of_a_skill_the_questions_shown_least_often_come_back():
    choices = [*whole(), *whole("reflective_listening_2", first=80), a_choice(70, 20, ref("q1"), ref("q2"), ref("q3"))]
    training = chosen(a_request(), FIRST, SECOND, choices=choices)
    assert asked(training) == [("reflective_listening_2", "q1"), ("reflective_listening_2", "q2")]


def test_a_question_shown_once_more_waits_although_all_were_shown_last_on_one_day():
    choices = [a_choice(70, 60, ref("q1")), *whole()]
    assert asked(chosen(a_request(), FIRST, choices=choices)) == [
        ("reflective_listening_1", "q2"),
        ("reflective_listening_1", "q3"),
    ]


def test_of_questions_shown_as_often_the_one_shown_longest_ago_comes_first():
    choices = [*whole(), a_choice(70, 25, ref("q1")), a_choice(71, 20, ref("q3")), a_choice(72, 15, ref("q2"))]
    assert asked(chosen(a_request(), FIRST, choices=choices)) == [
        ("reflective_listening_1", "q1"),
        ("reflective_listening_1", "q3"),
    ]


def test_what_was_missed_comes_before_the_questions_of_a_worn_module_and_only_once():
    training = chosen(a_request(returning=(ref("q2"), ref("q1", "asking_before_advising_1"))), FIRST, ASKING, choices=whole())
    assert asked(training) == [
        ("reflective_listening_1", "q2"), ("asking_before_advising_1", "q1"),
        ("reflective_listening_1", "q1"), ("reflective_listening_1", "q3"),
    ]  # fmt: skip
    assert [item.returning for item in training.items] == [True, True, False, False]


def test_an_open_safety_miss_does_not_bring_a_worn_module_back_whole():
    crisis = an_offer("crisis_response_1")
    request = a_request(
        needs=(a_need("crisis_response"),), open_safety_skills=("crisis_response",), returning=(ref("q1", "crisis_response_1"),)
    )
    training = chosen(request, crisis, choices=whole("crisis_response_1", days_ago=1))
    assert (training.kind, asked(training)[0]) == ("recall", ("crisis_response_1", "q1"))


@pytest.mark.parametrize(("days_ago", "skill"), [(6, "asking_before_advising"), (7, "reflective_listening")])
def test_the_questions_of_a_worn_module_rest_for_seven_days_too(days_ago, skill):
    recalled = replace(a_choice(70, days_ago, ref("q1"), ref("q2")), skill="reflective_listening")
    training = chosen(a_request(needs=BOTH), FIRST, ASKING, choices=[*whole(), recalled])
    assert training.items[0].module_id == f"{skill}_1"


def test_while_one_module_of_a_skill_rests_the_questions_of_a_worn_one_do_too():
    choices = [*whole(), *whole("reflective_listening_2", times=1, days_ago=2)]
    assert isinstance(chosen(a_request(), FIRST, SECOND, choices=choices), NothingSuitable)


def test_open_questions_of_a_worn_module_are_not_asked_again():
    choices = [*whole(), a_choice(70, 20, ref("q1"), ref("q2"), ref("q3"))]
    assert "q4" not in [item for _, item in asked(chosen(a_request(), FIRST, choices=choices))]


def test_a_corrected_version_does_not_make_a_worn_module_new():
    training = chosen(a_request(), FIRST, an_offer(version=2), choices=whole())
    assert (training.kind, {item.version for item in training.items}) == ("recall", {2})


def test_in_a_year_of_weekly_sessions_no_module_is_shown_more_than_three_times_and_questions_take_turns():
    shelf, choices, now = facts(FIRST, SECOND), (), NOW
    for week in range(52):
        request = a_request(1_000 + week)
        made = selected(request, now, a_past(choices), shelf)
        choices, now = (*choices, choice(request, now, made)), now + timedelta(days=7)
    kinds = [past.kind for past in choices]
    assert kinds[:6] == ["module"] * 6
    assert set(kinds[6:]) == {"recall"}
    times = [sum(ref_.item_id == item and ref_.module_id == module for past in choices for ref_ in past.items)
             for module in ("reflective_listening_1", "reflective_listening_2") for item in ("q1", "q2", "q3")]  # fmt: skip
    assert max(times) - min(times) <= 1
