"""Which training a mentor gets. No database: selection is a pure function."""

import pytest

from services.content.select import ItemFact, selected
from shared.contracts.content import AssignedItem, Candidate, ModuleRef, NothingSuitable, Reason, TrainingAssigned
from tests.content.building import NOW, a_choice, a_need, a_request, an_offer, facts, ref

LISTENING = an_offer()
ASKING = an_offer("asking_before_advising_1")


def chosen(request, *offers, choices=()):
    return selected(request, NOW, tuple(choices), facts(*offers))


def items_of(training):
    return [(item.module_id, item.item_id, item.returning) for item in training.items]


def reasons_of(training):
    return [reason.code for reason in training.reasons]


def nothing(request, reason):
    return NothingSuitable(
        request_id=request.request_id,
        session_id=request.session_id,
        mentor_id=request.mentor_id,
        site_id=request.site_id,
        needs=request.needs,
        reason=reason,
    )


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
        items=tuple(AssignedItem(module_id="reflective_listening_1", version=1, item_id=f"q{n}") for n in (1, 2, 3, 4)),
        quiz_by=request.quiz_by,
        reasons=(Reason(code="activity", activity="check_in", skill="reflective_listening"),),
        candidates=(
            Candidate(module_id="reflective_listening_1", version=1, score=0.4, probability=1.0),
            Candidate(module_id="asking_before_advising_1", version=1, score=0.3, probability=0.0),
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
    assert chosen(request, LISTENING) == nothing(request, "no_module_for_needs")


def test_a_module_waits_until_the_site_has_named_its_numbers():
    needs_hotline = an_offer(variables=("state_hotline", "staff_on_call"))
    request = a_request(site_variables=("state_hotline",))
    assert chosen(request, needs_hotline) == nothing(request, "site_variables_missing")
    assert chosen(a_request(site_variables=("staff_on_call", "state_hotline")), needs_hotline).kind == "module"


@pytest.mark.parametrize(("activity", "kind"), [("school_motivation", "module"), ("homework_help", None)])
def test_a_scope_2_module_is_only_for_an_activity_that_asks_for_its_skill(activity, kind):
    change_talk = an_offer("change_talk_1", scope_level=2)
    training = chosen(a_request(activity=activity, needs=(a_need("change_talk"),)), change_talk)
    assert getattr(training, "kind", None) == kind


@pytest.mark.parametrize(("days_ago", "kind"), [(6.99, None), (7, "module")])
def test_a_module_rests_for_seven_days(days_ago, kind):
    before = [a_choice(90, days_ago, module_id="reflective_listening_1")]
    assert getattr(chosen(a_request(), LISTENING, choices=before), "kind", None) == kind


def test_an_open_safety_miss_brings_a_module_back_within_the_week():
    crisis = an_offer("crisis_response_1")
    request = a_request(needs=(a_need("crisis_response"),), open_safety_skills=("crisis_response",))
    before = [a_choice(90, 1, module_id="crisis_response_1")]
    assert chosen(request, crisis, choices=before).module == ModuleRef(module_id="crisis_response_1", version=1)


def test_of_two_modules_for_a_skill_the_one_shown_less_often_is_sent():
    before = [a_choice(90, 30, module_id="reflective_listening_1")]
    training = chosen(a_request(), LISTENING, an_offer("reflective_listening_2"), choices=before)
    assert training.module.module_id == "reflective_listening_2"


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


@pytest.mark.parametrize("missing", [ref("q9"), ref(version=2), ref(module_id="withdrawn_1")])
def test_an_item_of_no_published_version_does_not_come_back(missing):
    training = chosen(a_request(returning=(missing,)), LISTENING)
    assert not any(item.returning for item in training.items)
    assert reasons_of(training) == ["activity"]


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


def test_probabilities_of_the_candidates_sum_to_one():
    request = a_request(needs=(a_need(), a_need("asking_before_advising", 0.2)))
    assert sum(candidate.probability for candidate in chosen(request, LISTENING, ASKING).candidates) == 1.0
