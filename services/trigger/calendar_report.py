"""What a person reads after a calendar was looked at or imported; and the same for programs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table

from services.trigger import mapping_preview
from services.trigger.calendar_import import HORIZON, Compared
from services.trigger.calendar_parts import Instance, Problem
from services.trigger.imports import NO_ACTIVITY, NO_CATEGORY, Plan, summary
from services.trigger.mapping_words import needs_said, when

MOST_SESSIONS = 12
MOST_ALIKE = 3
WIDTH = 120
CORRECT = "Correct it, or leave such entries out by a rule of --mapping."


def instance_json(i: Instance) -> dict[str, Any]:
    return {
        "start_utc": _instant(i.start_utc),
        "starts_at": i.starts_at.isoformat(),
        "time_zone": i.time_zone,
        "minutes": i.minutes,
        "cancelled": i.cancelled,
        "uid": i.uid,
        "original_start": _instant(i.original) if i.original else None,
        "sequence": i.sequence,
        "last_modified": _instant(i.last_modified) if i.last_modified else None,
        "categories": list(i.categories),
        "line": i.line,
    }


def problem_texts(problems: Iterable[Problem]) -> list[str]:
    return [f"{'Warning. ' if problem.severity == 'warning' else ''}{problem.said()}" for problem in problems]


def show_sessions(name: str, instances: Sequence[Instance], site: ZoneInfo) -> None:
    live = sum(not i.cancelled for i in instances)
    cancelled = f" and {len(instances) - live} canceled" if live < len(instances) else ""
    _console().print(f"{name}: {_many(live, 'session')}{cancelled}. Times of the site: {site.key}.", highlight=False)
    if not instances:
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    for title in ("when", "minutes", "category", "time zone", ""):
        table.add_column(title, justify="right" if title == "minutes" else "left")
    for i in instances[:MOST_SESSIONS]:
        words = (when(i.starts_at), str(i.minutes), ", ".join(i.categories) or "none")
        table.add_row(*words, i.time_zone, "canceled" if i.cancelled else "", style="dim" if i.cancelled else None)
    _console().print(table, markup=False)
    if len(instances) > MOST_SESSIONS:
        _console().print(f"… and {len(instances) - MOST_SESSIONS} more. --json lists them all.", highlight=False)


def show_problems(problems: Sequence[Problem]) -> None:
    """Errors first. Of problems that are alike, the first few and how many there are."""
    for severity, title in (("error", "To mend"), ("warning", "Please check")):
        alike: dict[str, list[Problem]] = defaultdict(list)
        for problem in problems:
            if problem.severity == severity:
                alike[problem.what].append(problem)
        if alike:
            _say(f"{title}:")
        for group in alike.values():
            for problem in group[:MOST_ALIKE]:
                _say(f"  {problem.said()}")
            if len(group) > MOST_ALIKE:
                _say(f"  … and {len(group) - MOST_ALIKE} more like this.")


def show_whose(found: Compared, labels: Mapping[UUID, str]) -> None:
    for line in mapping_preview.of(found, HORIZON, labels).whose():
        _say(line)


def show_plan(plan: Plan, refused: Mapping[str, int], before: str) -> None:
    for category, n in plan.unmapped.items():
        if category == NO_CATEGORY:
            _say(f"Needs mapping: {_many(n, 'session')} without a category. --activity CODE says what they are.")
        else:
            _say(f"Needs mapping: {_many(n, 'session')} with the category “{category}”, which is not one activity. {CORRECT}")
    for line in needs_said(need for need in plan.needs if need.why != NO_ACTIVITY):
        _say(line)
    if plan.left_out:
        _say(f"Left out by a rule: {_many(plan.left_out, 'session')}.")
    if plan.absent:
        verb = "is" if plan.absent == 1 else "are"
        _say(
            f"{_many(plan.absent, 'session')} from earlier files {verb} not in this one and {verb} kept. --complete cancels them."
        )
    for reason, n in refused.items():
        _say(f"Refused: {_many(n, 'session')} ({reason}). They are told again with the next import.")
    _say(f"{before}{summary(plan)}.")


def _many(n: int, thing: str) -> str:
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _say(words: str) -> None:
    _console().print(words, markup=False, highlight=False, soft_wrap=True)


def _console() -> Console:
    return Console() if Console().is_terminal else Console(width=WIDTH)
