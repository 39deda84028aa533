"""What a button of a training's pages leads to: an event, and a page that is honest where nothing can be decided on it yet."""

from uuid import uuid4

from fastapi import Response

from services.assessment import screens
from services.assessment.visits import Visit
from shared.contracts.event import Event
from shared.messaging.outcome import Outcome
from shared.running import Running


async def pressed(running: Running, visit: Visit, event: Event) -> Response | None:
    """None where the next page can follow; else the page that says that this one stands still."""
    return answer(visit, await running.submit(event, id=str(uuid4()), source=f"training/{visit.id}"))


def answer(visit: Visit, outcome: Outcome) -> Response | None:
    """A record before it failed, so that this one is set aside with it until somebody has mended that."""
    return screens.stands(visit) if outcome.kind == "parked" else None
