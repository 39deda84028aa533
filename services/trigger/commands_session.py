"""`jitt session show`: why a session's messages came, moved, or did not come."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from services.trigger import stories, story_words
from services.trigger.app import SERVICE
from shared.commands import AsJson, fail, need_network, on
from shared.contracts import ids

UNKNOWN_ID = (
    "Nothing is known of this session. Compare the id with the one that you were given, "
    "or ask by the site's own reference: jitt session show --site SITE --ref REFERENCE"
)
UNKNOWN_REF = (
    "Nothing is known of a session “{ref}” at “{site}”. References count letter by letter, and so do sites (`jitt site list`). "
    "If it was announced, GET /v1/rejected or `jitt dead list` says why it was not taken."
)
HOW = "Say which session: jitt session show ID, or jitt session show --site SITE --ref REFERENCE"

session_app = typer.Typer(no_args_is_help=True, help="One session: what its site said, what was planned, what happened and why.")


def add_to(app: typer.Typer, _: typer.Typer) -> None:
    app.add_typer(session_app, name="session")


@session_app.callback()
def session() -> None:
    """One session: what its site said, what was planned, what happened and why."""


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
    wanted = _id(id, site, ref)
    found = on(SERVICE, lambda running: stories.find_story(running, wanted))
    if found is None:
        fail(UNKNOWN_ID if id else UNKNOWN_REF.format(ref=ref, site=site))
    if as_json:
        typer.echo(found.model_dump_json())
        return
    for line in story_words.told(found, datetime.now(UTC)):
        typer.echo(line)


def _id(id: str, site: str, ref: str) -> UUID:
    if bool(id) == bool(site or ref) or bool(site) != bool(ref):
        fail(HOW, 2)
    need_network()
    if not id:
        return ids.session(site, ref)
    try:
        return UUID(id)
    except ValueError:
        fail(f"“{id}” is no id of a session. {HOW}", 2)
