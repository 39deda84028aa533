"""Which training a mentor gets. No database: selection is a pure function."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.content.choices import ItemFact
from services.content.select import selected
from shared.contracts.content import AssignedItem, Candidate, ModuleRef, NothingSuitable, Reason, TrainingAssigned
from tests.content.building import NOW, a_choice, a_need, a_past, a_request, an_offer, facts, ref

LISTENING = an_offer()
ASKING = an_offer("asking_before_advising_1")


def chosen(request, *offers, choices=()):
    return selected(request, NOW, a_past(choices), facts(*offers))


def items_of(training):
    return [(item.module_id, item.item_id, item.returning) for item in training.items]


def back(training):
    return [(item.locale, item.version, item.item_id) for item in training.items if item.returning]


def reasons_of(training):
    return [reason.code for reason in training.reasons]


def nothing(request, reason, *passed_over):
    return NothingSuitable(
        request_id=request.request_id,
        session_id=request.session_id,
        mentor_id=request.mentor_id,
        site_id=request.site_id,
        needs=request.needs,
        reason=reason,
        candidates=passed_over,
    )


def passed_over(why_not, module_id="reflective_listening_1", score=0.5):
    return Candidate(module_id=module_id, version=1, score=score, probability=0.0, locale="en", why_not=why_not)


def test_the_first_need_with_a_module_wins_and_says_why():
    request = a_request(needs=(a_need("open_questions", 0.9), a_need(need=0.4), a_need("asking_before_advising", 0.3)))
    assert chosen(request, LISTENING, ASKING) == TrainingAssigned(
        training_id=request.request_id,
        session_id=request.session_id,
        mentor_id=request.mentor_id,
        site_id="east",
        starts_at=request.starts_at,
        time_zone="America/Chicago",
        locale="en",
        kind="module",
        module=ModuleRef(module_id="reflective_listening_1", version=1),
        skill="reflective_listening",
        items=tuple(
            AssignedItem(module_id="reflective_listening_1", version=1, item_id=f"q{n}", locale="en") for n in (1, 2, 3, 4)
        ),
        quiz_by=request.quiz_by,
        reasons=(Reason(code="activity", activity="check_in", skill="reflective_listening"),),
        candidates=(
            Candidate(module_id="reflective_listening_1", version=1, score=0.4, probability=1.0, locale="en"),
            Candidate(module_id="asking_before_advising_1", version=1, score=0.3, probability=0.0, locale="en"),
        ),
    )


def test_a_mentor_reads_in_their_own_language():
    spanish = an_offer(locale="es", version=3)
    training = chosen(a_request(locale="es"), LISTENING, spanish)
    assert (training.locale, training.module.version) == ("es", 3)


def test_a_module_that_is_missing_in_a_language_comes_in_english():
    training = chosen(a_request(locale="es"), LISTENING)
    assert (training.kind, training.locale) == ("module", "en")


def test_a_module_longer_than_the_site_allows_is_not_sent():
    request = a_request(training_minutes=3)
    assert chosen(request, LISTENING) == nothing(request, "no_module_for_needs", passed_over("minutes"))


def test_a_module_waits_until_the_site_has_named_its_numbers():
    needs_hotline = an_offer(variables=("state_hotline", "staff_on_call"))
    request = a_request(site_variables=("state_hotline",))
    assert chosen(request, needs_hotline) == nothing(request, "site_variables_missing", passed_over("variables"))
    assert chosen(a_request(site_variables=("staff_on_call", "state_hotline")), needs_hotline).kind == "module"


@pytest.mark.parametrize(("activity", "kind"), [("school_motivation", "module"), ("homework_help", None)])
def test_a_scope_2_module_is_only_for_an_activity_that_asks_for_its_skill(activity, kind):
    change_talk = an_offer("change_talk_1", scope_level=2)
    training = chosen(a_request(activity=activity, needs=(a_need("change_talk"),)), change_talk)
    assert getattr(training, "kind", None) == kind


@pytest.mark.parametrize(("days_ago", "kind"), [(0, None), (6, None), (7, "module")])
def test_a_module_rests_for_seven_days(days_ago, kind):
    before = [a_choice(90, days_ago, module_id="reflective_listening_1")]
    assert getattr(chosen(a_request(), LISTENING, choices=before), "kind", None) == kind


@pytest.mark.parametrize(
    ("at", "kind"),
    [
        (
            datetime(2026, 10, 28, 17, 0, 1, tzinfo=UTC),
            "module",
        ),  # seven days and an hour later, less a second: the clocks went back
        (datetime(2026, 10, 29, 4, 59, tzinfo=UTC), "module"),  # 11:59 pm in Chicago
        (datetime(2026, 10, 29, 5, 1, tzinfo=UTC), None),  # a minute past midnight there
    ],
)
def test_a_weekly_session_is_a_week_later_whatever_the_minute(at, kind):
    now = datetime(2026, 11, 4, 18, 0, tzinfo=UTC)  # noon in Chicago
    before = (replace(a_choice(90, 0, module_id="reflective_listening_1"), at=at),)
    assert getattr(selected(a_request(), now, a_past(before), facts(LISTENING)), "kind", None) == kind


def test_an_open_safety_miss_brings_a_module_back_within_the_week():
    crisis = an_offer("crisis_response_1")
    request = a_request(needs=(a_need("crisis_response"),), open_safety_skills=("crisis_response",))
    before = [a_choice(90, 1, module_id="crisis_response_1")]
    assert chosen(request, crisis, choices=before).module == ModuleRef(module_id="crisis_response_1", version=1)


def test_of_two_modules_for_a_skill_the_one_shown_less_often_is_sent():
    before = [a_choice(90, 30, module_id="reflective_listening_1")]
    training = chosen(a_request(), LISTENING, an_offer("reflective_listening_2"), choices=before)
    assert training.module.module_id == "reflective_listening_2"


def test_a_module_shown_before_is_sent_where_a_new_one_does_not_suit():
    before = [a_choice(90, 30, module_id="reflective_listening_1")]
    training = chosen(a_request(training_minutes=4), LISTENING, an_offer("reflective_listening_2", minutes=5), choices=before)
    assert training.module.module_id == "reflective_listening_1"


def test_missed_items_come_first_in_the_order_sent_and_at_most_two():
    sent = tuple(ref(item, "asking_before_advising_1") for item in ("q3", "q1", "q2"))
    training = chosen(a_request(returning=sent), LISTENING, ASKING)
    assert items_of(training) == [
        ("asking_before_advising_1", "q3", True),
        ("asking_before_advising_1", "q1", True),
        *(("reflective_listening_1", f"q{n}", False) for n in (1, 2, 3, 4)),
    ]
    assert reasons_of(training) == ["activity", "missed"]


def test_an_item_that_comes_back_is_not_asked_twice():
    training = chosen(a_request(returning=(ref("q2"), ref("q2"))), LISTENING)
    assert items_of(training) == [
        ("reflective_listening_1", "q2", True),
        *(("reflective_listening_1", f"q{n}", False) for n in (1, 3, 4)),
    ]


@pytest.mark.parametrize("missing", [ref("q9"), ref("q4"), ref(module_id="withdrawn_1")])
def test_an_item_that_is_not_published_or_open_now_does_not_come_back(missing):
    training = chosen(a_request(returning=(missing,)), LISTENING)
    assert not any(item.returning for item in training.items)
    assert reasons_of(training) == ["activity"]


def test_an_item_that_was_missed_comes_back_as_the_newest_version_has_it():
    older, newer = an_offer("asking_before_advising_1"), an_offer("asking_before_advising_1", version=2)
    without_it = an_offer("asking_before_advising_1", version=3, items=newer.items[1:])
    missed = a_request(returning=(ref("q1", "asking_before_advising_1"),))
    assert back(chosen(missed, LISTENING, older, newer)) == [("en", 2, "q1")]
    assert back(chosen(missed, LISTENING, older, newer, without_it)) == [("en", 2, "q1")]
    assert back(chosen(missed, LISTENING, older)) == [("en", 1, "q1")]


def test_an_item_comes_back_in_the_trainings_language_although_versions_count_apart():
    english = [an_offer("asking_before_advising_1", version=number) for number in (1, 2, 3)]
    spanish = [an_offer("asking_before_advising_1", version=number, locale="es") for number in (1, 2)]
    listening = an_offer(locale="es")
    in_english, in_spanish = (ref("q1", "asking_before_advising_1", version) for version in (3, 2))
    for missed in (in_english, in_spanish):
        request = a_request(returning=(missed,))
        assert back(chosen(request, LISTENING, listening, *english, *spanish)) == [("en", 3, "q1")]
        request = request.model_copy(update={"locale": "es"})
        assert back(chosen(request, LISTENING, listening, *english, *spanish)) == [("es", 2, "q1")]


def test_an_item_that_is_in_english_only_comes_back_in_english_and_says_so():
    training = chosen(a_request(locale="es", returning=(ref("q1", "asking_before_advising_1"),)), an_offer(locale="es"), ASKING)
    assert (training.locale, back(training)) == ("es", [("en", 1, "q1")])
    assert {item.locale for item in training.items if not item.returning} == {"es"}


def test_an_item_in_the_mentors_own_language_comes_back_beside_a_module_that_is_in_english_only():
    spanish = an_offer("asking_before_advising_1", locale="es", version=7)
    training = chosen(a_request(locale="es", returning=(ref("q1", "asking_before_advising_1"),)), LISTENING, spanish)
    assert (training.locale, back(training)) == ("en", [("es", 7, "q1")])


def test_an_item_that_is_in_a_language_the_mentor_does_not_read_does_not_come_back():
    assert back(chosen(a_request(returning=(ref("q1", "asking_before_advising_1"),)), LISTENING,
                       an_offer("asking_before_advising_1", locale="es"))) == []  # fmt: skip


def test_a_recall_whose_questions_are_all_in_english_is_an_english_training():
    choices = [a_choice(90, 30, ref("q1"), ref("q2"))]
    asked = a_request(recall_only=True, locale="es")
    assert chosen(asked, LISTENING, choices=choices).locale == "en"
    assert chosen(asked, LISTENING, an_offer(locale="es"), choices=choices).locale == "es"


def test_an_item_does_not_come_back_where_its_numbers_are_missing():
    with_number = an_offer("crisis_response_1", items=(ItemFact("q2", "crisis_response", "single", ("staff_on_call",)),))
    request = a_request(returning=(ref("q2", "crisis_response_1"),))
    assert not any(item.returning for item in chosen(request, LISTENING, with_number).items)


def test_missed_items_come_back_although_no_module_fits():
    training = chosen(a_request(returning=(ref(),), training_minutes=1), LISTENING)
    assert (training.kind, training.module, items_of(training)) == ("recall", None, [("reflective_listening_1", "q1", True)])


@pytest.mark.parametrize(
    ("need", "choices", "code", "value"),
    [
        (a_need(reason="never_trained", predicted_recall=None), [], "never_trained", None),
        (a_need(reason="clearance_gap"), [], "clearance", "social_emotional_check_in"),
        (a_need(reason="fading"), [a_choice(90, 35.5, module_id="reflective_listening_1")], "days", 35),
    ],
)
def test_the_reason_for_this_skill_carries_its_value(need, choices, code, value):
    reason = chosen(a_request(needs=(need,)), LISTENING, choices=choices).reasons[-1]
    assert (reason.code, reason.days if code == "days" else reason.function) == (code, value)


def test_the_plan_is_no_reason_for_a_skill_that_it_does_not_call_for():
    training = chosen(a_request(activity="homework_help"), LISTENING)
    assert training.reasons == (Reason(code="activity", activity=None, skill="reflective_listening"),)


def test_recall_only_brings_two_known_items_shown_least_often():
    choices = [
        a_choice(90, 30, ref("q1"), ref("q2"), ref("q3"), ref("q4")),
        a_choice(91, 20, ref("q1")),
        a_choice(92, 10, ref("q1", "asking_before_advising_1")),
    ]
    training = chosen(a_request(recall_only=True), LISTENING, ASKING, choices=choices)
    assert (training.kind, training.module) == ("recall", None)
    assert items_of(training) == [("reflective_listening_1", "q2", False), ("reflective_listening_1", "q3", False)]


def test_recall_takes_a_rarely_shown_item_before_one_shown_longer_ago():
    choices = [a_choice(90, 40, ref("q1")), a_choice(91, 30, ref("q1")), a_choice(92, 10, ref("q2")), a_choice(93, 9, ref("q3"))]
    training = chosen(a_request(recall_only=True), LISTENING, choices=choices)
    assert [item.item_id for item in training.items] == ["q2", "q3"]


def test_recall_prefers_the_skill_most_likely_forgotten():
    choices = [a_choice(90, 30, ref("q1"), ref("q2")), a_choice(91, 20, ref("q1", "asking_before_advising_1"))]
    request = a_request(recall_only=True, needs=(a_need("asking_before_advising", 0.05, predicted_recall=0.5),))
    first = chosen(request, LISTENING, ASKING, choices=choices).items[0]
    assert first.module_id == "asking_before_advising_1"


def test_recall_asks_of_every_skill_that_was_trained_the_one_most_likely_forgotten_first():
    choices = [a_choice(90, 30, ref("q1"), ref("q2")), a_choice(91, 20, ref("q1", "asking_before_advising_1"))]
    fading = ("asking_before_advising", "reflective_listening")
    for order in (fading, fading[::-1]):
        training = chosen(a_request(recall_only=True, fading=order), LISTENING, ASKING, choices=choices)
        assert training.items[0].module_id == f"{order[0]}_1"


def test_what_was_assigned_and_never_answered_is_not_asked_as_recall():
    choices = [a_choice(90, 30, ref("q1"), ref("q2")), a_choice(91, 20, ref("q1", "asking_before_advising_1"))]
    training = chosen(a_request(recall_only=True, fading=("asking_before_advising",)), LISTENING, ASKING, choices=choices)
    assert [item.module_id for item in training.items] == ["asking_before_advising_1"]


def test_recall_counts_a_missed_item_as_one_of_the_two():
    choices = [a_choice(90, 30, ref("q1"), ref("q2"), ref("q3"))]
    training = chosen(a_request(recall_only=True, returning=(ref("q1"),)), LISTENING, choices=choices)
    assert items_of(training) == [("reflective_listening_1", "q1", True), ("reflective_listening_1", "q2", False)]


def test_open_questions_are_not_asked_as_recall():
    training = chosen(a_request(needs=()), LISTENING, choices=[a_choice(90, 30, ref("q4"), ref("q2"))])
    assert items_of(training) == [("reflective_listening_1", "q2", False)]


def test_a_mentor_who_knows_no_item_gets_nothing_when_only_recall_is_asked():
    request = a_request(recall_only=True)
    assert chosen(request, LISTENING) == nothing(request, "no_known_items")


def test_every_module_of_the_needs_is_a_candidate_with_why_it_was_passed_over():
    offers = [
        LISTENING,
        an_offer("reflective_listening_2", minutes=5),
        an_offer("reflective_listening_3"),
        an_offer("reflective_listening_4"),
        an_offer("reflective_listening_5", locale="pt"),
        an_offer("crisis_response_1", variables=("staff_on_call",)),
        an_offer("change_talk_1", scope_level=2),
    ]
    choices = [a_choice(90, 2, module_id="reflective_listening_3")]
    choices += [a_choice(number, 30, module_id="reflective_listening_4") for number in (91, 92, 93)]
    needs = (a_need("crisis_response", 0.9), a_need(need=0.4), a_need("change_talk", 0.2))
    training = chosen(a_request(training_minutes=4, needs=needs), *offers, choices=choices)
    assert [(one.module_id, one.score, one.probability, one.why_not) for one in training.candidates] == [
        ("crisis_response_1", 0.9, 0.0, "variables"),
        ("reflective_listening_1", 0.4, 1.0, None),
        ("reflective_listening_2", 0.4, 0.0, "minutes"),
        ("reflective_listening_5", 0.4, 0.0, "locale"),
        ("reflective_listening_3", 0.4, 0.0, "resting"),
        ("reflective_listening_4", 0.4, 0.0, "worn"),
        ("change_talk_1", 0.2, 0.0, "scope"),
    ]


def test_of_all_that_suits_one_candidate_is_chosen_with_certainty():
    request = a_request(needs=(a_need(), a_need("asking_before_advising", 0.2)))
    candidates = chosen(request, LISTENING, an_offer("reflective_listening_2"), ASKING).candidates
    assert [one.probability for one in candidates] == [1.0, 0.0, 0.0]


@given(st.permutations([LISTENING, an_offer("reflective_listening_2"), an_offer(locale="es"), ASKING]))
def test_the_order_in_which_modules_are_read_changes_nothing(offers):
    request = a_request(needs=(a_need(), a_need("asking_before_advising", 0.2)))
    assert chosen(request, *offers) == chosen(request, *reversed(offers))
