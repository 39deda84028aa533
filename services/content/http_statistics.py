"""Statistics for the people who write trainings: every question, worst first, and each module with its words."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response

from services.content import statistics_words, store_statistics
from services.content.figures import FEWEST, Edition, questions, questions_of, worst_first
from shared.pages import environment
from shared.platform import STATISTICS, Platform
from shared.running import Running
from shared.security import AUTHOR, PLATFORM, Signed

HERE = "Statistics"
SHOWN = 100
BACK = (STATISTICS, "Back to statistics")
LANGUAGES = {"en": "English", "es": "Spanish"}
Name = Annotated[str, Path(max_length=100, pattern=r"^[^\x00]*$")]
Language = Annotated[str, Query(max_length=20, pattern=r"^[^\x00]*$")]
Version = Annotated[int | None, Query(ge=1, le=2_147_483_647)]


def routes(running: Running) -> APIRouter:
    shown = Platform(running, environment("services.content"), opens=frozenset({AUTHOR, PLATFORM}))
    router = shown.router()
    signed_in = Annotated[Signed, Depends(shown.caller)]

    @router.get("/statistics")
    async def page(caller: signed_in, locale: Language = "", flagged: bool = False) -> Response:
        async with running.connection() as conn:
            editions = await store_statistics.list_newest(conn)
        found = [one for one in questions(editions) if locale in ("", one.locale)]
        listed = worst_first(one for one in found if one.flags or not flagged)
        return shown.page(caller, "statistics.jinja", HERE, listed=listed[:SHOWN], more=max(0, len(listed) - SHOWN),
                          few=sum(one.figures is None for one in found), total=len(found),
                          needing=sum(bool(one.flags) for one in found), languages=languages(editions), locale=locale,
                          flagged=flagged, page=STATISTICS, words=statistics_words, fewest=FEWEST)  # fmt: skip

    @router.get("/statistics/{module_id}/{locale}")
    async def of_module(caller: signed_in, module_id: Name, locale: Name, version: Version = None) -> Response:
        async with running.connection() as conn:
            edition = await store_statistics.find_edition(conn, module_id, locale, version)
            versions = await store_statistics.list_versions(conn, module_id, locale)
        if edition is None:
            raise HTTPException(404)
        return shown.page(caller, "statistics-module.jinja", HERE, edition=edition, questions=questions_of(edition),
                          versions=versions, page=STATISTICS, back=BACK, words=statistics_words, titles=titles(edition),
                          language=said(locale), fewest=FEWEST)  # fmt: skip

    return router


def languages(editions: Iterable[Edition]) -> list[tuple[str, str]]:
    """Code and name of those that there are."""
    return [(code, said(code)) for code in sorted({edition.module.locale for edition in editions})]


def said(locale: str) -> str:
    return LANGUAGES.get(locale, locale)


def titles(edition: Edition) -> dict[str, str]:
    """Each mistake code of the module in plain letters."""
    codes = {option.mistake for item in edition.module.items for option in item.options if option.mistake}
    return {code: code.replace("_", " ") for code in codes}
