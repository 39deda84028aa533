"""A notice's life, and what makes one: pure."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.supervision import cases, causes, notices, preparations, reach, sending, store_notices
from services.supervision.messages import SupervisorLeft
from services.supervision.notice_messages import ChannelChosen, NoticeAsked, NoticeReported, NoticeTried
from services.supervision.notices import Notice
from services.supervision.reach import Reach
from shared.contracts import ids
from shared.contracts.assessment import LinkRequested
from shared.contracts.event import Refused
from shared.contracts.supervision import NoticeDelivered
from shared.contracts.trigger import NudgeRequested
from shared.running import Running
from tests.supervision import builders
from tests.supervision.builders import DAY, HOUR, LEAD, MENTOR, MINUTE, SESSION, SITE, START, SUPERVISOR, TRAINING, Story

NOW = START - DAY
OMAR = ids.supervisor(SITE, "omar")


def notice(**changes: Any) -> Notice:
    made = notices.new(TRAINING, "training", "training", NOW, site_id=SITE, to=MENTOR, until=START)
    return replace(made, **{"state": "sending", "tries": 1} | changes)


def tried(outcome: str, **changes: Any) -> NoticeTried:
    values = {"notice_id": notice().notice_id, "site_id": SITE, "person_id": MENTOR, "tries": 1, "outcome": outcome,
              "channel": "mail"}  # fmt: skip
    return NoticeTried(**values | changes)


def reported(status: str, **changes: Any) -> NoticeReported:
    values = {"notice_id": notice().notice_id, "site_id": SITE, "person_id": MENTOR, "status": status}
    return NoticeReported(**values | changes)


def after(before: Notice, event: NoticeTried | NoticeReported, now: Any = NOW) -> Notice:
    decide = notices.tried if isinstance(event, NoticeTried) else notices.reported
    result = decide(before, event, now, None)
    assert not isinstance(result, Refused), result
    return result[0]


def known(result: reach.Decided) -> Reach:
    assert not isinstance(result, Refused), result
    return result[0]


def refusal(before: Notice, event: NoticeTried | NoticeReported) -> str:
    decide = notices.tried if isinstance(event, NoticeTried) else notices.reported
    result = decide(before, event, NOW, None)
    assert isinstance(result, Refused), result
    return result.reason


def test_what_a_server_took_is_sent_and_everybody_is_told() -> None:
    result = notices.tried(notice(), tried("accepted", provider_id="<1@x>"), NOW, None)
    assert not isinstance(result, Refused)
    sent, (told,) = result
    assert (sent.state, sent.due_at, sent.sent_at, sent.provider_id) == ("sent", None, NOW, "<1@x>")
    assert isinstance(told, NoticeDelivered)
    assert (told.state, told.person_id, told.kind, told.channel) == ("sent", MENTOR, "training", "mail")


def test_a_server_that_is_busy_is_asked_again_later_and_later() -> None:
    waits = [after(notice(tries=n), tried("later", tries=n)).due_at for n in (1, 2, 3, 9)]
    assert waits == [NOW + MINUTE, NOW + 2 * MINUTE, NOW + 4 * MINUTE, NOW + HOUR]


@pytest.mark.parametrize("kind", ["alert", "escalation", "hold"])
def test_what_asks_for_somebody_is_tried_again_every_four_minutes_at_least(kind: notices.Kind) -> None:
    assert [notices.wait(tries, kind) for tries in (1, 3, 9)] == [MINUTE, 4 * MINUTE, 4 * MINUTE]


def test_what_cannot_arrive_in_time_any_more_expires() -> None:
    late = after(notice(), tried("later", reason="smtp_451"), START - timedelta(seconds=30))
    assert (late.state, late.due_at, late.reason) == ("expired", None, "smtp_451")


def test_a_try_that_was_put_off_is_no_try() -> None:
    off = after(notice(), tried("postponed", again_at=NOW + 10 * HOUR))
    assert (off.state, off.tries, off.due_at) == ("waiting", 0, NOW + 10 * HOUR)


def test_a_notice_that_is_put_off_again_says_so_under_another_id() -> None:
    first = tried("postponed", again_at=NOW + MINUTE)
    off = after(notice(), first)
    again = tried("postponed", tries=off.tries + 1, again_at=NOW + 2 * MINUTE)
    assert again.tries == first.tries
    assert sending.told_as(again) != sending.told_as(first), "else it is a used id with other content: a dead letter"
    assert sending.told_as(tried("later")) == sending.told_as(tried("later", reason="smtp_451"))


def test_the_end_of_an_older_try_changes_nothing_unless_the_server_took_it() -> None:
    newest = notice(tries=2)
    assert refusal(newest, tried("later", tries=1)) == "another_try"
    assert refusal(newest, tried("refused", tries=1)) == "another_try"
    assert after(newest, tried("accepted", tries=1)).state == "sent"


def test_what_is_refused_goes_to_the_other_channel_or_fails() -> None:
    assert after(notice(), tried("refused", reason="smtp_550")).state == "failed"
    other = after(notice(), tried("refused", reason="smtp_550", otherwise=True))
    assert (other.state, other.due_at) == ("waiting", NOW)


@pytest.mark.parametrize("state", sorted(notices.ENDED))
def test_what_has_ended_is_tried_no_more(state: str) -> None:
    assert refusal(notice(state=state), tried("later")) == "ended_already"


def test_a_report_settles_a_try_that_nobody_lived_to_tell_of() -> None:
    uncertain = notice(state="handed_over", tries=1, handed_at=NOW, due_at=NOW + HOUR)
    assert after(uncertain, reported("accepted")).due_at is None
    assert after(uncertain, reported("delivered")).state == "delivered"
    assert after(notice(state="sent", tries=1), reported("bounced", reason="5.1.1")).state == "bounced"


def test_reports_of_what_was_never_sent_or_is_known_are_refused() -> None:
    assert refusal(notice(state="waiting", tries=0), reported("delivered")) == "not_sent_yet"
    assert refusal(notice(state="bounced", tries=1), reported("delivered")) == "ended_already"
    assert refusal(notice(state="sent", tries=1), reported("delayed")) == "not_final"


def test_an_address_that_refuses_is_broken_until_its_server_takes_something() -> None:
    broken = known(reach.tried(None, tried("refused", reason="smtp_550"), NOW, None))
    assert broken.none_works and broken.broken["mail"].reason == "smtp_550"
    assert not known(reach.tried(broken, tried("accepted"), NOW, None)).none_works


def test_an_address_from_which_mail_came_back_is_broken_until_something_is_delivered_there() -> None:
    broken = known(reach.reported(None, reported("bounced", reason="5.1.1"), NOW, None))
    assert isinstance(reach.tried(broken, tried("accepted"), NOW, None), Refused)
    assert not known(reach.reported(broken, reported("delivered"), NOW, None)).none_works


def test_one_mail_that_is_refused_for_what_it_is_says_nothing_of_the_address() -> None:
    assert isinstance(reach.tried(None, tried("refused", reason="smtp_554", address=False), NOW, None), Refused)


def test_who_wants_no_mail_is_not_unreachable() -> None:
    before = Reach(MENTOR, SITE, broken={"mail": reach.Broken(NOW, "smtp_550")})
    chosen = known(reach.chosen(before, ChannelChosen(site_id=SITE, person_id=MENTOR, wanted="none"), NOW, None))
    assert (chosen.wanted, chosen.broken, chosen.none_works) == ("none", {}, False)


def test_the_same_cause_makes_the_same_notice() -> None:
    event = builders.assigned()
    made = causes.assigned(None, event, NOW, None)
    assert not isinstance(made, Refused)
    assert made[0].notice_id == causes.training_id(event)
    assert isinstance(causes.assigned(made[0], event, NOW, None), Refused)
    assert dict(made[0].about) == {"training_id": str(TRAINING), "session_id": str(SESSION)}


def test_each_moment_of_a_session_makes_one_notice() -> None:
    events = [NudgeRequested(mentor_id=MENTOR, site_id=SITE, session_id=SESSION, training_id=TRAINING, moment=m)
              for m in ("nudge", "last_call", "check_in")]  # fmt: skip
    made = [causes.nudged(None, event, NOW, None) for event in events]
    assert [m[0].kind for m in made if not isinstance(m, Refused)] == ["nudge", "last_call", "check_in"]
    assert len({causes.nudge_id(event) for event in events}) == 3


def test_a_link_that_was_asked_for_again_is_sent_again() -> None:
    def asked(at: Any) -> UUID:
        return causes.link_id(LinkRequested(mentor_id=MENTOR, site_id=SITE, training_id=TRAINING, requested_at=at))

    assert asked(NOW) != asked(NOW + DAY)


def test_only_an_answer_that_counts_as_right_after_all_is_told() -> None:
    wrong = builders.answered()
    assert not isinstance(causes.regraded(None, builders.regraded(wrong), NOW, None), Refused)
    right = builders.answered(correct=True, mistakes=())
    assert isinstance(causes.regraded(None, builders.regraded(right), NOW, None), Refused)


def prepared(*events: Any) -> preparations.Preparation:
    state: preparations.Preparation | None = None
    for event in events:
        decide = preparations.planned if hasattr(event, "minutes") else preparations.assigned
        result = decide(state, event, NOW, preparations.Facts())
        assert not isinstance(result, Refused)
        state = result[0]
    assert state
    return state


def test_a_session_that_moves_or_is_canceled_is_told_to_whom_it_had_been_told() -> None:
    moved = builders.planned(revision=2, starts_at=START + DAY)
    assert prepared(builders.planned(), moved).notices == ()
    kinds = [n.kind for n in prepared(builders.planned(), builders.assigned(), moved).notices]
    assert kinds == ["moved"]
    off = builders.planned(revision=2, status="cancelled")
    assert [n.kind for n in prepared(builders.planned(), builders.assigned(), off).notices] == ["canceled"]
    same = builders.planned(revision=2, minutes=60)
    assert prepared(builders.planned(), builders.assigned(), same).notices == ()


def test_two_briefs_of_one_day_are_one_mail() -> None:
    ready = [causes.of_brief(prepared(builders.planned(session_id=UUID(int=n))), SUPERVISOR, NOW) for n in (1, 2)]
    assert ready[0] == ready[1]
    (told,) = ready[0]
    assert (told.person_id, told.due_at, told.about["day"]) == (SUPERVISOR, START - 3 * HOUR, "2026-11-26")


def of_the_day(number: int, starts_at: Any) -> Notice:
    plan = builders.planned(session_id=UUID(int=number), starts_at=starts_at, quiz_by=starts_at - 3 * HOUR)
    (made,) = causes.of_brief(prepared(plan), SUPERVISOR, NOW)
    return made


def test_the_mail_of_a_day_leaves_when_the_first_answers_are_asked_for_whoever_was_done_first() -> None:
    evening, morning = of_the_day(1, START + HOUR), of_the_day(2, START - 5 * HOUR)
    for one in (notices.together(evening, morning), notices.together(morning, evening)):
        assert (one.notice_id, one.due_at, one.useful_until) == (morning.notice_id, START - 8 * HOUR, START + HOUR)


async def test_a_mail_of_the_day_that_is_kept_already_leaves_sooner_for_an_earlier_session(running: Running) -> None:
    evening, morning = of_the_day(1, START + HOUR), of_the_day(2, START - 5 * HOUR)
    async with running.connection() as conn:
        assert await store_notices.add(conn, [evening]) == 1
        assert await store_notices.add(conn, [morning]) == 0
        kept = (await store_notices.load_notices(conn, [evening.notice_id]))[evening.notice_id]
        assert (kept.due_at, kept.useful_until, kept.state) == (START - 8 * HOUR, START + HOUR, "waiting")
        assert await store_notices.add(conn, [evening]) == 0
        assert (await store_notices.load_notices(conn, [evening.notice_id]))[evening.notice_id] == kept


def of(story: Story) -> list[tuple[str, UUID | None]]:
    assert story.case
    return [(n.kind, n.person_id) for n in causes.of_case(story.case)]


def enrolled() -> Story:
    return Story(builders.listed(), builders.planned())


def test_an_urgent_alert_is_mailed_to_the_supervisor_and_then_to_the_lead() -> None:
    story = enrolled().happens(builders.answered(), at=START - 5 * HOUR)
    alert = next(alert for alert in story.live if alert.rule in causes.HOLDING)
    assert ("alert", SUPERVISOR) in of(story) and ("hold", MENTOR) in of(story)
    assert alert.acknowledge_by
    story.until(alert.acknowledge_by)
    assert ("escalation", LEAD) in of(story)


def test_a_safety_question_missed_is_told_of_also_where_the_plan_comes_after_the_answer() -> None:
    story = Story(builders.listed(), builders.answered(), at=START - 5 * HOUR)
    assert story.case
    told = {n.kind: n for n in causes.of_case(story.case)}
    assert (told["hold"].person_id, told["hold"].useful_until, told["hold"].about["session_id"]) == (MENTOR, START, str(SESSION))
    story.happens(builders.planned())
    assert {n.notice_id for n in causes.of_case(story.case) if n.kind == "hold"} == {told["hold"].notice_id}
    off = Story(builders.listed(), builders.planned(status="cancelled"), builders.answered(), at=START - 5 * HOUR)
    assert ("hold", MENTOR) not in of(off)


def test_what_was_said_before_the_mentor_was_listed_is_mailed_to_the_supervisor_once_its_place_in_the_week_is_known() -> None:
    story = Story(builders.checked_in(wants_to_talk="week"), at=START + HOUR)
    assert ("alert", None) in of(story), "to the site's lead: no supervisor is known"
    assert story.case
    story.case = replace(story.case, changes=())
    story.happens(builders.listed())
    assert story.alert("mentor_asked_to_talk").place_at
    assert ("alert", SUPERVISOR) not in of(story)
    story.until(START + HOUR + 2 * MINUTE)
    assert ("alert", SUPERVISOR) in of(story)


def test_an_alert_is_mailed_once_however_often_it_is_updated() -> None:
    story = enrolled().happens(builders.answered(), at=START - 5 * HOUR)
    story.happens(builders.answered(attempt=2, correct=True, mistakes=()))
    assert story.case
    alert = next(alert for alert in story.live if alert.rule in causes.HOLDING)
    told = [n for n in causes.of_case(story.case) if n.kind == "alert" and n.about["alert_id"] == str(alert.alert_id)]
    assert len(told) > 1
    assert len({n.notice_id for n in told}) == 1


@pytest.mark.parametrize("how", ["another supervisor is listed", "the supervisor left"])
def test_who_takes_a_mentor_over_is_mailed_of_what_is_open(how: str) -> None:
    story = enrolled().happens(builders.answered(), at=START - 5 * HOUR)
    assert story.case
    before = [n for n in causes.of_case(story.case) if n.kind == "alert"]
    story.case = replace(story.case, changes=())
    if how == "the supervisor left":
        result = cases.supervisor_left(
            story.case, SupervisorLeft(supervisor_id=SUPERVISOR, back_up_id=OMAR), story.now, cases.Facts()
        )
        assert not isinstance(result, Refused)
        story.case = result[0]
    else:
        story.happens(builders.listed(supervisor_reference="omar"))
    assert story.case
    after = [n for n in causes.of_case(story.case) if n.kind == "alert"]
    assert {n.person_id for n in after} == {OMAR}
    assert {n.notice_id for n in after}.isdisjoint(n.notice_id for n in before), "else it is saved as one that was told already"
    assert len({n.notice_id for n in after}) == 1


def test_a_safety_question_missed_with_no_working_hours_left_is_mailed_to_the_supervisor_all_the_same() -> None:
    saturday, friday_night = START + 2 * DAY - 6 * HOUR, START + DAY + 4 * HOUR
    story = Story(builders.listed(), builders.planned(starts_at=saturday, quiz_by=saturday - 3 * HOUR), at=START)
    story.happens(builders.answered(confidence=None, starts_at=saturday, answered_at=friday_night, received_at=friday_night),
                  at=friday_night)  # fmt: skip
    assert story.alert("safety_item_missed").with_role == "on_call"
    assert ("alert", SUPERVISOR) in of(story)
    assert story.case
    told = [n for n in causes.of_case(story.until(saturday - MINUTE).case or story.case) if n.kind in ("alert", "escalation")]
    assert len({n.notice_id for n in told}) == 1


def test_an_alert_that_waits_for_mondays_list_is_not_mailed_by_itself() -> None:
    story = enrolled().happens(builders.answered(), at=START - 5 * HOUR)
    assert story.case
    listed_only = tuple(replace(c, alert=replace(c.alert, with_role="digest")) if c.alert else c for c in story.case.changes)
    assert "alert" in [n.kind for n in causes.of_case(story.case)]
    assert "alert" not in [n.kind for n in causes.of_case(replace(story.case, changes=listed_only))]


async def test_an_alert_is_sent_before_trainings_that_were_due_before_it(running: Running) -> None:
    def due(number: int, kind: notices.Kind) -> Notice:
        return notices.new(UUID(int=number), kind, kind, NOW, site_id=SITE, to=MENTOR, until=START)

    async with running.connection() as conn:
        await store_notices.add(conn, [*(due(n, "training") for n in range(5)), due(9, "alert")])
        await conn.execute("UPDATE notice SET due_at = now() - CASE kind WHEN 'alert' THEN interval '1 second' ELSE '1 hour' END")
    claimed = await store_notices.claim(running.pool, 3, MINUTE)
    assert [one.kind for one in claimed] == ["alert", "training", "training"]
    assert [one.kind for one in await store_notices.claim(running.pool, 9, MINUTE)] == ["training"] * 3


def test_whatever_is_told_of_a_notice_is_about_its_person_so_that_nothing_brings_back_who_was_erased() -> None:
    wanted = ChannelChosen(site_id=SITE, person_id=MENTOR, wanted="none")
    asked = NoticeAsked(notice_id=notice().notice_id, site_id=SITE, person_id=MENTOR, kind="link", useful_until=START)
    assert {event.whom() for event in (tried("refused"), reported("bounced"), wanted, asked)} == {MENTOR}


WAITING = """
INSERT INTO notice (notice_id, site_id, person_id, kind, about, created_at, useful_until, state, due_at, tries)
SELECT gen_random_uuid(), 'east', gen_random_uuid(), 'training', '{}', now(), now() + interval '1 day', 'waiting', now(), 0
FROM generate_series(1, 20000)
"""


async def test_alerts_are_looked_for_without_reading_the_reminders_that_wait_for_a_mail_server(running: Running) -> None:
    async with running.connection() as conn:
        await conn.execute(WAITING)
        plan = await conn.fetch(f"EXPLAIN {store_notices.CLAIM_ASKS}", 50, MINUTE)
    assert "notice_urgent" in "\n".join(row[0] for row in plan)
