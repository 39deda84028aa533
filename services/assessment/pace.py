"""How long a question took, in coarse steps: it says something about the question, and nearly nothing about the person. Pure."""

from datetime import datetime

from shared.contracts.assessment import SECONDS


def seconds(shown_at: datetime | None, answered_at: datetime) -> int | None:
    """Rounded up to a step. None when the page does not say when it was shown, or was left open for longer than the last step."""
    if shown_at is None:
        return None
    took = (answered_at - shown_at).total_seconds()
    return next((step for step in SECONDS if took <= step), None) if took >= 0 else None
