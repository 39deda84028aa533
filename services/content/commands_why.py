"""`jitt content why`: the choice of a training, with all that was looked at. Parsing words and printing."""

from typing import Annotated
from uuid import UUID

import typer
from pydantic import TypeAdapter

from services.content import store, why_words
from services.content.app import SERVICE
from services.content.choices import Choice
from services.content.why import Versions
from shared.commands import AsJson, fail, on, one_id
from shared.running import Running

HOW = "Say which: jitt content why ID (of a training or a session), or jitt content why --site SITE --ref REFERENCE"
UNKNOWN = (
    "Nothing was chosen for that yet. Usually it is, one day before the session. Sessions of one day share a training: "
    "`jitt session show` says which, and when."
)
CHOICE = TypeAdapter(Choice)
why_app = typer.Typer()


@why_app.command("why")
def why(
    id: Annotated[str, typer.Argument(help="The id of a training, or of a session.")] = "",
    site: Annotated[str, typer.Option(help="Or: the site's id, as in `jitt site list`,")] = "",
    ref: Annotated[str, typer.Option(help="with the site's own reference of the session.")] = "",
    as_json: AsJson = False,
) -> None:
    """Why a mentor got this training: what the session needed, which modules there were, and why others were passed over.

    Example: `jitt content why --site lakeside --ref booking-4711`
    """
    wanted = one_id(id, site, ref, "a training or a session", HOW)
    found = on(SERVICE, lambda running: _found(running, wanted))
    if found is None:
        fail(UNKNOWN)
    choice, versions = found
    if as_json:
        typer.echo(CHOICE.dump_json(choice).decode())
        return
    for line in why_words.told(choice, versions):
        typer.echo(line)


async def _found(running: Running, id: UUID) -> tuple[Choice, Versions] | None:
    async with running.connection() as conn:
        choice = await store.find_choice(conn, id)
        return (choice, await store.load_named(conn, why_words.versions_of(choice))) if choice else None
