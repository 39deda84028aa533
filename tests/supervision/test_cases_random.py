"""Whatever happens, in whatever order: nothing crashes, nothing is lost, and nothing turns for ever."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.supervision.budget import Ask
from services.supervision.cases import Facts
from services.supervision.clearances import clearances
from services.supervision.domain import Alert
from services.supervision.rules import BY_NAME
from services.supervision.store_cases import HISTORY
from shared.contracts.event import Event
from shared.contracts.supervision import AlertRaised, AlertResolved, MentorEnrolled
from tests.supervision.builders import (
    DAY,
    HOUR,
    LEAD,
    START,
    YEAR,
    Story,
    answered,
    assigned,
    call,
    checked_in,
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
    taken,
    undone,
)
from tests.supervision.test_rules_match import brought_back, called_off, ending

Step = Callable[[Story], Event | None]
number = st.integers(1, 4)
small = st.integers(1, 3)


def session(n: int) -> dict[str, Any]:
    return {name: value for name, value in of(n).items() if name != "training_id"}


def on_an_alert(make: Callable[[Alert], Event]) -> st.SearchStrategy[Step]:
    """Some alert of the case, live or not; nothing where there is none."""

    def step(index: int) -> Step:
        return lambda story: make(story.case.alerts[index % len(story.case.alerts)]) if story.case and story.case.alerts else None

    return st.integers(0, 5).map(step)


def just(events: st.SearchStrategy[Event]) -> st.SearchStrategy[Step]:
    return events.map(lambda event: lambda story: event)


ACTIVITIES = st.sampled_from(["relationship_activity", "check_in", "risk_assessment", "unheard_of", "goodbye"])
CLEARED = st.dictionaries(
    st.sampled_from(["relationship_building", "safeguarding_first_response", "social_emotional_check_in"]),
    st.sampled_from([None, YEAR, START + 3 * DAY]),
)
STEPS = st.one_of(
    just(st.builds(lambda c, s: listed(cleared=c, supervisor_reference=s), CLEARED, st.sampled_from([None, "dana", "sam"]))),
    just(
        st.builds(
            lambda n, revision, activity, status, hours: planned(
                **session(n) | {"starts_at": of(n)["starts_at"] + hours * HOUR, "revision": revision, "activity": activity},
                status=status,
            ),
            number, st.integers(1, 6), ACTIVITIES,
            st.sampled_from(["planned", "planned", "cancelled", "moved_away", "held", "not_held"]),
            st.integers(-30, 30),
        )
    ),
    just(st.builds(lambda days, closing: ending(days, closing=closing), st.integers(-3, 20), st.booleans())),
    just(number.map(called_off)),
    just(number.map(brought_back)),
    just(number.map(lambda n: assigned(**of(n)))),
    just(number.map(lambda n: opened(**of(n)))),
    just(number.map(lambda n: completed(**of(n)))),
    just(number.map(lambda n: overdue(**of(n)))),
    just(
        st.builds(
            lambda n, item, attempt, confidence, late: answered(
                **of(n), item_id=f"q{item}", attempt=attempt, confidence=confidence,
                received_at=of(n)["starts_at"] + late * HOUR, answered_at=of(n)["starts_at"] - HOUR,
            ),
            number, small, st.sampled_from([1, 2]), st.sampled_from(["sure", "guess", None]), st.integers(-4, 4),
        )
    ),
    just(st.builds(lambda n, code, wrong: mistaken(f"code{code}", n, wrong=wrong), number, small, st.booleans())),
    just(st.builds(lambda kind, h: call(kind=kind, pressed_at=START - h * HOUR), st.sampled_from(["now", "can_wait"]), small)),
    just(
        st.builds(
            lambda id, n, outcome, clear: contact(request_id=UUID(int=30 + id), outcome=outcome, clear=clear,
                                                  session_id=of(n)["session_id"] if n else None),
            small, st.integers(0, 4), st.sampled_from(["talked", "not_needed", "snoozed"]), st.booleans(),
        )
    ),
    just(
        st.builds(
            lambda n, revision, talk, done, happened: checked_in(
                **session(n), revision=revision, wants_to_talk=talk, happened=happened,
                steps={f"step{k}": said for k, said in enumerate(done) if said} if happened else {},
            ),
            number, small, st.sampled_from(["no", "week", "today"]),
            st.lists(st.sampled_from(["did", "partly", "no", None]), max_size=3), st.booleans(),
        )
    ),
    just(small.map(lambda id: undone(contact_id=UUID(int=30 + id)))),
    on_an_alert(taken),
    on_an_alert(lambda alert: taken(alert, LEAD)),
    on_an_alert(passed_on),
    on_an_alert(closed),
)  # fmt: skip
WAITS = st.sampled_from([timedelta(), timedelta(minutes=7), HOUR, 5 * HOUR, 3 * DAY, 20 * DAY])
FULL = tuple(Ask(UUID(int=500 + n), "mentor_asked_to_talk", START + n * DAY, "own") for n in range(-60, 60))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(STEPS, WAITS), max_size=25), st.sampled_from([(), FULL]))
def test_whatever_happens_nothing_is_lost(steps: list[tuple[Step, timedelta]], asks: tuple[Ask, ...]) -> None:
    """Also in a week whose places are all taken."""
    story = Story(at=START - 3 * DAY)
    story.facts = Facts(LEAD, asks=asks)
    for step, wait in steps:
        if event := step(story):
            story.tries(event)
        story.until(story.now + wait)
        nothing_is_lost(story)


def nothing_is_lost(story: Story) -> None:
    if story.case is None:
        return
    places = Counter((alert.rule, alert.subject) for alert in story.live)
    assert all(count == 1 for count in places.values()), "one open alert per rule and subject"
    for alert in story.live:
        if alert.state == "open" and not (alert.severity == "info" and alert.acknowledge_by is None):
            assert alert.escalate_at or alert.with_role in ("digest", "on_call"), "somebody is asked next, or was asked last"
        assert alert.with_role != "digest" or alert.severity != "urgent", "what is urgent waits for no list"
        assert alert.place != "digest" or BY_NAME[alert.rule].may_wait
        assert not (alert.place and alert.place_at), "a place is given once"
    assert story.case.due_at is None or story.case.due_at > story.now, "every clock lies ahead once it was looked at"
    assert HISTORY.validate_json(HISTORY.dump_json(story.case.history)) == story.case.history
    said_in_order(story)


def said_in_order(story: Story) -> None:
    """What the bus was told adds up to the state: the newest roster event, and one alert_raised before every other word."""
    assert story.case
    rosters = story.said(MentorEnrolled)
    assert [event.revision for event in rosters] == list(range(1, len(rosters) + 1))
    if rosters:
        assert rosters[-1].clearances == tuple(clearances(story.case).values())
    open_now: set[UUID] = set()
    for event in story.told:
        if isinstance(event, AlertRaised):
            open_now.add(event.alert_id)
        elif isinstance(event, AlertResolved):
            assert event.alert_id in open_now
            open_now.remove(event.alert_id)
    assert open_now == {alert.alert_id for alert in story.live}
