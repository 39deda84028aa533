"""When a receiver of webhooks is told what: the order, the waits, what is given up, and secrets that change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from services.supervision import webhooks
from services.supervision.told import Cursor
from services.supervision.webhook_messages import (
    WebhookAdded,
    WebhookPaused,
    WebhookRemoved,
    WebhookReplayed,
    WebhookSecretChanged,
    WebhookTried,
)
from services.supervision.webhooks import Dead, Webhook
from shared.contracts.event import Refused

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def a_webhook(**changes: Any) -> Webhook:
    event = WebhookAdded(name="sis", url="https://sis.example.org", sites=("eastfield",), secret="dev:one", place="10.0")
    made, _ = _state(webhooks.added(None, event, NOW, None))
    return replace(made, **changes)


def tried(webhook: Webhook, came: Any, place: str = "11.1", **changes: Any) -> WebhookTried:
    values = {"name": "sis", "after": str(webhook.place), "place": place, "came": came, "answer": "http_503"}
    return WebhookTried(**values | changes)


def _state(decided: Any) -> tuple[Webhook, Any]:
    assert not isinstance(decided, Refused), decided
    return decided


def after(webhook: Webhook, came: Any, now: datetime, **changes: Any) -> Webhook:
    return _state(webhooks.tried(webhook, tried(webhook, came, **changes), now, None))[0]


def until_given_up(webhook: Webhook, place: str = "11.1") -> tuple[Webhook, datetime, int]:
    """It fails whenever it is due, until it stands elsewhere or is left."""
    now, count = webhook.due_at, 0
    while webhook.state == "active" and str(webhook.place) != place:
        webhook, count = after(webhook, "failed", now, place=place), count + 1
        now = max(now, webhook.due_at)
    return webhook, now, count


def test_it_goes_on_to_the_next_only_when_one_has_arrived() -> None:
    failed = after(a_webhook(), "failed", NOW)
    arrived = after(failed, "delivered", NOW + HOUR)
    assert (failed.place, failed.tries) == (Cursor(10, 0), 1)
    assert failed.due_at > NOW
    assert (arrived.place, arrived.tries, arrived.failing_since, arrived.due_at) == (Cursor(11, 1), 0, None, NOW + HOUR)


def test_an_answer_that_comes_after_somebody_else_has_gone_on_changes_nothing() -> None:
    late = tried(a_webhook(), "failed")
    moved = after(a_webhook(), "delivered", NOW)
    assert webhooks.tried(moved, late, NOW, None) == Refused("stale")


def test_the_waits_grow_and_end_after_three_days() -> None:
    webhook, ended_at, count = until_given_up(a_webhook())
    waits = [webhooks.WAITS[0] * 0.8 <= after(a_webhook(), "failed", NOW).due_at - NOW <= webhooks.WAITS[0] * 1.2]
    assert all(waits)
    assert all(later > earlier for earlier, later in pairwise(webhooks.WAITS))
    assert 3 * DAY <= ended_at - NOW <= 3 * DAY + 8 * HOUR
    assert 15 <= count <= 25
    assert [(one.place, one.answer) for one in webhook.dead] == [("11.1", "http_503")]
    assert (str(webhook.place), webhook.state) == ("11.1", "active"), "the next one has a try"


def test_one_that_nobody_takes_does_not_hold_up_a_receiver_that_takes_others() -> None:
    webhook, now, _ = until_given_up(a_webhook())
    arrived = after(webhook, "delivered", now, place="12.1")
    assert (arrived.state, arrived.failing_since, len(arrived.dead)) == ("active", None, 1)
    again = after(arrived, "failed", now + 9 * DAY, place="13.1")
    assert again.state == "active", "it counts anew"


def test_a_receiver_that_takes_the_next_one_no_more_is_left_with_nothing_lost() -> None:
    webhook, now, _ = until_given_up(a_webhook())
    left = after(webhook, "failed", now, place="12.1")
    assert (left.state, str(left.place)) == ("failing", "11.1")
    back, _ = _state(webhooks.paused(left, WebhookPaused(name="sis", paused=False), now + 9 * DAY, None))
    assert (back.state, str(back.place), back.due_at, back.failing_since) == ("active", "11.1", now + 9 * DAY, None)
    assert after(back, "failed", now + 9 * DAY, place="12.1").state == "active", "it has three days again"


def test_a_receiver_that_asks_for_time_gets_it_but_not_for_ever() -> None:
    assert after(a_webhook(), "failed", NOW, wait=7_200).due_at == NOW + 2 * HOUR
    assert after(a_webhook(), "failed", NOW, wait=1e8).due_at == NOW + DAY


def test_gone_ends_it() -> None:
    assert after(a_webhook(), "gone", NOW, answer="http_410").state == "gone"


def test_a_dead_one_is_sent_again_when_somebody_asks_and_forgotten_when_it_arrives() -> None:
    dead = (Dead("11.1", NOW, "timeout"), Dead("12.1", NOW, "timeout"))
    asked, _ = _state(webhooks.replayed(a_webhook(dead=dead), WebhookReplayed(name="sis", places=("12.1",)), NOW, None))
    assert [one.again for one in asked.dead] == [False, True]
    failed = after(asked, "failed", NOW, place="12.1", again=True)
    assert [(one.again, one.answer) for one in failed.dead] == [(False, "timeout"), (False, "http_503")]
    arrived = after(asked, "delivered", NOW, place="12.1", again=True)
    assert [one.place for one in arrived.dead] == ["11.1"]
    assert arrived.place == Cursor(10, 0), "the order of the others is not touched"
    none = webhooks.replayed(a_webhook(), WebhookReplayed(name="sis"), NOW, None)
    assert none == Refused("none_dead")


def test_too_many_dead_ones_leave_the_receiver() -> None:
    dead = tuple(Dead(f"{n}.1", NOW, "http_400") for n in range(webhooks.MOST_DEAD - 1))
    webhook = a_webhook(dead=dead, tries=20, tried_since=NOW - 3 * DAY, failing_since=NOW - 3 * DAY)
    assert after(webhook, "failed", NOW).state == "failing"


def test_two_secrets_sign_for_a_day_and_then_one() -> None:
    event = WebhookSecretChanged(name="sis", secret="dev:two")
    both, _ = _state(webhooks.secret_changed(a_webhook(), event, NOW, None))
    assert [one.sealed for one in both.signing(NOW + 23 * HOUR)] == ["dev:two", "dev:one"]
    assert [one.sealed for one in both.signing(NOW + 24 * HOUR)] == ["dev:two"]
    at_once = WebhookSecretChanged(name="sis", secret="dev:three", at_once=True)
    assert [one.sealed for one in _state(webhooks.secret_changed(both, at_once, NOW, None))[0].signing(NOW)] == ["dev:three"]


def test_a_removed_one_keeps_nothing_and_its_name_is_free() -> None:
    gone, _ = _state(webhooks.removed(a_webhook(dead=(Dead("1.1", NOW, "x"),)), WebhookRemoved(name="sis"), NOW, None))
    assert (gone.url, gone.secrets, gone.dead) == ("", (), ())
    assert webhooks.tried(gone, tried(gone, "delivered"), NOW, None) == webhooks.THERE_NOT
    event = WebhookAdded(name="sis", url="https://other.example.org", sites=("eastfield",), secret="dev:new", place="50.0")
    assert _state(webhooks.added(gone, event, NOW, None))[0].place == Cursor(50, 0)
    assert webhooks.added(a_webhook(), event, NOW, None) == Refused("name_taken")


@pytest.mark.parametrize(("state", "paused", "reason"), [
    ("active", False, "active_already"), ("paused", True, "not_active"), ("gone", True, "not_active"),
])  # fmt: skip
def test_what_it_is_already_is_said(state: Any, paused: bool, reason: str) -> None:
    event = WebhookPaused(name="sis", paused=paused)
    assert webhooks.paused(a_webhook(state=state), event, NOW, None) == Refused(reason)
