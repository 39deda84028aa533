"""What authors may see of sums: nothing of fewer than ten answers, and flags that are true on both sides of their borders."""

from statistics import median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.content.figures import Code, Edition, Flag, correlation, figures, flags, median, percent, questions_of, worst_first
from services.content.statistics import WHOLE, Fit, Sums
from services.content.statistics_words import advice, claim, reports, said
from shared.contracts.assessment import SECONDS
from shared.contracts.content import Option
from tests.content.building import a_module, an_item, an_open_item

RIGHT, WRONG = "b", ("a", "c")  # of an_item


def sums(answered: int, right: int, **changes: object) -> Sums:
    """The wrong ones take each other option equally often."""
    wrong = answered - right
    chosen = {RIGHT: right, "a": wrong // 2, "c": wrong - wrong // 2}
    return Sums(**{"answered": answered, "right": right, "chosen": chosen, **changes})


def codes(found: Sums, item=None) -> list[Code]:
    return [flag.code for flag in flags(item or an_item(), found)]


def test_nine_answers_show_nothing_and_ten_show_figures():
    nine = sums(9, 3, reports={"wrong": 9}, seconds={30: 9}, tried_again=9, recovered=9)
    assert figures(an_item(), nine) is None
    shown = figures(an_item(), sums(10, 3))
    assert shown is not None
    assert (shown.answered, shown.right, dict(shown.chosen)) == (10, 30, {"a": 30, "b": 30, "c": 40})


def test_a_share_of_fewer_than_ten_is_not_shown_beside_one_of_more():
    shown = figures(an_item(), sums(40, 31, tried_again=9, recovered=9, back=9, back_right=9, seconds={30: 9}))
    assert shown is not None
    assert (shown.recovered, shown.back_right, shown.seconds, shown.fit) == (None, None, None, None)
    more = figures(an_item(), sums(40, 30, tried_again=10, recovered=9, back=10, back_right=9, seconds={30: 10}))
    assert more is not None
    assert (more.recovered, more.back_right, more.seconds) == (90, 90, 30)


def test_fit_is_said_from_thirty_trainings():
    def found(pairs: int) -> float | None:
        fit = Fit(pairs, pairs // 2, WHOLE * pairs // 2, WHOLE * pairs // 2, WHOLE * WHOLE * pairs // 2)
        shown = figures(an_item(), sums(60, 40, fit=fit))
        assert shown is not None
        return shown.fit

    assert (found(28), found(30)) == (None, 1.0)


@given(st.integers(10, 500), st.data())
def test_percents_are_rounded_half_up(whole: int, data: st.DataObject):
    part = data.draw(st.integers(0, whole))
    assert percent(part, whole) == int(100 * part / whole + 0.5 + 1e-9)


@given(st.lists(st.sampled_from(SECONDS), min_size=10, max_size=200))
def test_the_median_is_that_of_the_times_themselves(times: list[int]):
    assert median({step: times.count(step) for step in set(times)}) == median_low(times)


@pytest.mark.parametrize(("answered", "right", "flagged"), [(30, 11, True), (30, 12, False), (29, 0, False), (1000, 399, True)])
def test_missed_by_more_than_sixty_in_a_hundred_of_thirty_or_more(answered: int, right: int, flagged: bool):
    assert (Code.MISSED in codes(sums(answered, right))) is flagged


@pytest.mark.parametrize(("answered", "taken", "flagged"), [(40, 1, True), (40, 2, False), (29, 0, False), (30, 0, True)])
def test_an_option_that_fewer_than_five_in_a_hundred_take(answered: int, taken: int, flagged: bool):
    found = sums(answered, answered - taken - 10, chosen={RIGHT: answered - taken - 10, "a": 10, "c": taken})
    assert (Flag(Code.UNUSED, ("c",)) in flags(an_item(), found)) is flagged


def test_a_right_option_that_nobody_takes_is_no_distractor():
    assert codes(sums(40, 0)) == [Code.MISSED]


@pytest.mark.parametrize(("length", "right", "flagged"), [(24, 27, True), (23, 27, False), (24, 26, False)])
def test_the_right_option_that_is_longer_by_a_fifth_and_found_by_nine_in_ten(length: int, right: int, flagged: bool):
    options = [Option(id=i, text="x" * n, right=i == RIGHT, why="w") for i, n in (("a", 20), (RIGHT, length), ("c", 20))]
    found = sums(30, right, chosen={RIGHT: right, "a": 2, "c": 2})
    assert (Code.LENGTH in codes(found, an_item(options=tuple(options)))) is flagged


@pytest.mark.parametrize(("reported", "answered", "flagged"), [(3, 60, True), (2, 20, False), (3, 61, False), (4, 10, True)])
def test_three_reports_or_more_that_are_five_in_a_hundred_of_the_answers(reported: int, answered: int, flagged: bool):
    found = sums(answered, answered * 3 // 4, reports={"unclear": 1, "wrong": reported - 1})
    assert (Code.REPORTED in codes(found)) is flagged


def test_who_does_well_elsewhere_and_misses_this_one_points_to_a_wrong_key():
    """Right only with none of the others right: a correlation of -1."""
    fit = Fit(pairs=50, right=25, rest=25 * WHOLE, rest_right=0, rest_squares=25 * WHOLE * WHOLE)
    assert correlation(fit) == -1
    assert Code.UPSIDE_DOWN in codes(sums(50, 25, fit=fit))
    fewer = Fit(pairs=48, right=24, rest=24 * WHOLE, rest_right=0, rest_squares=24 * WHOLE * WHOLE)
    assert Code.UPSIDE_DOWN not in codes(sums(50, 25, fit=fewer))


def test_an_open_question_is_never_right_or_missed():
    shown = figures(an_open_item(), Sums(answered=50, reports={"unclear": 5}))
    assert shown is not None
    assert (shown.right, [flag.code for flag in shown.flags]) == (None, [Code.REPORTED])


def test_the_worst_question_comes_first_and_one_without_figures_not_at_all():
    found = {"q1": sums(40, 30), "q2": sums(40, 10), "q3": sums(9, 0), "q4": Sums(answered=40)}
    listed = worst_first(questions_of(Edition(1, a_module(), found)))
    assert [question.item.id for question in listed] == ["q2", "q1", "q4"]


def test_every_flag_is_said_in_words_with_what_to_do():
    found = sums(50, 25, reports={"wrong": 2, "not_my_situation": 3})
    question = questions_of(Edition(1, a_module(), {"q1": found}))[0]
    assert claim(Flag(Code.MISSED), question) == "Most miss it: 50% of the first tries."
    assert claim(Flag(Code.UNUSED, ("c",)), question) == "Hardly anybody takes “You should sleep more.”"
    assert claim(Flag(Code.REPORTED), question) == "Mentors say that something is off: wrong (2), not my situation (3)."
    assert all(claim(Flag(code), question) and advice(Flag(code)) for code in Code)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Wait", "“Wait”."),
        ("“Why?”", "“Why?”"),
        ("“Me fue bien”.", "“Me fue bien”."),
        ("“" + "x" * 80 + ".”", "“" + "x" * 58 + "…”"),
        ("x" * 80, "“" + "x" * 59 + "…”"),
    ],
)
def test_an_option_is_quoted_once_and_kept_short(text: str, shown: str):
    item = an_item(options=(Option(id="c", text=text, why="w"), *an_item().options[:2]))
    question = questions_of(Edition(1, a_module(items=(item,)), {"q1": sums(50, 25)}))[0]
    assert claim(Flag(Code.UNUSED, ("c",)), question) == f"Hardly anybody takes {shown}"


def test_figures_are_said_in_sentences_without_what_is_not_known():
    shown = figures(an_item(), sums(1_250, 500))
    assert shown is not None
    assert said(shown) == "1,250 answers. 40% right at the first try."
    more = figures(an_item(), sums(20, 10, tried_again=10, recovered=5, back=10, back_right=8, seconds={180: 20},
                                   reports={"unclear": 1}))  # fmt: skip
    assert more is not None
    assert said(more) == (
        "20 answers. 50% right at the first try; of those who tried again, 50%. When it came back later, 80%. "
        "Half answered within 3 minutes. Reported: unclear (1)."
    )
    assert reports(more) == "unclear (1)"
