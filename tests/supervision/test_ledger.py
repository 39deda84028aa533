"""The task-shifting ledger: what is earned, signed off, renewed, revoked and taken back, and what the roster says of it."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from services.supervision.ledger import Evidence, Lack, Standing, standing
from services.supervision.messages import ClearanceRevoked, ClearanceSignedOff, ClearanceUndone
from shared.contracts.event import Event, Refused
from shared.contracts.supervision import ClearanceChanged, Match, MentorEnrolled
from shared.contracts.vocabulary import Function, vocabulary
from tests.supervision.builders import (
    BOTH_BASE,
    DAY,
    HOUR,
    LEAD,
    MENTOR,
    MINUTE,
    START,
    SUPERVISOR,
    YEAR,
    Story,
    answered,
    assigned,
    completed,
    contact,
    listed,
    of,
    settled,
)

TALK, HELP, FIRST, COACHING = (
    "school_motivation_talk",
    "academic_help",
    "safeguarding_first_response",
    "executive_function_coaching",
)
ENOUGH = Evidence(talks=3, check_ins=2)


def function(name: str) -> Function:
    return vocabulary().functions[name]


def signs(name: str, **changes: Any) -> ClearanceSignedOff:
    known = function(name)
    values: dict[str, Any] = {
        "mentor_id": MENTOR, "function": name, "how": (known.ways or ("observed",))[0], "lines": len(known.checklist),
        "by": SUPERVISOR, "request_id": UUID(int=41),
    }  # fmt: skip
    return ClearanceSignedOff(**values | changes)


def revokes(name: str, **changes: Any) -> ClearanceRevoked:
    values: dict[str, Any] = {
        "mentor_id": MENTOR, "function": name, "reason": "not_as_agreed", "by": SUPERVISOR, "request_id": UUID(int=42),
    }  # fmt: skip
    return ClearanceRevoked(**values | changes)


def takes_back(number: int = 41, by: UUID = SUPERVISOR) -> ClearanceUndone:
    return ClearanceUndone(mentor_id=MENTOR, mark_id=UUID(int=number), by=by)


def a_training(skill: str, number: int, at: datetime) -> list[Event]:
    """Assigned, one question right, and done."""
    own = of(number) | {"starts_at": at + HOUR}
    item = {"module_id": f"{skill}_1", "item_id": "q1", "skill": skill, "safety_critical": False, "correct": True, "mistakes": ()}
    return [
        assigned(**own, module={"module_id": f"{skill}_1", "version": 1}, skill=skill),
        answered(**own, **item, answered_at=at, received_at=at),
        completed(**own, completed_at=at),
    ]


def trained(story: Story, name: str, at: datetime = START, first: int = 1) -> Story:
    for number, skill in enumerate(function(name).skills, first):
        story.happens(*a_training(skill, number, at), at=at)
    return story


def at(story: Story, name: str, evidence: Evidence = ENOUGH) -> Standing:
    assert story.case
    return standing(story.case, name, story.now, evidence)


def lines(story: Story, name: str) -> list[tuple[str, str]]:
    return [(e.state, e.why) for e in story.said(ClearanceChanged) if e.function == name]


def roster(story: Story) -> dict[str, tuple[str, datetime | None]]:
    return {c.function: (c.state, c.until) for c in story.said(MentorEnrolled)[-1].clearances}


def test_a_function_is_signed_off_once_every_training_is_done_and_says_so_before() -> None:
    story = Story(listed())
    for number, skill in enumerate(function(TALK).skills, 1):
        assert Lack("training", skill) in at(story, TALK).lacks
        assert story.tries(signs(TALK)) == Refused("lacks_training")
        story.happens(*a_training(skill, number, START), at=START)
    assert at(story, TALK).needs_sign_off
    story.happens(signs(TALK))
    until = datetime(2027, 5, 27, 4, 59, 59, 999999, UTC)  # the last moment of May 26 in Chicago, six months later
    assert roster(story)[TALK] == ("cleared", until)
    assert lines(story, TALK) == [("cleared", "signed_off")]
    changed = story.said(ClearanceChanged)[-1]
    assert (changed.until, changed.by) == (until, SUPERVISOR)


def test_of_two_who_sign_off_at_once_the_first_counts() -> None:
    story = trained(Story(listed()), TALK).happens(signs(TALK))
    assert story.tries(signs(TALK, by=LEAD, request_id=UUID(int=43))) == Refused("already_cleared")
    assert lines(story, TALK) == [("cleared", "signed_off")]


def test_every_line_of_the_checklist_has_to_be_there_and_be_seen_in_a_way_that_counts() -> None:
    story = trained(Story(listed()), TALK)
    assert story.tries(signs(TALK, lines=3)) == Refused("checklist_not_whole")
    assert story.tries(signs(TALK, how="talked_through")) == Refused("checklist_not_whole")


def test_what_has_no_sign_off_comes_with_its_last_training_and_counts_from_it() -> None:
    story = trained(Story(listed()), HELP)
    assert roster(story)[HELP] == ("cleared", datetime(2027, 11, 27, 5, 59, 59, 999999, UTC))
    assert lines(story, HELP) == [("cleared", "trained")]
    assert story.tries(signs(HELP)) == Refused("no_such_sign_off")


@pytest.mark.parametrize("name", [HELP, TALK])
def test_an_open_safety_miss_comes_before_any_clearance_until_it_is_talked_through(name: str) -> None:
    skill = function(name).skills[0]
    story = trained(Story(listed()).happens(answered(skill=skill, item_id="q9")), name)
    assert at(story, name).lacks == (Lack("hold"),)
    assert name not in roster(story)
    assert story.tries(signs(name)) in (Refused("lacks_hold"), Refused("no_such_sign_off"))
    story.happens(contact(clear=True))
    assert at(story, name).needs_sign_off if function(name).sign_off else roster(story)[name][0] == "cleared"


def test_an_open_safety_miss_suspends_what_was_signed_off_and_a_talk_clears_it() -> None:
    story = trained(Story(listed()), TALK).happens(signs(TALK))
    story.happens(answered(skill="open_questions", item_id="q9"), at=START + DAY)
    assert (at(story, TALK).state, roster(story)[TALK][0]) == ("on_hold", "suspended")
    story.happens(contact(clear=True), at=START + 2 * DAY)
    assert lines(story, TALK) == [("cleared", "signed_off"), ("suspended", "safety_miss"), ("cleared", "talked_through")]


def test_base_functions_need_no_modules_since_the_site_trains_before_the_match() -> None:
    story = Story(listed(cleared={}))
    assert at(story, FIRST).needs_sign_off
    assert lines(story.happens(signs(FIRST)), FIRST) == [("cleared", "signed_off")]


def test_what_is_off_by_default_is_not_offered_unless_the_sites_file_gave_it() -> None:
    assert Story(listed()).tries(signs("structured_skill_lesson")) == Refused("no_such_sign_off")
    given = trained(Story(listed(cleared={"structured_skill_lesson": START + 10 * DAY})), "structured_skill_lesson")
    assert lines(given.happens(signs("structured_skill_lesson")), "structured_skill_lesson")[-1] == ("cleared", "renewed")


# ---- renewing


def signed(name: str = TALK) -> Story:
    """Signed off at START, for six months; a few days before the end now."""
    story = trained(Story(listed()), name).happens(signs(name))
    story.now = START + 170 * DAY
    return story


def test_renewing_waits_for_its_last_month() -> None:
    story = signed()
    story.now = START + 100 * DAY
    assert story.tries(signs(TALK, request_id=UUID(int=44))) == Refused("already_cleared")


def test_renewing_takes_a_training_on_the_skill_practiced_longest_ago() -> None:
    story = Story(listed())
    for number, skill in enumerate(function(TALK).skills, 1):  # open_questions first: it is the weakest later on
        story.happens(*a_training(skill, number, START + number * DAY), at=START + number * DAY)
    story.happens(signs(TALK)).facts = story.facts.__class__(evidence=ENOUGH)
    story.now = START + 170 * DAY
    assert at(story, TALK).lacks == (Lack("practice", "open_questions"),)
    story.happens(*a_training("change_talk", 8, story.now))
    assert at(story, TALK).lacks == (Lack("practice", "open_questions"),)
    assert story.tries(signs(TALK, request_id=UUID(int=44))) == Refused("lacks_practice")
    story.happens(*a_training("open_questions", 9, story.now + DAY), at=story.now + DAY)
    assert at(story, TALK).needs_sign_off
    story.happens(signs(TALK, request_id=UUID(int=44)))
    assert lines(story, TALK) == [("cleared", "signed_off"), ("cleared", "renewed")]


@pytest.mark.parametrize(("name", "little", "lack"), [
    (TALK, Evidence(talks=2), Lack("contacts", count=1)),
    (COACHING, Evidence(check_ins=0), Lack("check_ins", count=2)),
])  # fmt: skip
def test_renewing_counts_talks_or_check_ins_where_the_function_asks_for_them(name: str, little: Evidence, lack: Lack) -> None:
    story = trained(Story(listed()), name).happens(signs(name))
    story.now = START + (function(name).months or 0) * 30 * DAY
    trained(story, name, story.now, first=11)
    assert at(story, name, little).lacks == (lack,)
    assert at(story, name).lacks == ()


def test_first_response_is_renewed_with_a_question_of_each_of_its_skills() -> None:
    end = START + 20 * DAY
    story = Story(listed(cleared={FIRST: end}))
    assert at(story, FIRST).lacks == tuple(Lack("practice", skill) for skill in function(FIRST).skills)
    for number, skill in enumerate(function(FIRST).skills, 1):
        story.happens(*a_training(skill, number, START), at=START)
    assert at(story, FIRST).needs_sign_off


def test_what_has_no_sign_off_is_renewed_by_a_fresh_training_alone() -> None:
    story = trained(Story(listed()), HELP)
    later = START + 350 * DAY  # November 11
    story.happens(*a_training("homework_coaching", 9, later), at=later)
    assert roster(story)[HELP][1] == datetime(2028, 11, 12, 5, 59, 59, 999999, UTC)
    assert lines(story, HELP) == [("cleared", "trained"), ("cleared", "trained")]


def test_one_that_has_ended_is_renewed_in_the_same_way() -> None:
    story = signed()
    story.facts = story.facts.__class__(evidence=ENOUGH)
    story.now = START + 300 * DAY
    assert at(story, TALK).state == "ended"
    trained(story, TALK, story.now, first=11).happens(signs(TALK, request_id=UUID(int=44)))
    assert at(story, TALK).state == "cleared"


# ---- revoking, taking back, and ends


def test_a_revoked_function_is_not_cleared_for_anybody_and_can_be_signed_off_again() -> None:
    story = trained(Story(listed()), TALK).happens(signs(TALK)).happens(revokes(TALK), at=START + DAY)
    assert (roster(story)[TALK][0], at(story, TALK).state) == ("revoked", "revoked")
    assert story.case and story.case.lack(TALK, START + DAY) == "missing"
    assert story.tries(revokes(TALK, request_id=UUID(int=45))) == Refused("not_cleared")
    story.happens(signs(TALK, request_id=UUID(int=46)), at=START + 2 * DAY)
    assert [why for _, why in lines(story, TALK)] == ["signed_off", "revoked", "signed_off"]
    assert roster(story)[TALK][0] == "cleared"


@pytest.mark.parametrize("after", [0 * MINUTE, 10 * MINUTE])
def test_a_sign_off_is_taken_back_within_ten_minutes(after: timedelta) -> None:
    story = trained(Story(listed()), TALK).happens(signs(TALK)).happens(takes_back(), at=START + after)
    assert TALK not in roster(story)
    assert at(story, TALK).needs_sign_off
    assert lines(story, TALK)[-1] == ("revoked", "undone")


def test_not_later_not_twice_not_by_another_and_not_once_it_was_changed() -> None:
    story = trained(Story(listed()), TALK).happens(signs(TALK))
    assert story.tries(takes_back(by=LEAD)) == Refused("too_late_to_undo")
    assert story.tries(takes_back(), at=START + 11 * MINUTE) == Refused("too_late_to_undo")
    story.happens(revokes(TALK), at=START + 5 * MINUTE)
    assert story.tries(takes_back(41), at=START + 6 * MINUTE) == Refused("changed_since")
    story.happens(takes_back(42), at=START + 7 * MINUTE)
    assert story.tries(takes_back(42), at=START + 8 * MINUTE) == Refused("already_undone")
    assert roster(story)[TALK][0] == "cleared"


def test_taking_back_a_renewal_leaves_the_old_end() -> None:
    story = signed()
    story.facts = story.facts.__class__(evidence=ENOUGH)
    old = roster(story)[TALK]
    trained(story, TALK, story.now, first=11).happens(signs(TALK, request_id=UUID(int=44))).happens(takes_back(44))
    assert roster(story)[TALK] == old


def test_the_same_peoples_file_again_undoes_neither_a_sign_off_nor_a_revocation() -> None:
    soon = START + 10 * DAY
    story = Story(listed(cleared={**BOTH_BASE, FIRST: soon}), at=START)
    trained(story, FIRST).happens(signs(FIRST))
    story.happens(revokes("relationship_building"))
    before = roster(story)
    story.happens(listed(cleared={**BOTH_BASE, FIRST: soon}, phone="555 555 0123"), at=START + DAY)
    assert roster(story) == before
    story.happens(listed(cleared={**BOTH_BASE, FIRST: YEAR + DAY}), at=START + 2 * DAY)
    assert roster(story)[FIRST] == ("cleared", YEAR + DAY)


def test_what_is_granted_for_a_match_ends_with_it() -> None:
    story = trained(Story(listed(matches=(Match(started_on="2026-09-01"),))), "closure_support")
    story.happens(signs("closure_support"))
    assert roster(story)["closure_support"] == ("cleared", None)
    story.happens(listed(matches=(Match(started_on="2026-09-01", ends_on="2026-11-28"),)), at=START + 5 * DAY)
    assert "closure_support" not in roster(story)
    assert lines(story, "closure_support")[-1] == ("revoked", "match_ended")


def test_trainings_and_plans_in_any_order_end_in_the_same_ledger() -> None:
    steps = [listed(), *a_training("homework_coaching", 1, START)]
    own = trained(Story(), HELP, START, first=2)
    ends = [
        settled(found.case) for order in permutations(steps) if (found := trained(Story(*order, at=START), HELP, first=2)).case
    ]
    assert own.case
    assert len(ends) == 24
    assert all(one.granted == ends[0].granted and one.history.trained == ends[0].history.trained for one in ends)
    assert HELP in ends[0].granted


def test_an_older_assignment_that_tells_no_skill_is_known_by_its_modules_name() -> None:
    story = Story(listed(), assigned(module={"module_id": "change_talk_1", "version": 1}), completed())
    assert story.case and dict(story.case.history.trained).keys() == {"change_talk"}
