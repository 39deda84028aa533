"""Which answers and reports are added up where. Binding only: no SQL, no rules."""

from services.content import statistics, store_statistics
from services.content.statistics import Counted, key_of
from shared.contracts.assessment import ItemAnswered, ItemReported, TrainingCompleted
from shared.messaging import Handler

STATISTICS = Handler[Counted](
    name="item_statistics",
    on={
        ItemAnswered: (key_of, statistics.answered),
        TrainingCompleted: (key_of, statistics.completed),
        ItemReported: (key_of, statistics.reported),
    },
    load=store_statistics.load_counted,
    save=store_statistics.save_counted,
)
