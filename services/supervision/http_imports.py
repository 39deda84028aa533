"""Imports, for site leads: a list is looked at first, comes in when they say so, and once, however often they press."""

import asyncio
import csv
import io
import logging
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from asyncpg import Connection
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData, UploadFile

from services.supervision import importing, looking, oneroster_mapping, reading, store_uploads, uploads
from services.supervision.http_console import FOR_LEADS, Caller, Console, ConsoleRoute
from services.supervision.looking import Seen
from services.supervision.oneroster_mapping import Unfit
from services.supervision.people_import import Job
from services.supervision.screens import imports
from services.supervision.uploads import Report, Upload
from shared import apart

LOG = logging.getLogger("jitt.imports")
MIB = 1024 * 1024
MOST = 20 * MIB
MOST_MAPPING = 64 * 1024
LAST = 20
ZIP = b"PK"
CHOOSE = "Choose a list: a .csv file, or a OneRoster .zip file"
TOO_LARGE = "This file has more than 20 MB. Send the list of one site only"
NOT_NOW = "This list could not be looked at now. Send it again in a few minutes"
BUSY = "Other large lists are being looked at now. Send this one again in a few minutes"
TYPE = "Type {} to say that so many people leave"


class Wrong(Exception):
    """What was sent cannot be looked at."""

    def __init__(self, words: str, field: str = "file") -> None:
        super().__init__(words)
        self.field = field


def routes(console: Console) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

    async def leads(request: Request) -> Caller:
        return _lead(await console.caller(request))

    async def posts(request: Request) -> AsyncIterator[Caller]:
        """What was sent lies in a file, which goes with the request."""
        try:
            yield _lead(await console.poster(request))
        finally:
            await request.close()

    lead = Annotated[Caller, Depends(leads)]
    posted = Annotated[Caller, Depends(posts)]

    @router.get("/imports")
    async def page(caller: lead) -> Response:
        return await _front(console, caller)

    @router.post("/imports")
    async def send(request: Request, caller: posted) -> Response:
        try:
            import_id = await _taken(console, caller, await request.form())
        except Wrong as wrong:
            return await _front(console, caller, str(wrong), wrong.field)
        return RedirectResponse(f"/imports/{import_id}", 303)

    @router.get("/imports/{import_id}")
    async def one(import_id: UUID, caller: lead) -> Response:
        return await _one(console, caller, import_id)

    @router.get("/imports/{import_id}/errors.csv")
    async def errors(import_id: UUID, caller: lead) -> Response:
        _, report = await _found(console, caller, import_id)
        headers = {"Content-Disposition": 'attachment; filename="errors.csv"', "Cache-Control": "no-store"}
        return Response(_errors(report or Report()), media_type="text/csv; charset=utf-8", headers=headers)

    @router.post("/imports/{import_id}/confirm")
    async def confirm(request: Request, import_id: UUID, caller: posted) -> Response:
        found, report = await _found(console, caller, import_id)
        typed = str((await request.form()).get("leaving", "")).strip().replace(",", "")
        forced = typed == str(found.gone)
        if report and report.too_many and not forced:
            return await _one(console, caller, import_id, TYPE.format(found.gone))
        async with console.running.connection() as conn:
            await store_uploads.confirm(conn, import_id, caller.staff.site_id, forced=forced)
        return RedirectResponse(f"/imports/{import_id}", 303)

    @router.post("/imports/{import_id}/drop")
    async def drop(import_id: UUID, caller: posted) -> Response:
        async with console.running.connection() as conn:
            await store_uploads.drop(conn, import_id, caller.staff.site_id)
        return RedirectResponse("/imports", 303)

    return router


def _lead(caller: Caller) -> Caller:
    if not caller.staff.leads:
        raise HTTPException(403, FOR_LEADS)
    return caller


async def _front(console: Console, caller: Caller, problem: str = "", field: str = "file") -> Response:
    async with console.reading() as conn:
        found = await store_uploads.list_uploads(conn, caller.staff.site_id, LAST)
        mapping = await store_uploads.last_mapping(conn, caller.staff.site_id)
        open_alerts = await _open(conn, caller)
    shown = imports.history(found, caller.staff, caller.now)
    return console.page(caller, "imports.jinja", "Imports", open_alerts, 422 if problem else 200, history=shown, problem=problem,
                        field=field, has_mapping=bool(mapping))  # fmt: skip


async def _one(console: Console, caller: Caller, import_id: UUID, problem: str = "") -> Response:
    found, report = await _found(console, caller, import_id)
    async with console.reading() as conn:
        open_alerts = await _open(conn, caller)
    shown = imports.page(found, report, caller.staff, caller.now)
    return console.page(caller, "import.jinja", "Imports", open_alerts, 422 if problem else 200, page=shown, id=import_id,
                        problem=problem)  # fmt: skip


async def _open(conn: Connection, caller: Caller) -> int:
    return (await reading.count_alerts(conn, caller.staff)).get("open", 0)


async def _found(console: Console, caller: Caller, import_id: UUID) -> tuple[Upload, Report | None]:
    async with console.reading() as conn:
        found = await store_uploads.find_upload(conn, import_id, caller.staff.site_id)
    if found is None:
        raise HTTPException(404)
    return found[0], uploads.read_report(found[1], import_id)


async def _taken(console: Console, caller: Caller, form: FormData) -> UUID:
    """Looks at what was sent, and keeps it sealed until somebody says yes. Raises Wrong."""
    import_id, site_id = _form_id(form), caller.staff.site_id
    file = form.get("file")
    data = await _read(file, MOST, TOO_LARGE, "file")
    if not data or not isinstance(file, UploadFile):
        raise Wrong(CHOOSE)
    text = await _mapping(console, site_id, form)
    job = Job(site_id, data, "oneroster" if data.startswith(ZIP) else "people", oneroster_mapping.read(text),
              most_bytes=importing.MOST_UNPACKED)  # fmt: skip
    try:
        seen = await looking.seen(console.running, job)
    except apart.Busy:
        raise Wrong(BUSY) from None
    except apart.Failed as failed:
        LOG.error("a list of people could not be looked at", extra={"error": str(failed)})
        raise Wrong(NOT_NOW) from None
    found = _upload(caller, job, seen, import_id, file.filename or "")
    sealed = await asyncio.to_thread(uploads.seal, data, import_id)
    async with console.running.connection() as conn:
        await store_uploads.forget(conn)
        await store_uploads.add_upload(conn, found, text, sealed, uploads.sealed_report(seen.report, import_id))
    return import_id


def _upload(caller: Caller, job: Job, seen: Seen, import_id: UUID, file_name: str) -> Upload:
    return Upload(
        import_id=import_id, site_id=job.site_id, by_person=caller.staff.id, by_name=caller.staff.name, kind=job.kind,
        file_name=file_name[:100], state="looked_at", new=seen.new, changed=seen.changed, unchanged=seen.unchanged,
        gone=seen.gone, wrong=seen.wrong, written=0, sent_at=caller.now,
    )  # fmt: skip


def _form_id(form: FormData) -> UUID:
    try:
        return UUID(str(form.get("request_id", "")))
    except ValueError:
        raise Wrong("Choose the file once more, and send it again") from None


async def _mapping(console: Console, site_id: str, form: FormData) -> str:
    """The one that was sent, else the one of the site's last set. Raises Wrong."""
    data = await _read(form.get("mapping"), MOST_MAPPING, "This is no mapping: it has more than 64 KB", "mapping")
    if data is None:
        async with console.reading() as conn:
            return await store_uploads.last_mapping(conn, site_id)
    try:
        text = data.decode("utf-8-sig")
        oneroster_mapping.read(text)
    except UnicodeDecodeError:
        raise Wrong("This mapping is no text in UTF-8. Save it as plain text", "mapping") from None
    except Unfit as unfit:
        raise Wrong(str(unfit), "mapping") from None
    return text


async def _read(file: object, most: int, too_large: str, field: str) -> bytes | None:
    """None where nothing was chosen."""
    if not isinstance(file, UploadFile) or not file.filename:
        return None
    data = await file.read(most + 1)
    if len(data) > most:
        raise Wrong(too_large, field)
    return data


def _errors(report: Report) -> str:
    """A spreadsheet must not take a cell for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("file", "line", "column", "what", "what to do"))
    writer.writerows((p.file, p.line, p.column, _plain(p.what), _plain(p.mend)) for p in report.problems)
    return "\ufeff" + text.getvalue()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else cell
