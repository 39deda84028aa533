"""Asks assessment for what a mentor wrote, at the moment a brief is drawn. Nothing is kept here; late or down is said."""

from datetime import datetime, timedelta
from uuid import UUID

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from services.supervision.screens.brief import OpenAnswer
from services.supervision.screens.facts import Training
from shared.security import mint_internal
from shared.settings import Settings

SECONDS = 2.0
TOKEN_LIFE = timedelta(seconds=60)
SUBJECT = "open-answers"


class Written(BaseModel):
    model_config = ConfigDict(extra="ignore")

    item_id: str
    text: str | None  # None: kept, but its key is not at hand


class Answers(BaseModel):
    model_config = ConfigDict(extra="ignore")

    answers: tuple[Written, ...]


async def open_answer(settings: Settings, training: Training, reader: UUID, now: datetime) -> OpenAnswer:
    """What to show under “In their own words”. Asks only when there is something to fetch."""
    states = {state for _, state in training.open_answers}
    if "written" in states:
        return await _fetched(settings, training.id, reader, now)
    if "rather_talk" in states:
        return OpenAnswer("rather_talk")
    has_open = any(item.kind == "open" for item in training.texts.values())
    return OpenAnswer("not_yet" if has_open else "none")


async def _fetched(settings: Settings, training_id: UUID, reader: UUID, now: datetime) -> OpenAnswer:
    token = mint_internal(SUBJECT, training_id, reader, now + TOKEN_LIFE)
    url = f"{settings.assessment_url}/internal/open-answers/{training_id}"
    try:
        async with httpx2.AsyncClient(timeout=SECONDS, trust_env=False) as client:
            response = await client.get(url, headers={"Authorization": f"Bearer {token}"})
        response.raise_for_status()
        found = Answers.model_validate_json(response.content)
    except (httpx2.HTTPError, ValidationError):
        return OpenAnswer("unavailable")
    texts = [one.text for one in found.answers if one.text]
    return OpenAnswer("written", "\n".join(texts)) if texts else OpenAnswer("unavailable")
