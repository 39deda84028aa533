"""A mentor's case lived through: deadlines, escalation, talks, holds, and facts in any order."""

from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from services.supervision import cases
from shared.contracts.event import Refused
from shared.contracts.supervision import (
    AlertAcknowledged,
    AlertEscalated,
    AlertRaised,
    AlertResolved,
    ClearanceChanged,
    ContactLogged,
    MentorEnrolled,
)
from tests.supervision.builders import (
    BOTH_BASE,
    DAY,
    HOUR,
    LEAD,
    MINUTE,
    START,
    SUPERVISOR,
    YEAR,
    Story,
    answered,
    assigned,
    call,
    closed,
    completed,
    contact,
    listed,
    mistaken,
    of,
    opened,
    overdue,
    passed_on,
    planned,
    settled,
    taken,
    undone,
    unheard,
)

NOON = START - 4 * HOUR
SURE = "confident_miss_on_safety_item"


def held(**changes: Any) -> Story:
    """A mentor with an open hold, four hours before the session."""
    return Story(listed(), planned(), assigned(), opened()).happens(answered(**changes), at=NOON)


def states(story: Story) -> dict[str, str]:
    """The clearances of the newest roster event."""
    return {c.function: c.state for c in story.said(MentorEnrolled)[-1].clearances}


def test_nobody_answers_and_the_alert_goes_to_the_lead_then_to_the_on_call_number_and_stays_open() -> None:
    story = held().until(START + 30 * DAY)
    ups = [(e.to_role, e.to, e.at) for e in story.said(AlertEscalated)]
    assert ups == [("site_lead", LEAD, START - HOUR), ("on_call", None, START - 30 * MINUTE)]
    assert (story.alert(SURE).state, story.alert(SURE).with_role) == ("open", "on_call")


def test_a_site_without_a_lead_goes_straight_to_the_on_call_number() -> None:
    story = Story(listed(), planned(), opened(), lead=None).happens(answered(), at=NOON).until(START)
    assert [e.to_role for e in story.said(AlertEscalated)] == ["on_call"]


def test_a_mentor_without_a_supervisor_is_the_site_leads_from_the_beginning() -> None:
    story = Story(listed(supervisor_reference=None), planned(), opened()).happens(answered(), at=NOON)
    assert story.alert(SURE).with_role == "site_lead"
    assert [e.to_role for e in story.until(START).said(AlertEscalated)] == ["on_call"]


def test_whoever_takes_an_alert_stops_its_clock() -> None:
    story = held()
    story.happens(taken(story.alert(SURE))).until(START + DAY)
    assert story.said(AlertEscalated) == []
    assert [e.by for e in story.said(AlertAcknowledged)] == [SUPERVISOR]


def test_the_second_to_take_an_alert_is_told_so_and_the_first_may_tap_twice() -> None:
    story = held()
    story.happens(taken(story.alert(SURE)), taken(story.alert(SURE)))
    assert story.tries(taken(story.alert(SURE), by=LEAD)) == Refused("already_acknowledged")
    assert len(story.said(AlertAcknowledged)) == 1


def test_an_alert_can_be_passed_on_before_its_deadline() -> None:
    story = held()
    story.happens(passed_on(story.alert(SURE)))
    assert (story.alert(SURE).with_role, story.said(AlertEscalated)[0].to) == ("site_lead", LEAD)
    story.happens(passed_on(story.alert(SURE)))
    assert story.tries(passed_on(story.alert(SURE))) == Refused("nobody_next_in_line")


def test_what_is_urgent_is_closed_only_after_a_named_person_took_it_and_with_words() -> None:
    story = held()
    assert story.tries(closed(story.alert(SURE))) == Refused("acknowledge_first")
    story.happens(taken(story.alert(SURE)))
    assert story.tries(closed(story.alert(SURE), note="  ")) == Refused("note_needed")
    story.happens(closed(story.alert(SURE)))
    assert story.alert(SURE).note == "We talked it through."
    assert not any("note" in type(event).model_fields for event in story.told)


def test_an_alert_that_waits_for_the_digest_is_never_dropped() -> None:
    alone = listed(match_started_on=None)
    story = Story(alone, mistaken("closed_question", 1), mistaken("closed_question", 2)).until(START + 60 * DAY)
    alert = story.alert("same_mistake_again")
    assert (alert.state, alert.with_role, story.said(AlertEscalated)) == ("open", "digest", [])


def test_a_moved_session_moves_the_deadline() -> None:
    story = Story(listed(), planned(), opened()).happens(answered(), at=START - 3 * HOUR)
    story.happens(planned(starts_at=START - 90 * MINUTE, revision=2))
    assert story.alert(SURE).acknowledge_by == START - 150 * MINUTE
    assert story.said(AlertRaised)[-1].acknowledge_by == START - HOUR, "the alert was raised once"


def test_a_safety_miss_suspends_what_requires_the_skill_and_a_talk_with_the_tick_clears_it() -> None:
    story = held()
    assert states(story) == {"relationship_building": "cleared", "safeguarding_first_response": "suspended"}
    story.happens(contact(clear=True))
    assert states(story) == {"relationship_building": "cleared", "safeguarding_first_response": "cleared"}
    assert [(e.state, e.why) for e in story.said(ClearanceChanged)] == [
        ("cleared", "granted"), ("cleared", "granted"), ("suspended", "safety_miss"), ("cleared", "talked_through"),
    ]  # fmt: skip
    assert [e.revision for e in story.said(MentorEnrolled)] == [1, 2, 3]
    assert (story.rules, story.alert(SURE).how) == ([], "talked")


def test_a_talk_without_the_tick_closes_the_alert_and_keeps_the_hold() -> None:
    story = held().happens(contact())
    assert states(story)["safeguarding_first_response"] == "suspended"
    assert story.rules == ["uncleared_function_planned"], "the coming session still needs the function"


def test_a_hold_needs_a_talk() -> None:
    story = held()
    assert story.tries(contact(outcome="not_needed")) == Refused("a_hold_needs_a_talk")
    assert story.tries(contact(outcome="snoozed", clear=True)) == Refused("clearing_needs_a_talk")
    assert story.said(ContactLogged) == []


def test_without_a_hold_a_talk_may_be_not_needed() -> None:
    story = Story(listed(), planned(), assigned(), overdue(), at=START - 3 * HOUR).happens(contact(outcome="not_needed"))
    assert story.alert("training_not_done").how == "not_needed"


def test_a_miss_that_the_page_did_not_show_yet_is_not_cleared_by_its_tick() -> None:
    story = held()
    story.happens(answered(item_id="q2"), at=NOON + 5 * MINUTE)
    story.happens(contact(clear=True, seen_at=NOON + MINUTE), at=NOON + 6 * MINUTE)
    assert story.case and [hold.item_id for hold in story.case.open_holds] == ["q2"]
    assert states(story)["safeguarding_first_response"] == "suspended"
    assert story.rules == [SURE], "its alert stays open"


def test_a_call_asked_for_while_they_talked_is_not_closed_by_the_talk() -> None:
    story = held().happens(call(), at=NOON + 5 * MINUTE)
    story.happens(contact(seen_at=NOON + MINUTE, clear=True), at=NOON + 6 * MINUTE)
    assert story.rules == ["safeguarding_button_pressed"]


def test_new_evidence_opens_an_alert_again_that_somebody_had_only_taken_note_of() -> None:
    story = held()
    story.happens(taken(story.alert(SURE)))
    story.happens(answered(item_id="q2"), at=NOON + 10 * MINUTE)
    assert (story.alert(SURE).state, story.alert(SURE).raised_at) == ("open", NOON + 10 * MINUTE)
    assert len({e.alert_id for e in story.said(AlertRaised)}) == 1


def test_more_evidence_does_not_push_a_deadline_back() -> None:
    early = START - 20 * HOUR
    story = Story(listed(), planned(), opened()).happens(answered(), at=early)
    story.happens(answered(item_id="q2"), at=early + 2 * HOUR)
    assert story.alert(SURE).acknowledge_by == early + 4 * HOUR


def test_what_was_talked_over_raises_nothing_again() -> None:
    story = held().happens(contact(clear=True))
    story.happens(completed(), planned(minutes=60, revision=2)).until(START + DAY)
    assert len(story.said(AlertRaised)) == 1


def test_a_third_time_after_a_talk_is_a_new_alert() -> None:
    story = Story(listed(), mistaken("closed_question", 1), mistaken("closed_question", 2))
    story.happens(contact(session_id=None), mistaken("closed_question", 3))
    assert [alert.state for alert in story.case.alerts if story.case] == ["resolved", "open"]  # type: ignore[union-attr]


def test_a_contact_can_be_undone_for_ten_minutes_and_everything_is_as_before() -> None:
    story = held()
    before = story.case
    story.happens(contact(clear=True), at=NOON + MINUTE).happens(undone(), at=NOON + 10 * MINUTE)
    assert before and story.case
    assert story.case.open_holds == before.open_holds
    assert story.alert(SURE) == before.alerts[0]
    assert states(story)["safeguarding_first_response"] == "suspended"
    assert story.tries(undone()) == Refused("already_undone")
    assert [e.outcome for e in story.said(ContactLogged)] == ["talked", "undone"]


def test_after_ten_minutes_a_contact_stands() -> None:
    story = held().happens(contact(clear=True))
    assert story.tries(undone(), at=NOON + 11 * MINUTE) == Refused("too_late_to_undo")
    assert story.tries(undone(contact_id=UUID(int=99))) == Refused("unknown_contact")


def test_an_undone_talk_escalates_at_once_when_the_deadline_has_passed_meanwhile() -> None:
    story = held().happens(contact(clear=True), at=START - 65 * MINUTE).happens(undone(), at=START - 58 * MINUTE)
    assert [e.to_role for e in story.until(START - 58 * MINUTE).said(AlertEscalated)] == ["site_lead"]


def test_an_undone_talk_goes_on_up_the_line_from_where_it_was() -> None:
    story = held().until(START - 50 * MINUTE)
    assert story.alert(SURE).with_role == "site_lead"
    story.happens(contact(clear=True)).happens(undone(), at=START - 45 * MINUTE).until(START)
    assert [e.to_role for e in story.said(AlertEscalated)] == ["site_lead", "on_call"]


def test_an_undone_talk_leaves_one_alert_where_a_new_miss_has_opened_another_meanwhile() -> None:
    story = held().happens(contact(clear=True), answered(item_id="q2"), undone())
    assert story.rules == [SURE]
    assert story.case and set(story.live[0].evidence) == {str(hold.hold_id) for hold in story.case.open_holds}
    assert len(story.live[0].evidence) == 2


def test_without_a_supervisor_a_small_thing_waits_for_the_digest_too() -> None:
    story = Story(listed(supervisor_reference=None), planned(), assigned(), overdue(), at=START - 3 * HOUR)
    assert story.alert("training_not_done").with_role == "site_lead"
    assert story.until(START).alert("training_not_done").with_role == "digest"


def test_a_snooze_waits_but_never_beyond_the_start() -> None:
    story = held().happens(contact(outcome="snoozed", snooze_minutes=60), at=START - 90 * MINUTE)
    assert story.alert(SURE).escalate_at == START - 30 * MINUTE
    story = held().happens(contact(outcome="snoozed", snooze_minutes=2_000), at=START - 90 * MINUTE)
    assert story.alert(SURE).escalate_at == START
    assert [e.to_role for e in story.until(START + HOUR).said(AlertEscalated)] == ["site_lead", "on_call"]


def test_a_snoozed_alert_comes_back_by_itself() -> None:
    story = Story(listed(), call(kind="can_wait")).happens(contact(outcome="snoozed", session_id=None))
    story.until(story.now + HOUR)
    assert story.case and story.case.changes[-1].kind == "returned"
    assert story.alert("mentor_asked_to_talk").snoozed_until is None


def test_a_talk_about_another_session_leaves_this_ones_alert() -> None:
    story = held().happens(contact(session_id=of(2)["session_id"]))
    assert story.rules == [SURE]


def test_a_canceled_session_lifts_what_was_about_its_plan_only() -> None:
    cleared = {name: at for name, at in BOTH_BASE.items() if name != "relationship_building"}
    story = Story(listed(cleared=cleared), planned(), opened()).happens(answered(), at=NOON)
    assert story.rules == [SURE, "uncleared_function_planned"]
    story.happens(planned(status="cancelled", revision=2))
    assert (story.rules, story.alert("uncleared_function_planned").how) == ([SURE], "session_over")


def test_a_clearance_granted_later_lifts_the_alert_and_a_hold_never_cancels_a_session() -> None:
    story = Story(listed(cleared={}), planned())
    assert story.rules == ["uncleared_function_planned", "uncleared_function_planned"]
    story.happens(listed())
    assert story.rules == []
    assert all(e.how == "lifted" for e in story.said(AlertResolved))


def test_a_talk_does_not_make_a_mentor_cleared() -> None:
    story = Story(listed(cleared={}), planned()).happens(contact())
    assert story.rules == ["uncleared_function_planned", "uncleared_function_planned"]


def test_a_function_that_the_file_leaves_out_keeps_its_clearance() -> None:
    story = Story(listed(), listed(cleared={"academic_help": YEAR}))
    assert set(states(story)) == {"academic_help", *BOTH_BASE}


def test_the_same_row_again_publishes_nothing() -> None:
    story = Story(listed(), listed())
    assert len(story.told) == len(Story(listed()).told)


def test_a_new_supervisor_takes_over_the_open_alerts() -> None:
    story = held().happens(listed(supervisor_reference="sam"))
    assert story.case and story.alert(SURE).supervisor_id == story.case.supervisor_id != SUPERVISOR


def test_an_older_plan_changes_nothing() -> None:
    assert Story(planned(revision=2)).tries(planned(revision=1)) == Refused("stale_revision")


@pytest.mark.parametrize(
    "topics",
    [
        [[listed()], [planned(), planned(revision=2, starts_at=START + HOUR)], [assigned()], [opened(), answered(), completed()]],
        [[listed(cleared={})], [planned(), overdue()], [assigned()], [opened()]],
        [[listed()], [planned(), overdue()], [assigned()], [opened(), answered(confidence=None), completed()]],
    ],
    ids=["a safety miss", "not cleared and not done", "done in the end"],
)
def test_any_order_of_topics_ends_in_the_same_case(topics: list[list[Any]]) -> None:
    """Order within a topic is kept; topics have none between them."""
    ends = []
    for order in sorted(set(interleaved([len(topic) for topic in topics]))):
        rest = [list(topic) for topic in topics]
        story = Story(*(rest[topic].pop(0) for topic in order), at=START - 3 * HOUR)
        assert story.case
        ends.append(settled(story.case))
    assert len(ends) >= 12
    assert all(end == ends[0] for end in ends)


def interleaved(lengths: list[int]) -> list[tuple[int, ...]]:
    return list(permutations([topic for topic, length in enumerate(lengths) for _ in range(length)]))


def test_a_hundred_trainings_do_not_grow_the_case_without_end() -> None:
    story = Story(listed(), at=START)
    for number in range(1, 101):
        values = of(number)
        story.happens(mistaken(f"code_{number % 30}", number), at=values["starts_at"] - timedelta(hours=4))
    assert story.case and len(story.case.history.trainings) == 24


def test_of_a_name_that_stands_for_nobody_the_next_sessions_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands are planned for "to be found": each change would cost what all of them cost, and every site would wait."""
    monkeypatch.setattr(cases, "REMEMBERED_TO_COME", 3)
    starts = [START + n * HOUR for n in range(6)]
    story = Story(listed(), at=NOON)
    for number, starts_at in reversed(list(enumerate(starts, 1))):
        story.happens(planned(session_id=UUID(int=number), starts_at=starts_at))
        story.happens(planned(session_id=UUID(int=100 + number), starts_at=starts_at, status="cancelled"))
    assert story.case and sorted(s.starts_at for s in story.case.history.sessions if s.on) == starts[:3]
    assert sorted(s.starts_at for s in story.case.history.sessions if not s.on) == starts[:3]


def test_a_session_that_an_open_alert_is_about_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "REMEMBERED_TO_COME", 1)
    story = held().happens(planned(session_id=UUID(int=1), starts_at=START - HOUR))
    assert story.case and {s.starts_at for s in story.case.history.sessions} == {START - HOUR, START}
    assert [alert.rule for alert in story.case.alerts if alert.live] == [SURE]


def test_what_came_back_from_a_former_supervisor_passes_on_nothing_that_another_one_has() -> None:
    story, omars = held(), listed(supervisor_reference="omar")
    late = unheard(story.alert(SURE)).model_copy(update={"to": SUPERVISOR})
    story.happens(omars)
    assert story.tries(late) == Refused("with_somebody_else")
    assert story.alert(SURE).with_role == "supervisor"
    story.happens(late.model_copy(update={"to": omars.supervisor_id}))
    assert (story.alert(SURE).with_role, story.alert(SURE).passed_why) == ("site_lead", "unreached")
