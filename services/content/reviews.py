"""When a module is to be read again by its reviewers, and how a list says it. Pure: `today` is an argument."""

from collections.abc import Sequence
from datetime import date

from services.content.rules import iso


def is_overdue(due: str | None, today: date) -> bool:
    day = iso(due)
    return day is not None and day < today


def state(due: str | None, today: date) -> str:
    """As in "due in 12 days"; empty for a module that names no date."""
    day = iso(due)
    if day is None:
        return ""
    if day < today:
        return f"overdue since {day}"
    days = (day - today).days
    return "due today" if days == 0 else f"due in {days} {'day' if days == 1 else 'days'}"


def read_by(names: Sequence[str], due: str | None, today: date) -> str:
    """One line: who has read it, in the words of the file, and when it is to be read again."""
    return f"read by {' and '.join(f'“{name}”' for name in names) or 'nobody'}; review {state(due, today) or 'has no date'}"
