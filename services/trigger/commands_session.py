"""`jitt session`: which sessions a site has coming, and why the messages of one came, moved, or did not come."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer
from babel.dates import format_datetime

from services.trigger import store, store_imports, stories, story_words
from services.trigger.app import SERVICE
from services.trigger.session import Described, Session
from shared.commands import AsJson, fail, on, one_id
from shared.contracts import ids
from shared.pages import times
from shared.running import Running

UNKNOWN_ID = (
    "Nothing is known of this session. Compare the id with the one that you were given, "
    "or ask by the site's own reference: jitt session show --site SITE --ref REFERENCE"
)
UNKNOWN_REF = (
    "Nothing is known of a session “{ref}” at “{site}”. References count letter by letter, and so do sites (`jitt site list`). "
    "If it was announced, GET /v1/rejected or `jitt dead list` says why it was not taken."
)
NO_SITE = "Nothing is known of the site “{}” yet. `jitt site list` shows those that are; `jitt site add` adds one."
STATES = {"cancelled": "canceled", "not_held": "not held", "unknown_mentor": "unknown mentor", "unknown_site": "unknown site"}
MOST = 500
HOW = "Say which session: jitt session show ID, or jitt session show --site SITE --ref REFERENCE"

session_app = typer.Typer(
    no_args_is_help=True, help="A site's sessions; and of one, what its site said and why its messages came."
)


def add_to(app: typer.Typer, _: typer.Typer) -> None:
    app.add_typer(session_app, name="session")


@session_app.callback()
def session() -> None:
    """A site's sessions, and of one of them what its site said, what was planned, what happened and why."""


@session_app.command("list")
def list_sessions(
    site: Annotated[str, typer.Option(help="The site's id, as in `jitt site list`.")],
    mentor: Annotated[str, typer.Option(help="Only this mentor's: the reference, as in the people's file.")] = "",
    days: Annotated[int, typer.Option(min=1, max=400, help="So many days from now on.")] = 14,
    as_json: AsJson = False,
) -> None:
    """What a site has coming, with the id by which `jitt session show` tells the rest.

    Example: jitt session list --site lakeside --mentor m-17
    """
    now = datetime.now(UTC)
    whose = ids.mentor(site, mentor) if mentor else None
    zone, found = on(SERVICE, lambda running: _coming(running, site, (now, now + timedelta(days=days)), whose))
    if zone is None and not found:
        fail(NO_SITE.format(site))
    if as_json:
        typer.echo(json.dumps([_told(session, told) for session, told in found], default=str))
        return
    typer.echo(f"The next {days} days at {site}: {len(found) or 'no'} session{'' if len(found) == 1 else 's'}.")
    for session, told in found:
        typer.echo(f"{session.id}  {_when(told):<24}  {STATES.get(session.status, session.status):<8}  {told.activity}")
    if len(found) == MOST:
        typer.echo(f"Only the first {MOST} are shown.")


@session_app.command("show")
def show(
    id: Annotated[str, typer.Argument(help="Our id of the session, as the door answers it.")] = "",
    site: Annotated[str, typer.Option(help="The site's id, as in `jitt site list`.")] = "",
    ref: Annotated[str, typer.Option(help="The site's own reference of the session.")] = "",
    as_json: AsJson = False,
) -> None:
    """A session's whole story: every message with when it came, moved, or why it did not come.

    --json prints what GET /v1/sessions/ID answers.

    Example: jitt session show --site lakeside --ref booking-4711
    """
    wanted = one_id(id, site, ref, "a session", HOW)
    found = on(SERVICE, lambda running: stories.find_story(running, wanted))
    if found is None:
        fail(UNKNOWN_ID if id else UNKNOWN_REF.format(ref=ref, site=site))
    if as_json:
        typer.echo(found.model_dump_json())
        return
    for line in story_words.told(found, datetime.now(UTC)):
        typer.echo(line)


async def _coming(
    running: Running, site: str, span: tuple[datetime, datetime], mentor: UUID | None
) -> tuple[str | None, list[tuple[Session, Described]]]:
    async with running.connection() as conn:
        zone = await store_imports.find_time_zone(conn, site)
        found = await store.list_at_site(conn, site, span, mentor, MOST)
    return zone, [(session, session.described) for session in found if session.described]


def _when(told: Described) -> str:
    """On the session's own clock: Tue Dec 1, 4:00 pm CST."""
    there = told.starts_at.astimezone(times.known(told.time_zone))
    return f"{format_datetime(there, 'EEE MMM d', locale='en_US')}, {times.clock(there, told.time_zone)} {there:%Z}"


def _told(session: Session, told: Described) -> dict[str, Any]:
    return {"session_id": session.id, "mentor_id": told.mentor_id, "starts_at": told.starts_at.isoformat(),
            "time_zone": told.time_zone, "minutes": told.minutes, "activity": told.activity,
            "status": session.status.value, "revision": told.revision}  # fmt: skip
