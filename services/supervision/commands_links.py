"""`jitt link --check-in`, `--record` and `--revoke`: links that open no training, and the end of all that a mentor has."""

import json
from datetime import timedelta
from typing import Any, NoReturn
from uuid import UUID, uuid4

import typer

from services.supervision import store_links
from services.supervision.app import SERVICE
from services.supervision.messages import LinksRevoked
from services.supervision.notice_messages import NoticeAsked
from shared.commands import fail, on
from shared.contracts import ids
from shared.running import Running
from shared.security import Link, mint_link
from shared.settings import settings

RECORD_LIFE = timedelta(days=90)
INVITED_LIFE = timedelta(days=3)
CHECK_IN_LIFE = timedelta(days=14)  # as long as a training's; whether a check-in still counts is judged when it is sent


def print_record(site: str, mentor: str, *, as_json: bool) -> None:
    """It works for 90 days."""
    mentor_id = _mentor_id(site, mentor)
    url = on(SERVICE, lambda running: _minted(running, mentor_id)) or _nobody(site, mentor)
    typer.echo(json.dumps({"url": url, "mentor_id": str(mentor_id)}) if as_json else url)


def mail_record(site: str, mentor: str) -> None:
    """An invitation, in the mentor's language, sent as every notice is."""
    mentor_id = _mentor_id(site, mentor)
    if not on(SERVICE, lambda running: _invited(running, site, mentor_id)):
        _nobody(site, mentor)
    typer.echo("The mail is on its way. Whether it arrives stands on the mentor's page of the console.")


def print_check_in(session_id: UUID | None, mentor_id: UUID | None, *, as_json: bool) -> None:
    """It opens when the session is over, and takes what is said for three days."""
    found = on(SERVICE, lambda running: _asked_about(running, session_id, mentor_id))
    if found is None:
        fail("No session is known for that, or it was canceled.")
    if (ends_at := found["starts_at"] + CHECK_IN_LIFE) <= found["now"]:
        fail("The link to that check-in ended two weeks after its session.")
    opens = Link("check_in", found["session_id"], found["mentor_id"], found["link_epoch"])
    url = f"{settings().assessment_url}/c/{mint_link(opens, ends_at)}"
    typer.echo(json.dumps({"url": url, "session_id": str(found["session_id"])}) if as_json else url)


def revoke(site: str, mentor: str) -> None:
    """Links, cookies and calendar addresses of before; a new one is printed as ever."""
    mentor_id = _mentor_id(site, mentor)
    if not on(SERVICE, lambda running: _revoked(running, mentor_id)):
        _nobody(site, mentor)
    typer.echo("Every link that this mentor had opens nothing any more, within seconds. Print a new one with `jitt link`.")


def _mentor_id(site: str, mentor: str) -> UUID:
    return ids.mentor(site, mentor) if site and mentor else fail("Say whose: --site and --mentor.", 2)


def _nobody(site: str, mentor: str) -> NoReturn:
    fail(f"Site “{site}” has no mentor with the reference “{mentor}”. Import people first.")


async def _minted(running: Running, mentor_id: UUID) -> str | None:
    async with running.connection() as conn:
        found = await store_links.find_epoch(conn, mentor_id)
    if found is None:
        return None
    epoch, now = found
    return f"{settings().assessment_url}/m/{mint_link(Link('record', mentor_id, mentor_id, epoch), now + RECORD_LIFE)}"


async def _invited(running: Running, site: str, mentor_id: UUID) -> bool:
    async with running.connection() as conn:
        found = await store_links.find_epoch(conn, mentor_id)
    if found is None:
        return False
    notice_id, until = uuid4(), found[1] + INVITED_LIFE
    asked = NoticeAsked(notice_id=notice_id, site_id=site, person_id=mentor_id, kind="record", useful_until=until)
    await running.submit(asked, id=str(notice_id), source="jitt link --mail")
    return True


async def _asked_about(running: Running, session_id: UUID | None, mentor_id: UUID | None) -> Any:
    async with running.connection() as conn:
        return await store_links.find_check_in(conn, session_id, mentor_id)


async def _revoked(running: Running, mentor_id: UUID) -> bool:
    outcome = await running.submit(LinksRevoked(mentor_id=mentor_id), id=str(uuid4()), source="jitt link --revoke")
    return outcome.kind == "applied"
