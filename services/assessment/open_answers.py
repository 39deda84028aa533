"""The one call between services: supervision asks for the open answers of a training when a brief is read.

The token is minted after supervision's caseload check and lives 60 seconds; each reading is written down first.
"""

from datetime import UTC, datetime
from uuid import UUID

import structlog
from fastapi import APIRouter, Header, HTTPException

from services.assessment import store
from services.assessment.sealing import CannotOpen, unseal
from services.assessment.store import SealedAnswer
from shared import access
from shared.access import Scope
from shared.running import Running
from shared.security import Internal, read_internal

SUBJECT = "open-answers"
log = structlog.get_logger()


def routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.get("/internal/open-answers/{training_id}")
    async def read(training_id: UUID, authorization: str = Header("")) -> dict[str, list[dict[str, str | None]]]:
        asker = allowed(authorization, training_id)
        answers = await store.read_open_answers(running.pool, training_id, asker.by)
        return {"answers": [_told(answer, training_id) for answer in answers]}

    return router


def allowed(authorization: str, training_id: UUID) -> Internal:
    token = read_internal(authorization.removeprefix("Bearer "), datetime.now(UTC))
    if token is None:
        raise HTTPException(401, "send a fresh internal token as Authorization: Bearer")
    if token.subject != SUBJECT or token.training_id != training_id:
        raise HTTPException(403, "this token is for something else")
    access.enter(Scope("internal", opened=training_id))
    return token


def _told(answer: SealedAnswer, training_id: UUID) -> dict[str, str | None]:
    return {"item_id": answer.item_id, "answered_at": answer.answered_at.isoformat(), "text": _opened(answer, training_id)}


def _opened(answer: SealedAnswer, training_id: UUID) -> str | None:
    try:
        return unseal(answer, training_id)
    except CannotOpen as error:
        log.error("open_answer_sealed", training_id=str(training_id), reason=str(error))
        return None
