"""The content service: which training a mentor gets. Wiring only."""

from services.content import http
from services.content.handlers import LEARNER, PUBLICATION
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
    handlers=(PUBLICATION, LEARNER),
    reads=("trigger.events", "supervision.events"),
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
