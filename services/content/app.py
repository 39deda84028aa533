"""The content service: which training a mentor gets, and how its questions do. Wiring only."""

from services.content import http
from services.content.handlers import LEARNER, PUBLICATION
from services.content.handlers_statistics import STATISTICS
from shared.contracts.content import (
    ItemCorrected,
    ModulePublished,
    ModuleWithdrawn,
    NothingSuitable,
    PersonErasureDone,
    TrainingAssigned,
    TrainingShared,
)
from shared.service import Service

SERVICE = Service(
    name="content",
    handlers=(PUBLICATION, LEARNER, STATISTICS),  # statistics last: their rows are locked for the shortest time
    reads=("trigger.events", "supervision.events", "assessment.events"),
    publishes=(
        ModulePublished,
        ModuleWithdrawn,
        ItemCorrected,
        TrainingAssigned,
        TrainingShared,
        NothingSuitable,
        PersonErasureDone,
    ),
    routes=http.routes,
)
