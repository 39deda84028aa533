"""A site's policy in sentences, as a site lead would say it."""

from collections.abc import Iterator
from datetime import time, timedelta

from babel.dates import format_time

from services.trigger.policy import OwnTiming, Policy
from shared.contracts.vocabulary import vocabulary


def said(policy: Policy) -> Iterator[str]:
    timing = policy.timing
    yield "As everyone starts." if policy.version == 0 else f"The site's own choice, version {policy.version}."
    yield f"{_days(timing.assign_days)}: the training, {policy.training_minutes} minutes at most."
    yield f"{span(timing.nudge)} before: a reminder, to those who are not done."
    yield f"{span(timing.quiz_by)} before: the quiz is due."
    yield f"{span(timing.last_call)} before: a last call, to those who are not done."
    yield f"{span(timing.check_in)} after the end: a check-in."
    if timing.quiet_from == timing.quiet_to:
        yield "No quiet hours."
    else:
        yield (
            f"Quiet from {clock(timing.quiet_from)} to {clock(timing.quiet_to)}, on the mentor's own clock: "
            "what would fall into it comes 30 minutes before; a last call is left out; a check-in waits."
        )
    yield from exceptions(policy)


def exceptions(policy: Policy) -> Iterator[str]:
    for activity, own in policy.activities.items():
        yield f"Only for {_title(activity)}: {_otherwise(own)}."


def _otherwise(own: OwnTiming) -> str:
    parts = [f"{_days(own.assign_days).lower()}: the training"] if own.assign_days else []
    named = (("a reminder", own.nudge), ("the quiz is due", own.quiz_by), ("a last call", own.last_call))
    parts += [f"{span(length)} before: {what}" for what, length in named if length is not None]
    parts += [f"{span(own.check_in)} after the end: a check-in"] if own.check_in is not None else []
    return "; ".join(parts)


def _days(number: int) -> str:
    days = "One day" if number == 1 else f"{number} days"
    return f"{days} before a session, at the same time of day"


def _title(activity: str) -> str:
    found = vocabulary().activities.get(activity)
    return f"{activity} ({found.title})" if found else activity


def span(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    parts = [_counted(hours, "hour")] if hours else []
    return " ".join([*parts, _counted(rest, "minute")] if rest or not hours else parts)


def clock(at: time) -> str:
    return str(format_time(at, "h:mm a", locale="en_US")).replace("AM", "am").replace("PM", "pm").replace("\u202f", " ")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
