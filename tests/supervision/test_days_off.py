"""Days that were called off: one alert for each supervisor, whatever the number of sessions, and none once it is taken back."""

from datetime import date, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

from services.supervision import days_off
from services.supervision.days_off import DayOff, Facts
from services.supervision.messages import DayNoted
from shared.contracts.event import Due, Event, Refused
from shared.contracts.supervision import DayCalledOff, DayCalledOffClosed
from shared.contracts.trigger import SessionBroughtBack, SessionCalledOff
from tests.supervision.builders import DAY, HOUR, LEAD, MENTOR, SITE, START, SUPERVISOR

SNOW = UUID(int=99)
OTHER = UUID(int=5)
NOW = START - 10 * HOUR


def off(number: int = 1, starts_at: datetime = START) -> SessionCalledOff:
    return SessionCalledOff(
        cancellation_id=SNOW, session_id=UUID(int=number), mentor_id=MENTOR, site_id=SITE, starts_at=starts_at,
        first_day=date(2026, 11, 26), day_after=date(2026, 11, 27), reason="snow_day",
    )  # fmt: skip


def back(number: int = 1) -> SessionBroughtBack:
    return SessionBroughtBack(cancellation_id=SNOW, session_id=UUID(int=number), mentor_id=MENTOR, site_id=SITE)


def noted(by: UUID = SUPERVISOR, caseload: UUID | None = SUPERVISOR) -> DayNoted:
    return DayNoted(cancellation_id=SNOW, by=by, caseload=caseload)


class Snow:
    """A day that is called off, with its clock."""

    def __init__(self, *events: Event, supervisors: dict[int, UUID | None] | None = None) -> None:
        self.day: DayOff | None = None
        self.told: list[Any] = []
        self.supervisors = supervisors or {}
        self.now = NOW
        self.happens(*events)

    def happens(self, *events: Event, after: timedelta = timedelta(0)) -> "Snow":
        self.now += after
        for event in events:
            assert not isinstance(done := self.tries(event), Refused), done
        return self

    def tries(self, event: Any) -> Any:
        decide: Any = {
            SessionCalledOff: days_off.called_off, SessionBroughtBack: days_off.brought_back, DayNoted: days_off.noted,
        }[type(event)]  # fmt: skip
        number = event.session_id.int if isinstance(event, SessionCalledOff) else 0
        result = decide(self.day, event, self.now, Facts(self.supervisors.get(number, SUPERVISOR)))
        if not isinstance(result, Refused):
            self.day, told = result
            self.told += told
        return result

    def settles(self) -> list[Any]:
        """What is said when the clock has come; answers only what is new."""
        assert self.day and self.day.due_at
        self.now, before = self.day.due_at, len(self.told)
        result = days_off.due(self.day, Due(), self.now, Facts())
        assert not isinstance(result, Refused)
        self.day, told = result
        assert self.day.due_at is None
        self.told += told
        return self.told[before:]


def sessions(alert: DayCalledOff) -> list[int]:
    return [one.session_id.int for one in alert.sessions]


def test_many_sessions_of_a_day_are_one_alert_for_each_supervisor() -> None:
    snow = Snow(*(off(n, START - n * HOUR) for n in range(1, 7)), supervisors={2: OTHER, 5: OTHER, 6: None})
    alerts = {alert.supervisor_id: alert for alert in snow.settles()}
    assert {supervisor: sessions(alert) for supervisor, alert in alerts.items()} == {
        SUPERVISOR: [4, 3, 1], OTHER: [5, 2], None: [6],
    }  # fmt: skip
    assert len({alert.alert_id for alert in alerts.values()}) == 3
    assert {alert.severity for alert in alerts.values()} == {"info"}


def test_the_alert_waits_until_the_last_session_is_told_but_no_longer_than_a_minute() -> None:
    snow = Snow(off(1))
    assert snow.day and snow.day.due_at == NOW + days_off.SETTLES
    for n in range(2, 30):
        snow.happens(off(n), after=timedelta(seconds=4))
    assert snow.day.due_at == NOW + days_off.LONGEST
    assert len(snow.settles()) == 1


def test_taken_back_before_anybody_was_told_nobody_is_told() -> None:
    assert Snow(off(1), off(2), back(1), back(2)).settles() == []


def test_taken_back_the_alert_closes_by_itself_once() -> None:
    snow = Snow(off(1), off(2))
    (raised,) = snow.settles()
    snow.happens(back(1))
    assert snow.settles() == []
    (closed,) = snow.happens(back(2)).settles()
    assert isinstance(closed, DayCalledOffClosed)
    assert (closed.alert_id, closed.how, closed.by) == (raised.alert_id, "lifted", None)
    assert snow.tries(back(2)) == Refused("not_called_off")


def test_what_was_noted_is_told_again_only_when_more_is_called_off() -> None:
    snow = Snow(off(1), off(2))
    snow.settles()
    (closed,) = snow.happens(noted()).told[-1:]
    assert (closed.how, closed.by) == ("noted", SUPERVISOR)
    assert snow.tries(noted()) == Refused("nothing_to_note")
    snow.happens(back(2))
    assert snow.settles() == []
    (again,) = snow.happens(off(3)).settles()
    assert sessions(again) == [1, 3]
    snow.happens(back(1), back(3))
    assert [one.how for one in snow.settles()] == ["lifted"]


def test_a_noted_alert_that_is_taken_back_says_nothing_more() -> None:
    snow = Snow(off(1))
    snow.settles()
    snow.happens(noted(), back(1))
    assert snow.settles() == []


def test_a_supervisor_notes_their_own_alert_and_a_lead_everybodys() -> None:
    snow = Snow(off(1), off(2), supervisors={2: OTHER})
    snow.settles()
    snow.happens(noted(OTHER, OTHER))
    assert [(n.supervisor_id, n.state) for n in snow.day.notices] == [(SUPERVISOR, "open"), (OTHER, "noted")]  # type: ignore[union-attr]
    snow.happens(noted(LEAD, None))
    assert {n.state for n in snow.day.notices} == {"noted"}  # type: ignore[union-attr]


def test_any_order_of_several_mentors_words_ends_in_the_same_alert() -> None:
    events = [off(1), off(2), off(3), off(4)]
    told = [sessions(Snow(*order).settles()[0]) for order in permutations(events)]
    assert told == [[1, 2, 3, 4]] * 24


def test_a_word_about_a_day_that_nobody_knows_is_refused() -> None:
    assert days_off.brought_back(None, back(), NOW + DAY, Facts()) == Refused("not_called_off")
    assert days_off.noted(None, noted(), NOW, Facts()) == Refused("nothing_to_note")
