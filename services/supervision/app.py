"""The supervision service: who must look? Wiring only."""

from services.supervision import beside, http
from services.supervision.handlers import HANDLERS
from services.supervision.handlers_erasures import KEEPS
from shared.contracts.supervision import (
    AlertAcknowledged,
    AlertEscalated,
    AlertPlaced,
    AlertRaised,
    AlertResolved,
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
from shared.service import Service

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
    routes=http.routes,
    aside=beside.run,
    keeps=KEEPS,
)
