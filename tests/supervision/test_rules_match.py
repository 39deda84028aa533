"""Rules about a match that goes on: each claim, and what is none."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.supervision.messages import ClearanceRevoked
from shared.contracts.event import Event
from shared.contracts.supervision import AlertRaised, AlertResolved
from shared.contracts.trigger import SessionBroughtBack, SessionCalledOff
from tests.supervision.builders import (
    BOTH_BASE,
    DAY,
    HOUR,
    MENTOR,
    SITE,
    START,
    SUPERVISOR,
    Story,
    checked_in,
    contact,
    listed,
    of,
    planned,
    undone,
)

STREAK, CONTACT, EXPIRING = "sessions_missed_in_a_row", "support_contact_overdue", "clearance_expiring"
ALONE = listed(match_started_on=None)


def session(number: int, status: str = "planned", revision: int = 1) -> Event:
    values = {name: value for name, value in of(number).items() if name != "training_id"}
    return planned(**values, status=status, revision=revision)


def told(number: int, *, happened: bool) -> Event:
    values = {name: value for name, value in of(number).items() if name != "training_id"}
    return checked_in(**values, happened=happened, steps={})


def called_off(number: int) -> SessionCalledOff:
    starts_at = of(number)["starts_at"]
    return SessionCalledOff(
        cancellation_id=UUID(int=90 + number), session_id=UUID(int=10 + number), mentor_id=MENTOR, site_id=SITE,
        starts_at=starts_at, first_day=starts_at.date(), day_after=starts_at.date() + timedelta(days=1), reason="holiday",
    )  # fmt: skip


def brought_back(number: int) -> SessionBroughtBack:
    return SessionBroughtBack(
        cancellation_id=UUID(int=90 + number), session_id=UUID(int=10 + number), mentor_id=MENTOR, site_id=SITE
    )


def lived(*statuses: str, first: int = 1) -> Story:
    """A session a week, told as its site tells it; the clock stands a day after the last."""
    story = Story(ALONE, at=START - 2 * DAY)
    for number, status in enumerate(statuses, first):
        story.until(of(number)["starts_at"] - DAY).happens(session(number))
        if status != "planned":
            story.happens(session(number, status, revision=2))
    return story.until(of(first + len(statuses) - 1)["starts_at"] + DAY)


@pytest.mark.parametrize(
    ("statuses", "rules"),
    [
        (["cancelled", "not_held"], [STREAK]),
        (["cancelled", "held", "cancelled"], []),
        (["cancelled", "planned", "cancelled"], []),
        (["cancelled"], []),
        (["held", "not_held", "not_held"], [STREAK]),
        (["cancelled", "moved_away", "cancelled"], [STREAK]),
    ],
)
def test_two_sessions_in_a_row_that_did_not_take_place(statuses: list[str], rules: list[str]) -> None:
    assert lived(*statuses).rules == rules


def test_a_session_that_is_still_to_come_is_not_missed_until_its_hour() -> None:
    story = Story(ALONE, at=START - 2 * DAY).happens(session(1, "cancelled"), session(2, "cancelled"))
    assert story.until(of(2)["starts_at"] - HOUR).rules == []
    assert story.until(of(2)["starts_at"]).rules == [STREAK]


def test_it_is_said_again_at_four_not_at_three_and_not_at_five() -> None:
    story = lived("cancelled", "cancelled")
    story.happens(contact(session_id=None))
    assert story.rules == []
    for number, asked in ((3, []), (4, [STREAK]), (5, [STREAK])):
        story.until(of(number)["starts_at"] - DAY).happens(session(number), session(number, "not_held", revision=2))
        story.until(of(number)["starts_at"] + DAY)
        assert story.rules == asked, number
    assert story.alert(STREAK).facts["missed"] == "5"
    assert len([e for e in story.said(AlertRaised) if e.rule == STREAK]) == 2


def test_a_very_long_row_says_nothing_new_each_week() -> None:
    story = lived(*["cancelled"] * 14)
    assert len([e for e in story.said(AlertRaised) if e.rule == STREAK]) == 2


def test_a_session_that_takes_place_closes_it() -> None:
    story = lived("cancelled", "cancelled", "held")
    [event] = [e for e in story.said(AlertResolved) if e.rule == STREAK]
    assert (story.rules, event.how, event.by) == ([], "lifted", None)


def test_the_mentors_own_word_counts_whatever_the_site_says() -> None:
    assert lived("held", "planned", first=1).happens(told(1, happened=False), told(2, happened=False)).rules == [STREAK]
    assert lived("not_held", "not_held").happens(told(2, happened=True)).rules == []


@pytest.mark.parametrize("number", [1, 2])
def test_a_day_off_of_the_site_is_nobodys_miss(number: int) -> None:
    story = lived("cancelled", "cancelled").happens(called_off(number))
    assert story.rules == []
    assert story.happens(brought_back(number)).rules == [STREAK]


def test_no_day_off_may_lie_between() -> None:
    assert lived("cancelled", "cancelled", "cancelled").happens(called_off(2)).rules == []


def matched(began: date, at: Any, **changes: Any) -> Story:
    return Story(listed(match_started_on=began.isoformat(), **changes), at=at)


BEGAN = START.date()
MONTH = START.replace(hour=6) + 28 * DAY  # midnight in Chicago, four weeks on


def test_a_talk_that_is_due_is_worth_knowing_and_a_week_later_it_is_asked_for() -> None:
    story = matched(BEGAN, START).until(MONTH - HOUR)
    assert story.rules == []
    story.until(MONTH)
    alert = story.alert(CONTACT)
    assert (alert.severity, alert.acknowledge_by, alert.asked_at) == ("info", None, None)
    story.until(MONTH + 7 * DAY)
    alert = story.alert(CONTACT)
    assert (alert.severity, alert.asked_at) == ("attention", MONTH + 7 * DAY)
    assert alert.acknowledge_by == MONTH + 14 * DAY + 8 * HOUR, "five working days, from the morning on"
    assert [e.severity for e in story.said(AlertRaised) if e.rule == CONTACT] == ["info", "attention"]


def test_a_talk_closes_it_and_counts_from_then() -> None:
    story = matched(BEGAN, START).until(MONTH + 2 * DAY)
    story.happens(contact(session_id=None))
    assert story.rules == []
    story.until(MONTH + 33 * DAY - HOUR)
    assert story.rules == []
    assert story.until(MONTH + 33 * DAY).rules == [CONTACT]


def test_a_talk_that_is_taken_back_did_not_count() -> None:
    story = matched(BEGAN, START).until(MONTH + 2 * DAY).happens(contact(session_id=None))
    assert story.happens(undone()).rules == [CONTACT]


def test_an_old_match_in_a_first_import_is_not_called_overdue_at_once() -> None:
    story = matched(BEGAN - timedelta(days=500), START).until(START + 30 * DAY)
    assert story.rules == []
    assert story.until(START + 31 * DAY).rules == [CONTACT]


def test_a_case_from_before_talks_were_kept_has_a_month_from_the_first_look() -> None:
    story = matched(BEGAN - timedelta(days=500), START)
    assert story.case
    story.case = replace(story.case, history=replace(story.case.history, known_since=None), review_at=START + DAY)
    assert story.until(START + 32 * DAY - HOUR).rules == []
    assert story.until(START + 32 * DAY).rules == [CONTACT]


def test_who_has_no_match_or_has_left_is_due_for_nothing() -> None:
    assert Story(ALONE, at=START).until(START + 90 * DAY).rules == []


ENDS = START + 40 * DAY
SHORT = BOTH_BASE | {"relationship_building": ENDS}


def using(at: Any) -> Event:
    return planned(session_id=UUID(int=50), starts_at=at)


def test_a_clearance_that_ends_is_on_mondays_list_30_and_7_days_before() -> None:
    story = Story(listed(match_started_on=None, cleared=SHORT), using(ENDS - DAY), at=START)
    assert story.until(ENDS - 30 * DAY - HOUR).rules == []
    story.until(ENDS - 30 * DAY)
    alert = story.alert(EXPIRING)
    assert (alert.severity, alert.with_role, alert.acknowledge_by) == ("info", "digest", None)
    assert alert.facts == {"function": "relationship_building", "until": ENDS.isoformat()}
    story.until(ENDS - 7 * DAY)
    assert len([e for e in story.said(AlertRaised) if e.rule == EXPIRING]) == 2


def test_it_needs_a_session_that_rests_on_it_and_closes_when_it_is_renewed() -> None:
    without = Story(listed(match_started_on=None, cleared=SHORT), at=START).until(ENDS - DAY)
    assert without.rules == []
    story = Story(listed(match_started_on=None, cleared=SHORT), using(ENDS - DAY), at=START).until(ENDS - 20 * DAY)
    story.happens(listed(match_started_on=None, cleared=BOTH_BASE))
    assert (story.rules, story.alert(EXPIRING).how) == ([], "lifted")


def test_what_was_revoked_is_not_said_to_expire() -> None:
    story = Story(listed(match_started_on=None, cleared=SHORT), using(ENDS - DAY), at=START)
    revoked = ClearanceRevoked(mentor_id=MENTOR, function="relationship_building", reason="not_as_agreed", by=SUPERVISOR,
                               request_id=UUID(int=42))  # fmt: skip
    story.happens(revoked, at=START + HOUR).until(ENDS - 20 * DAY)
    assert EXPIRING not in story.rules


def ending(days: int, **changes: Any) -> Event:
    ends_on = (START + days * DAY).date().isoformat()
    return listed(
        matches=({"mentee_ref": "y1", "started_on": "2026-09-01", "ends_on": ends_on} | changes,), match_started_on=None
    )


def goodbye(days: int, status: str = "planned", mentee_ref: str | None = "y1") -> Event:
    return planned(
        session_id=UUID(int=70), starts_at=START + days * DAY, activity="goodbye", status=status, mentee_ref=mentee_ref,
        revision=2 if status != "planned" else 1,
    )  # fmt: skip


LAST_DAY = (START + 20 * DAY).replace(hour=6)  # midnight in Chicago
FAREWELL = "ending_without_goodbye"


def without_contacts(story: Story) -> list[str]:
    return [rule for rule in story.rules if rule != CONTACT]


def test_a_match_that_ends_within_two_weeks_has_a_goodbye_or_somebody_is_asked() -> None:
    story = Story(ending(20), at=START).until(LAST_DAY - 14 * DAY - HOUR)
    assert without_contacts(story) == []
    story.until(LAST_DAY - 14 * DAY)
    assert without_contacts(story) == [FAREWELL]
    assert without_contacts(story.happens(goodbye(18))) == []
    assert without_contacts(story.happens(goodbye(18, "cancelled"))) == [FAREWELL]


def test_the_goodbye_of_another_match_is_none_of_this_one() -> None:
    story = Story(ending(10), goodbye(8, mentee_ref="y2"), at=START)
    assert without_contacts(story) == [FAREWELL]


def test_a_match_that_closes_without_one_is_told_again_when_it_is_over() -> None:
    story = Story(ending(10), at=START)
    assert without_contacts(story.until(START + 15 * DAY)) == [FAREWELL]
    assert [e.facts["when"] for e in story.said(AlertRaised) if e.rule == FAREWELL] == ["soon", "over"]


def test_a_match_without_an_end_that_is_closing_counts_and_one_over_long_ago_does_not() -> None:
    assert without_contacts(Story(ending(0, ends_on=None, closing=True), at=START)) == [FAREWELL]
    assert without_contacts(Story(ending(-20), at=START)) == []
