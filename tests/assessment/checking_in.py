"""A session that is over, the link to its check-in, and a form filled in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.assessment import CheckInSubmitted, StepChecked
from shared.contracts.trigger import SessionPlanned
from shared.running import Running
from shared.security import Link, mint_link
from tests.assessment.building import MENTOR, SESSION, enrolled, planned, site
from tests.assessment.visiting import Phone
from tests.driving import deliver, outgoing

MINUTES = 45
STEPS = ("asked_about_the_step", "named_what_worked", "reset_the_step")  # of a goal review
HERE = f"/c/{SESSION}"
ALL = {"happened": "yes", "confidence": "somewhat", "talk": "no", **{f"step-{step}": "did" for step in STEPS}}


def link_to(days: int = 14, epoch: int = 1, session_id: Any = SESSION, kind: Any = "check_in") -> str:
    return mint_link(Link(kind, session_id, MENTOR, epoch), datetime.now(UTC) + timedelta(days=days))


def over(ago: timedelta = timedelta(minutes=15), **changes: Any) -> SessionPlanned:
    """It ended that long ago."""
    starts_at = datetime.now(UTC) - ago - timedelta(minutes=MINUTES)
    return planned(starts_at=starts_at, quiz_by=starts_at - timedelta(hours=3), minutes=MINUTES, **changes)


def zone_where_it_is(hour: int) -> str:
    """A zone in which it is that hour now, so that midnight is where a test wants it."""
    behind = (datetime.now(UTC).hour - hour) % 24
    return f"Etc/GMT+{behind}" if behind <= 12 else f"Etc/GMT-{24 - behind}"


async def arrive(running: Running, session: SessionPlanned | None = None, **mentor: Any) -> None:
    zone = {"time_zone": zone_where_it_is(17)}
    outcomes = await deliver(running, site(), enrolled(**zone | mentor), session or over())
    assert [one.kind for one in outcomes] == ["applied"] * 3


async def opened(phone: Phone, session: SessionPlanned | None = None, **mentor: Any) -> Phone:
    await arrive(phone.running, session, **mentor)
    await phone.open(f"/c/{link_to()}")
    return phone


async def said(running: Running) -> list[CheckInSubmitted]:
    return [event for event in await outgoing(running) if isinstance(event, CheckInSubmitted)]


async def checked(running: Running) -> list[tuple[str, str | None]]:
    return [(event.step, event.done) for event in await outgoing(running) if isinstance(event, StepChecked)]
