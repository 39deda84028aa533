"""The report buttons of a question's feedback: one tap says what is off, another takes it back. No words, no login."""

from typing import get_args

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.assessment import modules, pressing
from services.assessment.domain import ref_of
from services.assessment.messages import ItemReportSent, ItemReportTakenBack
from services.assessment.questions import SEE_OTHER, Asked, ask
from shared.contracts.assessment import ReportKind
from shared.running import Running

KINDS: tuple[ReportKind, ...] = get_args(ReportKind)


def routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.post("/t/{ref}/questions/{number}/report")
    async def report(request: Request, ref: str, number: int) -> Response:
        asked, form = await ask(running, request, ref, number), await request.form()
        if not isinstance(asked, Asked):
            return asked
        kind = next((each for each in KINDS if each == form.get("kind")), None)
        event = pressed(asked, kind) if asked.answered else None
        stood = await pressing.pressed(running, asked.visit, event) if event else None
        return stood or RedirectResponse(f"{asked.path}#report", SEE_OTHER)

    return router


def pressed(asked: Asked, kind: ReportKind | None) -> ItemReportSent | ItemReportTakenBack | None:
    """No kind: the report is taken back. None when it is not known which version was asked."""
    training, number = asked.visit.training, asked.number
    if kind is None:
        return ItemReportTakenBack(training_id=asked.visit.id, number=number)
    ref, locale = ref_of(training, number), modules.item_locale(training.current, number, asked.visit.modules)
    if locale is None:
        return None
    return ItemReportSent(
        training_id=asked.visit.id,
        number=number,
        mentor_id=training.assigned.mentor_id,
        site_id=training.assigned.site_id,
        module_id=ref.module_id,
        version=ref.version,
        locale=locale,
        item_id=ref.item_id,
        kind=kind,
    )
