"""A mentor's own words, opened for the mentor: only for `jitt export`."""

from typing import Any
from uuid import UUID

from services.assessment import store_erasing
from services.assessment.sealing import CannotOpen, unseal
from services.assessment.store import SealedAnswer
from shared.running import Running

LOST = "(sealed with a key that is not at hand)"


async def own_words(running: Running, mentor_id: UUID) -> list[dict[str, Any]]:
    async with running.connection() as conn:
        rows = await store_erasing.list_words(conn, mentor_id)
    return [{"training_id": str(training_id), "question": answer.item_id, "written_at": answer.answered_at.isoformat(),
             "text": _opened(answer, training_id)} for training_id, answer in rows]  # fmt: skip


def _opened(answer: SealedAnswer, training_id: UUID) -> str:
    try:
        return unseal(answer, training_id)
    except CannotOpen:
        return LOST
