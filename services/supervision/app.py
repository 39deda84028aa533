"""The supervision service: who must look? Wiring only."""

from services.supervision import http
from services.supervision.handlers import HANDLERS
from shared.contracts.supervision import (
    AlertAcknowledged,
    AlertEscalated,
    AlertRaised,
    AlertResolved,
    BriefReady,
    ClearanceChanged,
    ContactLogged,
    DayCalledOff,
    DayCalledOffClosed,
    MentorEnrolled,
    NoticeDelivered,
    SiteDescribed,
)
from shared.service import Service

SERVICE = Service(
    name="supervision",
    handlers=HANDLERS,
    reads=("trigger.events", "content.catalog", "content.events", "assessment.events"),
    publishes=(
        SiteDescribed,
        MentorEnrolled,
        ClearanceChanged,
        BriefReady,
        ContactLogged,
        AlertRaised,
        AlertAcknowledged,
        AlertEscalated,
        AlertResolved,
        DayCalledOff,
        DayCalledOffClosed,
        NoticeDelivered,
    ),
    routes=http.routes,
)
