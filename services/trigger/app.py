"""When? Wiring of the trigger service."""

from typing import TYPE_CHECKING

from services.trigger import beside
from services.trigger.handlers import HANDLERS, KEEPS
from services.trigger.messages import PublisherPaused
from services.trigger.publishers import load_publishers
from shared.contracts.trigger import (
    ContentRequested,
    DecisionMade,
    NudgeRequested,
    PersonErasureDone,
    SessionBroughtBack,
    SessionCalledOff,
    SessionPlanned,
    TrainingOverdue,
)
from shared.running import Running
from shared.service import Service

if TYPE_CHECKING:
    from fastapi import APIRouter


def routes(running: Running) -> "APIRouter":
    """Imported for pages only: a worker that starts again has no time for what it never serves."""
    from services.trigger import http

    return http.routes(running)


SERVICE = Service(
    name="trigger",
    handlers=HANDLERS,
    reads=("supervision.roster", "supervision.sites", "supervision.erased", "content.events", "assessment.events"),
    publishes=(
        SessionPlanned,
        SessionCalledOff,
        SessionBroughtBack,
        DecisionMade,
        ContentRequested,
        NudgeRequested,
        TrainingOverdue,
        PersonErasureDone,
    ),
    routes=routes,
    publishers=load_publishers,
    pause_publisher=lambda name: PublisherPaused(name=name, paused=True, why="too many records that cannot be read"),
    aside=beside.run,
    gathers=True,
    keeps=KEEPS,
)
