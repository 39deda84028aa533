"""The language of a training: chosen in the footer of any of its pages, kept with the training, so that it needs no cookie."""

import re

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.assessment import guests, questions, screens, store_editions, translations
from services.assessment.guests import Closed
from services.assessment.messages import LanguageChosen
from services.assessment.pressing import pressed
from services.assessment.questions import Asked
from services.assessment.training import Translation
from services.assessment.visits import PAGES, Visit
from shared.pages import languages
from shared.running import Running

SEE_OTHER = 303
QUESTION = re.compile(r"questions/(?P<number>[0-9]{1,3})")
PLACE = re.compile(r"(?:cards|questions)/[0-9]{1,3}|done|answers|paper")


def routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.get("/t/{ref}/language")
    async def reloaded(ref: str) -> Response:
        return RedirectResponse(f"/t/{ref}", SEE_OTHER)

    @router.post("/t/{ref}/language")
    async def choose(request: Request, ref: str, at: str = "") -> Response:
        visit, form = await guests.welcome(running, request, ref), await request.form()
        if isinstance(visit, Closed):
            return screens.closed(visit)
        code = str(form.get("language", ""))
        event = await chosen(running, visit, code) if code in languages.codes(PAGES) else None
        if event and (stood := await pressed(running, visit, event)):
            return stood
        if questions.begun(form) and (question := QUESTION.fullmatch(at)):
            asked = await questions.ask(running, request, ref, int(question["number"]))
            return questions.unsent(asked, form) if isinstance(asked, Asked) else asked
        return RedirectResponse(f"{visit.base}/{at}" if PLACE.fullmatch(at) else visit.base, SEE_OTHER)

    return router


async def chosen(running: Running, visit: Visit, code: str) -> LanguageChosen:
    if visit.as_assigned.language.code == code:
        return LanguageChosen(training_id=visit.id, language=None)
    return LanguageChosen(training_id=visit.id, language=code, translation=await _translation(running, visit, code))


async def _translation(running: Running, visit: Visit, code: str) -> Translation:
    assigned = visit.training.assigned
    own = [assigned.module.module_id] if assigned.module else []
    named = dict.fromkeys([*own, *(item.module_id for item in assigned.items)])
    editions = [each for name in named for each in await store_editions.list_editions(running.pool, name, code.partition("-")[0])]
    return translations.translation(visit.training, code, editions, visit.modules)
