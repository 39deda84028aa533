"""Which messages touch a notice, and how its person can be reached. Binding only: no SQL, no rules."""

from typing import Any
from uuid import UUID

from services.supervision import causes, notices, reach, store_notices
from services.supervision.notice_messages import ChannelChosen, NoticeAsked, NoticeReported, NoticeTried
from services.supervision.notices import Notice
from services.supervision.reach import Reach
from shared.contracts.assessment import AnswerRegraded, LinkRequested
from shared.contracts.content import TrainingAssigned
from shared.contracts.trigger import NudgeRequested
from shared.messaging import Handler


def notice_id(event: Any) -> UUID:
    return UUID(str(event.notice_id))


def person_id(event: Any) -> UUID:
    return UUID(str(event.person_id))


NOTICE = Handler[Notice](
    name="notice",
    on={
        TrainingAssigned: (causes.training_id, causes.assigned),
        NudgeRequested: (causes.nudge_id, causes.nudged),
        LinkRequested: (causes.link_id, causes.link_requested),
        AnswerRegraded: (causes.correction_id, causes.regraded),
        NoticeAsked: (notice_id, notices.asked),
        NoticeTried: (notice_id, notices.tried),
        NoticeReported: (notice_id, notices.reported),
    },
    load=store_notices.load_notices,
    save=store_notices.save_notices,
)
REACH = Handler[Reach](
    name="reach",
    on={
        NoticeTried: (person_id, reach.tried),
        NoticeReported: (person_id, reach.reported),
        ChannelChosen: (person_id, reach.chosen),
    },
    load=store_notices.load_reach,
    save=store_notices.save_reach,
)
