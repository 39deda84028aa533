"""The supervision service: who must look? Wiring only."""

from typing import TYPE_CHECKING

from services.supervision import beside
from services.supervision.handlers import HANDLERS
from services.supervision.handlers_erasures import KEEPS
from shared.contracts.supervision import (
    AlertAcknowledged,
    AlertEscalated,
    AlertPlaced,
    AlertRaised,
    AlertResolved,
    AlertSeen,
    AlertSnoozed,
    BriefReady,
    ClearanceChanged,
    ContactLogged,
    DayCalledOff,
    DayCalledOffClosed,
    DigestReady,
    MentorEnrolled,
    MentorForgotten,
    NoticeDelivered,
    PersonErased,
    PersonErasureDone,
    SiteDescribed,
)
from shared.running import Running
from shared.service import Service

if TYPE_CHECKING:
    from fastapi import APIRouter


def routes(running: Running) -> "APIRouter":
    """Imported for pages only: a worker that starts again has no time for what it never serves."""
    from services.supervision import http

    return http.routes(running)


SERVICE = Service(
    name="supervision",
    handlers=HANDLERS,
    reads=("trigger.events", "content.catalog", "content.events", "assessment.events", "supervision.erased"),
    publishes=(
        SiteDescribed,
        MentorEnrolled,
        ClearanceChanged,
        BriefReady,
        ContactLogged,
        AlertPlaced,
        AlertRaised,
        AlertSeen,
        AlertAcknowledged,
        AlertEscalated,
        AlertResolved,
        AlertSnoozed,
        DayCalledOff,
        DayCalledOffClosed,
        DigestReady,
        NoticeDelivered,
        PersonErased,
        PersonErasureDone,
        MentorForgotten,
    ),
    routes=routes,
    aside=beside.run,
    keeps=KEEPS,
)
