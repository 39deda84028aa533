"""When? Wiring of the trigger service."""

from services.trigger import beside, http
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
from shared.service import Service

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
    routes=http.routes,
    publishers=load_publishers,
    pause_publisher=lambda name: PublisherPaused(name=name, paused=True, why="too many records that cannot be read"),
    aside=beside.run,
    keeps=KEEPS,
)
